use std::path::Path;
use std::process::ExitCode;

use lti::ConsumerKey;

use super::load::{Loaded, load};
use super::rocket_settings::rocket_figment;
use super::table::table;
use super::{no_certificates, state_unusable};
use crate::config::{Config, Environment, StateLocation, Target, Tool, print};
use crate::proxy::client::Upstreams;
use crate::state::{OpenError, list};

/// Says everything that `serve` would refuse, or shows the tools.
pub(super) fn check(file: &Path, environment: &Environment, development: bool) -> ExitCode {
    match load(file, environment, development) {
        Err(error) => {
            eprintln!("error: {} cannot be read: {error}", file.display());
            ExitCode::from(2)
        }
        Ok(loaded) => {
            eprint!("{}", print(&file.display().to_string(), &loaded.problems));
            let settings = rocket_figment(environment, development);
            if let Err(why) = &settings {
                eprintln!("error: {why}");
            }
            let upstreams = Upstreams::new(loaded.config.needs_certificates());
            if let Err(why) = &upstreams {
                eprint!("{}", no_certificates(why));
            }
            let state = state(&loaded.config.state);
            if let Err(error) = &state {
                eprint!("{}", state_unusable(error));
            }
            if !loaded.is_sound() || settings.is_err() || upstreams.is_err() || state.is_err() {
                return ExitCode::from(1);
            }
            print!("{}", tools(&loaded));
            if loaded.config.tools.iter().filter(|tool| tool.host.is_none()).count() > 1 {
                println!(
                    "\nTools without a `host` share one origin, and so one trust zone: a page of one can read those of the others.\n\
                     Teams that do not trust each other need a `host` each."
                );
            }
            ExitCode::SUCCESS
        }
    }
}

/// Whether the state can be read, as far as there is any yet. Another process may serve with it.
fn state(location: &StateLocation) -> Result<(), OpenError> {
    match location {
        StateLocation::Memory => Ok(()),
        StateLocation::Directory(path) => match list(path) {
            Ok(_) | Err(OpenError::Missing(_)) => Ok(()),
            Err(error) => Err(error),
        },
    }
}

/// The keys of a tool's consumers.
pub(super) fn keys(tool: &Tool) -> String {
    let keys = tool.senders.consumers.keys().iter().map(ConsumerKey::as_str);
    keys.collect::<Vec<_>>().join(", ")
}

/// The tools, a line each.
fn tools(loaded: &Loaded) -> String {
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
                Target::Upstream(upstream) => upstream.url.to_string(),
            },
            keys(tool),
            roles,
        ]);
    }
    table(&rows)
}
