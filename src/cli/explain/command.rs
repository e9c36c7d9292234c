//! Judges a captured launch and prints the report.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::ExplainArguments;
use super::case::Case;
use crate::cli::terminal::{harmless_lines, say};
use crate::config::Environment;

/// Explains a launch: exit code 0 if it would be accepted, 1 if it would be refused, and 2 if that cannot be told.
pub(in crate::cli) fn explain(
    explain: &ExplainArguments,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> ExitCode {
    let case = match Case::read(explain, file, environment, development) {
        Ok(case) => case,
        Err(why) => {
            eprint!("{}", harmless_lines(&why));
            return ExitCode::from(2);
        }
    };
    let report = case.judge(explain.at);
    say(&report.text());
    if report.is_accepted() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
