use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use rocket::Config as RocketConfig;
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::figment::providers::{Env, Format as _, Toml};
use rocket::figment::{Figment, Profile};

use super::load::load;
use crate::config::{Environment, print};
use crate::web::{self, Clock, Gateway};

/// What is Rocket's, where no file says otherwise: the repository's own file.
const ROCKET_TOML: &str = include_str!("../../Rocket.toml");

/// Serves until it is told to stop.
pub(super) fn serve(file: &Path, environment: &Environment, development: bool) -> ExitCode {
    let loaded = match load(file, environment, development) {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("error: {} cannot be read: {error}", file.display());
            eprintln!("  = help: name another with --tools FILE, or start where it lies");
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
    let clock =
        Clock::new(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()));
    let tools = loaded.config.tools.len();
    let gateway = Gateway::new(loaded.config, loaded.templates, clock);
    let rocket = web::rocket(figment, gateway, &loaded.statics).attach(announcement(tools, development));
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

/// Rocket's settings, and where it will listen: ours, then Rocket.toml, then `ROCKET_…`, then `PORT`; in
/// development the address is loopback in any case.
fn rocket_figment(environment: &Environment, development: bool) -> Result<(Figment, SocketAddr), String> {
    let mut figment = Figment::from(RocketConfig::default())
        .merge(Toml::string(ROCKET_TOML).nested())
        .merge(Toml::file(Env::var_or("ROCKET_CONFIG", "Rocket.toml")).nested())
        .merge(Env::prefixed("ROCKET_").ignore(&["PROFILE"]).global())
        .select(Profile::from_env_or("ROCKET_PROFILE", RocketConfig::DEFAULT_PROFILE));
    if let Some(port) = environment.get("PORT") {
        let port: u16 = port.parse().map_err(|_| {
            format!("PORT is \"{port}\", not a port\n  = help: set it to a number from 1 to 65535, or unset it for 5000")
        })?;
        figment = figment.merge((RocketConfig::PORT, port));
    }
    if development {
        figment = figment.merge((RocketConfig::ADDRESS, "127.0.0.1"));
    }
    match RocketConfig::try_from(&figment) {
        Ok(config) => Ok((figment, SocketAddr::new(config.address, config.port))),
        Err(error) => Err(format!("Rocket's settings are wrong: {error}")),
    }
}

/// Says where it listens and what holds, once it does.
fn announcement(tools: usize, development: bool) -> AdHoc {
    AdHoc::on_liftoff("announcement", move |rocket| {
        Box::pin(async move {
            let RocketConfig { address, port, .. } = rocket.config();
            let mode = if development { "development" } else { "production" };
            tracing::info!(
                target: "gateway",
                "serving {tools} tools on http://{address}:{port} ({mode}); replay protection: this process only"
            );
        })
    })
}
