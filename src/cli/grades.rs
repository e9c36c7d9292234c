//! `grades`: queued grades and dead letters; and the queued grades of a user who wants them deleted.

use std::path::Path;
use std::process::ExitCode;

use lti::upstream_user_hash;

use super::load::load;
use super::message::state_unusable;
use super::terminal::{complain, harmless, say, table};
use crate::clock::rfc3339;
use crate::config::{Environment, StateLocation, print};
use crate::state::{Discarded, ListedGrade, OpenError, discard, list};

/// The arguments of `grades`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct GradesArguments {
    #[command(subcommand)]
    action: Option<GradesAction>,
}

/// A change of the queued grades.
#[derive(clap::Subcommand)]
enum GradesAction {
    /// Deletes the queued grades of one user: nobody receives them any more
    Discard {
        /// The user, as apps know them in X-Forwarded-User: moodle:42
        #[arg(long, value_name = "ID")]
        user: String,
    },
}

/// Lists queued grades and dead letters, or discards those of a user.
pub(super) fn grades(
    arguments: &GradesArguments,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> ExitCode {
    let loaded = match load(file, environment, development) {
        Ok(loaded) => loaded,
        Err(error) => {
            complain(&format!("error: {} cannot be read: {error}\n", file.display()));
            return ExitCode::from(2);
        }
    };
    // The caller may have no secrets: other problems of the file do not prevent the list.
    let StateLocation::Directory(directory) = &loaded.config.state else {
        if !loaded.is_sound() {
            complain(&print(&file.display().to_string(), &loaded.problems));
            return ExitCode::from(2);
        }
        return printed(
            "no grades are queued: `gateway.state` is \"memory\"\n  \
             = help: set `gateway.state` to a directory: the gateway then queues grades that a \
             platform cannot accept yet\n",
        );
    };
    if let Some(GradesAction::Discard { user }) = &arguments.action {
        return discarded(discard(directory, upstream_user_hash(user)), directory);
    }
    match list(directory) {
        Ok(listed) if listed.is_empty() => {
            printed(&format!("no queued grades and no dead letters in {}\n", directory.display()))
        }
        Ok(listed) => printed(&rows(&listed)),
        Err(error) => {
            complain(&state_unusable(&error));
            ExitCode::from(2)
        }
    }
}

/// Reports the result of a discard. It repeats no user id.
fn discarded(result: Result<Discarded, OpenError>, directory: &Path) -> ExitCode {
    match result {
        Ok(Discarded::Deleted { grades, is_wiped }) => {
            let plural = if grades == 1 { "" } else { "s" };
            let mut text =
                format!("discarded {grades} queued grade{plural} in {}\n", directory.display());
            if grades > 0 && !is_wiped {
                text +=
                    "  = note: the running gateway overwrites the deleted rows in its log soon\n";
            }
            printed(&text)
        }
        Ok(Discarded::Older) => {
            complain(
                "error: the file of grades is of an older version\n  \
                 = help: start this version of the gateway once, and discard the grades then\n",
            );
            ExitCode::from(2)
        }
        Err(error) => {
            complain(&state_unusable(&error));
            ExitCode::from(2)
        }
    }
}

fn printed(text: &str) -> ExitCode {
    say(text);
    ExitCode::SUCCESS
}

fn rows(listed: &[ListedGrade]) -> String {
    let mut rows = vec![
        ["ID", "TOOL", "ACCEPTED", "STATUS", "TRIES", "NEXT TRY", "PLATFORM"].map(str::to_owned),
    ];
    for ListedGrade { id, tool, status, accepted, tries, next_try, message } in listed {
        rows.push([
            id.clone(),
            harmless(tool),
            rfc3339(*accepted),
            status.name().to_owned(),
            tries.to_string(),
            next_try.map_or_else(|| "-".to_owned(), rfc3339),
            harmless(message),
        ]);
    }
    table(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Status;

    #[test]
    fn rows_have_timestamps_in_utc_and_no_control_characters() {
        let kept = ListedGrade {
            id: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            tool: "notebook".to_owned(),
            status: Status::Kept,
            accepted: 1_700_000_000,
            tries: 3,
            next_try: Some(1_700_000_061),
            message: "Bad\u{1b}[31m\r\nGateway \u{202e}\u{85}ä".to_owned(),
        };
        let failed = ListedGrade {
            id: "BBBBBBBBBBBBBBBBBBBBBB".to_owned(),
            status: Status::Refused,
            accepted: u64::MAX,
            tries: 1,
            next_try: None,
            message: String::new(),
            ..kept.clone()
        };
        assert_eq!(
            rows(&[kept, failed]),
            "ID                      TOOL      ACCEPTED              STATUS   TRIES  \
             NEXT TRY              PLATFORM\n\
             AAAAAAAAAAAAAAAAAAAAAA  notebook  2023-11-14T22:13:20Z  kept     3      \
             2023-11-14T22:14:21Z  Bad�[31m��Gateway ��ä\n\
             BBBBBBBBBBBBBBBBBBBBBB  notebook  18446744073709551615  refused  1      -\n"
        );
    }
}
