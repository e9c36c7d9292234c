//! Puts web pages and web apps behind LTI.

use std::process::ExitCode;

fn main() -> ExitCode {
    lti_gateway::cli::run()
}
