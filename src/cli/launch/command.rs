//! Prints a signed launch, or sends it.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::{LaunchArguments, PrintFormat};
use super::follow::follow;
use super::print::{curl, html};
use super::sign::sign_launch;
use crate::cli::terminal::{complain, say};
use crate::config::Environment;

/// Launches a tool. Exit code 0 if the gateway accepts the launch and the last response is no
/// error, 1 otherwise, and 2 if the launch cannot be signed or sent.
pub(in crate::cli) fn launch(
    launch: &LaunchArguments,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> ExitCode {
    let signed = match sign_launch(launch, file, environment, development) {
        Ok(signed) => signed,
        Err(why) => {
            complain(&why);
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
        // Unreachable: `sign_launch` returns a valid form.
        None => ExitCode::from(2),
    }
}
