//! Examines a captured launch and prints the report.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::ExplainArguments;
use super::case::Case;
use super::token_case;
use crate::cli::terminal::{complain, harmless_lines, say};
use crate::config::Environment;

/// Explains the launches of a capture. Exit code 0 if the gateway would accept all of them, 1 if it
/// would reject one, and 2 if the capture, the tools file or the keys cannot be read, or the
/// signature of a token was not checked.
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
    let mut code = 0;
    let mut is_undecided = false;
    for (index, case) in cases.iter().enumerate() {
        let (text, is_accepted) = match token_case::examine(case, explain) {
            Ok(Some(report)) => {
                is_undecided |= report.is_undecided();
                (report.text(), !report.is_rejected())
            }
            Ok(None) => {
                let report = case.examine(explain);
                (report.text(), report.is_accepted())
            }
            Err(why) => {
                complain(&harmless_lines(&why));
                return ExitCode::from(2);
            }
        };
        let heading = match cases.len() {
            1 => String::new(),
            number => {
                let gap = if index > 0 { "\n" } else { "" };
                format!("{gap}Launch {} of {number}\n", index.saturating_add(1))
            }
        };
        say(&format!("{heading}{text}"));
        if !is_accepted {
            code = 1;
        }
    }
    ExitCode::from(if code == 0 && is_undecided { 2 } else { code })
}
