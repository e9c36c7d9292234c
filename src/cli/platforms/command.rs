//! Lists all platforms, or shows one.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::PlatformsArguments;
use super::ask::ask;
use super::text;
use crate::cli::platform_argument::{find_platform, load_or_complain};
use crate::cli::terminal::{complain, say};
use crate::config::{Environment, print};

/// Lists platforms. Exit code 0 if they are listed, 1 if the file has no platform of this name or
/// the platform refuses, and 2 if the file cannot be read or the platform cannot be reached.
pub(in crate::cli) fn platforms(
    given: &PlatformsArguments,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> ExitCode {
    let loaded = match load_or_complain(file, environment, development) {
        Ok(loaded) => loaded,
        Err(code) => return code,
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
    match find_platform(&loaded, name, file) {
        Ok(platform) => {
            say(&text::platform(config, platform));
            if given.ask { ask(config, platform) } else { ExitCode::SUCCESS }
        }
        Err(code) => code,
    }
}
