//! Lists all platforms, or shows one.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::PlatformsArguments;
use super::ask::ask;
use super::text;
use crate::cli::load::load;
use crate::cli::message::{no_platform, unreadable};
use crate::cli::terminal::{complain, harmless, say};
use crate::config::{Environment, print};

/// Lists platforms. Exit code 0 if they are listed, 1 if the file has no platform of this name or
/// the platform refuses, and 2 if the file cannot be read or the platform cannot be reached.
pub(in crate::cli) fn platforms(
    given: &PlatformsArguments,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> ExitCode {
    let loaded = match load(file, environment, development) {
        Ok(loaded) => loaded,
        Err(error) => {
            complain(&unreadable(harmless(&file.display().to_string()), &error));
            return ExitCode::from(2);
        }
    };
    let config = &loaded.config;
    let Some(name) = &given.name else {
        if !loaded.is_sound() {
            // The list may lack the invalid ones.
            complain(&print(&file.display().to_string(), &loaded.problems));
        }
        say(&text::list(config));
        return ExitCode::SUCCESS;
    };
    match config.platforms.iter().find(|platform| platform.name.as_str() == name) {
        Some(platform) => {
            say(&text::platform(config, platform));
            if given.ask { ask(config, platform) } else { ExitCode::SUCCESS }
        }
        None => {
            complain(&no_platform(&loaded, name, file));
            ExitCode::from(1)
        }
    }
}
