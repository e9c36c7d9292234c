//! Examines a captured launch and prints the report.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::ExplainArguments;
use super::case::Case;
use crate::cli::terminal::{complain, harmless_lines, say};
use crate::config::Environment;

/// Explains the launches of a capture. Exit code 0 if the gateway would accept all of them, 1 if it
/// would reject one, and 2 if the capture or the tools file cannot be read.
pub(in crate::cli) fn explain(
    explain: &ExplainArguments,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> ExitCode {
    let cases = match Case::read(explain, file, environment, development) {
        Ok(cases) => cases,
        Err(why) => {
            complain(&harmless_lines(&why));
            return ExitCode::from(2);
        }
    };
    let mut is_accepted = true;
    for (index, case) in cases.iter().enumerate() {
        let report = case.examine(explain);
        let heading = match cases.len() {
            1 => String::new(),
            number => {
                let gap = if index > 0 { "\n" } else { "" };
                format!("{gap}Launch {} of {number}\n", index.saturating_add(1))
            }
        };
        say(&format!("{heading}{}", report.text()));
        is_accepted &= report.is_accepted();
    }
    if is_accepted { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
