//! Prints a signed launch, or sends it.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::{LaunchArguments, LtiVersion, PrintFormat};
use super::follow::follow;
use super::login::{LoginFailure, log_in};
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
    let signed = match launch.lti {
        LtiVersion::V1p1 => {
            sign_launch(launch, file, environment, development).map_err(LoginFailure::unasked)
        }
        LtiVersion::V1p3 => log_in(launch, file, environment, development),
    };
    let signed = match signed {
        Ok(signed) => signed,
        Err(LoginFailure { message, code }) => {
            complain(&message);
            return ExitCode::from(code);
        }
    };
    let printed = match launch.print {
        Some(PrintFormat::Curl) => Some(curl(&signed)),
        Some(PrintFormat::Html) => html(&signed),
        Some(PrintFormat::Form) => Some(format!("{}\n", signed.body)),
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
