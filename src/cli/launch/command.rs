//! Prints a signed launch, or sends it.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::{LaunchArguments, PrintFormat};
use super::follow::follow;
use super::print::{curl, html};
use super::sign::sign_launch;
use crate::cli::terminal::say;
use crate::config::Environment;

/// Launches a tool: exit code 0 if the launch was accepted and what it led to answered without an error, 1 if not, and 2 if the
/// gateway could not be asked.
pub(in crate::cli) fn launch(
    launch: &LaunchArguments,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> ExitCode {
    let signed = match sign_launch(launch, file, environment, development) {
        Ok(signed) => signed,
        Err(why) => {
            eprint!("{why}");
            return ExitCode::from(2);
        }
    };
    let printed = match launch.print {
        Some(PrintFormat::Curl) => Some(curl(&signed)),
        Some(PrintFormat::Html) => html(&signed),
        None => return follow(&signed),
    };
    match printed {
        Some(text) => {
            say(&text);
            ExitCode::SUCCESS
        }
        // What was just signed is a form.
        None => ExitCode::from(2),
    }
}
