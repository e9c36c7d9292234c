//! `serve`: serves the tools until it is stopped.

use std::path::Path;
use std::process::ExitCode;

use rocket::Config as RocketConfig;
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;

use super::load::load;
use super::machine::now_in_millis;
use super::message::{no_certificates, state_unusable, unreadable};
use super::rocket_settings::rocket_figment;
use crate::clock::Clock;
use crate::config::{Environment, StateLocation, print};
use crate::state::State;
use crate::web::{self, Gateway};

/// Serves until it is told to stop.
pub(super) fn serve(file: &Path, environment: &Environment, development: bool) -> ExitCode {
    let loaded = match load(file, environment, development) {
        Ok(loaded) => loaded,
        Err(error) => {
            eprint!("{}", unreadable(file.display(), &error));
            return ExitCode::from(1);
        }
    };
    eprint!("{}", print(&file.display().to_string(), &loaded.problems));
    if !loaded.is_sound() {
        return ExitCode::from(1);
    }
    let (figment, listener) = match rocket_figment(environment, development) {
        Ok(settings) => settings,
        Err(why) => {
            eprintln!("error: {why}");
            return ExitCode::from(1);
        }
    };
    tracing_subscriber::fmt().with_ansi(false).init();
    let clock = Clock::precise(now_in_millis);
    let tools = loaded.config.tools.len();
    let remembered = remembered(&loaded.config.state);
    let state = match State::open(&loaded.config.state, clock.now()) {
        Ok(state) => state,
        Err(error) => {
            eprint!("{}", state_unusable(&error));
            return ExitCode::from(1);
        }
    };
    let gateway = match Gateway::new(loaded.config, loaded.templates, clock, state) {
        Ok(gateway) => gateway,
        Err(why) => {
            eprint!("{}", no_certificates(&why));
            return ExitCode::from(1);
        }
    };
    let gateway = gateway.explaining(loaded.credentials);
    let rocket = web::rocket(figment, gateway, &loaded.statics).attach(announcement(
        tools,
        remembered,
        development,
    ));
    match rocket::execute(rocket.launch()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => match error.kind() {
            // Requests that outlived the grace were cut off, which is how a stop ends.
            ErrorKind::Shutdown(..) => ExitCode::SUCCESS,
            ErrorKind::Bind(cause) => {
                eprintln!("error: cannot listen on {listener}: {cause}");
                eprintln!(
                    "  = help: set another, such as PORT=5001; on macOS the AirPlay Receiver holds 5000 (System Settings, General, AirDrop & Handoff)"
                );
                ExitCode::from(1)
            }
            kind => {
                eprintln!("error: {kind}");
                ExitCode::from(1)
            }
        },
    }
}

/// What holds of replays and grades, in words.
fn remembered(state: &StateLocation) -> String {
    match state {
        StateLocation::Memory => {
            "replay protection: this process only; grades are not kept".to_owned()
        }
        StateLocation::Directory(path) => {
            format!("replay protection and grades are kept in {}", path.display())
        }
    }
}

/// Says where it listens and what holds, once it does.
fn announcement(tools: usize, remembered: String, development: bool) -> AdHoc {
    AdHoc::on_liftoff("announcement", move |rocket| {
        Box::pin(async move {
            let RocketConfig { address, port, .. } = rocket.config();
            let noun = if tools == 1 { "tool" } else { "tools" };
            let mode = if development { "development" } else { "production" };
            tracing::info!(
                target: "gateway",
                "serving {tools} {noun} on http://{address}:{port} ({mode}); {remembered}"
            );
        })
    })
}
