//! `grades`: queued grades and dead letters.

use std::path::Path;
use std::process::ExitCode;

use super::load::load;
use super::message::state_unusable;
use super::terminal::{complain, harmless, say, table};
use crate::clock::rfc3339;
use crate::config::{Environment, StateLocation, print};
use crate::state::{ListedGrade, list};

/// Lists queued grades and dead letters.
pub(super) fn grades(file: &Path, environment: &Environment, development: bool) -> ExitCode {
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
