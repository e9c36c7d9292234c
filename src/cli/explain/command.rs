//! Examines a captured launch and prints the report.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::ExplainArguments;
use super::case::Case;
use crate::cli::terminal::{complain, harmless_lines, say};
use crate::config::Environment;

/// Explains a launch. Exit code 0 if the gateway would accept it, 1 if it would reject it, and 2 if
/// the launch or the tools file cannot be read.
pub(in crate::cli) fn explain(
    explain: &ExplainArguments,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> ExitCode {
    let case = match Case::read(explain, file, environment, development) {
        Ok(case) => case,
        Err(why) => {
            complain(&harmless_lines(&why));
            return ExitCode::from(2);
        }
    };
    let report = case.examine(explain);
    say(&report.text());
    if report.is_accepted() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
