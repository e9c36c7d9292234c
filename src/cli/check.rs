//! `check`: all errors that would keep `serve` from starting.

use std::path::{Path, absolute};
use std::process::ExitCode;

use super::effective_limit::limits;
use super::first_run::Placeholders;
use super::load::{Loaded, load};
use super::message::{
    consumer_keys, no_certificates, placeholders_used, state_shared, state_unusable,
};
use super::rocket_settings::{Reach, rocket_figment};
use super::terminal::{complain, harmless, say, table};
use crate::config::{Config, Environment, StateLocation, Target, print};
use crate::proxy::client::Upstreams;
use crate::state::{OpenError, Tightening, inspect, list};

/// The note for a file with several tools that have no `host`.
const SHARED_ORIGIN: &str = "\
Tools without a `host` share one origin: a page of one tool can read the pages of the others.
Set a `host` for each team that does not trust the others.";

/// Prints all problems of the file, or a table of its tools.
pub(super) fn check(file: &Path, environment: &Environment, development: bool) -> ExitCode {
    match load(file, environment, development) {
        Err(error) => {
            complain(&format!("error: {} cannot be read: {error}\n", file.display()));
            ExitCode::from(2)
        }
        Ok(mut loaded) => {
            let placeholders = Placeholders::take_many(&mut loaded.problems);
            complain(&print(&file.display().to_string(), &loaded.problems));
            if let Some(names) = &placeholders {
                complain(&placeholders_used(names));
            }
            let settings = rocket_figment(environment, Reach::of(&loaded.config));
            if let Err(error) = &settings {
                complain(&format!("error: {error}\n"));
            }
            let upstreams = Upstreams::new(loaded.config.needs_certificates());
            if let Err(error) = &upstreams {
                complain(&no_certificates(error));
            }
            let state = state(&loaded.config.state);
            match &state {
                Ok(shared) => shared.iter().for_each(|one| complain(&state_shared(one))),
                Err(error) => complain(&state_unusable(error)),
            }
            let (Ok((_, rocket)), true) =
                (settings, loaded.is_sound() && upstreams.is_ok() && state.is_ok())
            else {
                return ExitCode::from(1);
            };
            say(&tools(&loaded, file));
            if loaded.config.tools.iter().filter(|tool| tool.host.is_none()).count() > 1 {
                say(&format!("\n{SHARED_ORIGIN}\n"));
            }
            say(&format!("\n{}", limits(&loaded.config, &rocket)));
            ExitCode::SUCCESS
        }
    }
}

/// Checks that the state can be read, if its directory exists. It works beside a running gateway.
/// Returns the files that other users can access.
fn state(location: &StateLocation) -> Result<Vec<Tightening>, OpenError> {
    match location {
        StateLocation::Memory => Ok(Vec::new()),
        StateLocation::Directory(path) => {
            let shared = match inspect(path) {
                Err(OpenError::Missing(_)) => return Ok(Vec::new()),
                inspected => inspected?,
            };
            match list(path) {
                Ok(_) | Err(OpenError::Missing(_)) => Ok(shared),
                Err(error) => Err(error),
            }
        }
    }
}

/// A folder as the file writes it, or whole if it is not below the file's directory.
fn shown_folder(folder: &Path, file: &Path) -> String {
    let directory = absolute(file).ok().and_then(|file| Some(file.parent()?.to_owned()));
    let below = directory.and_then(|directory| folder.strip_prefix(directory).ok());
    harmless(&format!("{}/", below.unwrap_or(folder).display()))
}

/// The tools, one line each.
fn tools(loaded: &Loaded, file: &Path) -> String {
    let Config { public_url, tools, .. } = &loaded.config;
    let mut rows = vec![["TOOL", "LAUNCH", "TARGET", "CONSUMERS", "ROLES"].map(str::to_owned)];
    for tool in tools {
        let roles = match tool.roles {
            None => "everyone".to_owned(),
            Some(roles) => roles.iter().map(lti::Role::name).collect::<Vec<_>>().join(", "),
        };
        rows.push([
            tool.name.clone(),
            public_url.launch_url(tool, None),
            match &tool.target {
                Target::Template(name) => format!("templates/{name}.html.tera"),
                Target::Upstream(upstream) => match &upstream.command {
                    Some(command) => harmless(&command.program),
                    None => upstream.url.to_string(),
                },
                Target::Site(site) => shown_folder(&site.folder, file),
            },
            consumer_keys(tool),
            roles,
        ]);
    }
    table(&rows)
}
