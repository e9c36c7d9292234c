//! The queued grades of one user are deleted on request.

use std::fs;

use lti::upstream_user_hash;
use lti_gateway::state::{AttemptResult, Discarded, OpenError, Outbox as _, discard};
use rusqlite::Connection;
use tempfile::tempdir;

use super::{LIMITS, everything, open, retry, score, settle, wait, write};
use crate::support::NOW;

#[test]
fn the_grades_of_one_user_are_deleted_while_the_gateway_serves() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    let grades: Vec<_> =
        (1..=3).map(|slot| write(&directory, score(slot, "lms.example", "1"))).collect();
    let other_link = write(
        &directory,
        lti_gateway::state::Grade { slot: [9; 16], ..score(2, "lms.example", "1") },
    );
    settle(&directory, &grades[1], retry(NOW + 90), NOW + 1);
    let person = upstream_user_hash("course-a:2");
    let deleted = discard(temp.path(), person).expect("deleted");
    assert!(matches!(deleted, Discarded::Deleted { grades: 2, .. }), "{deleted:?}");
    for gone in [&grades[1], &other_link] {
        assert!(wait(directory.outbox.find(&gone.id)).expect("readable").is_none());
        // An attempt that was in progress ends.
        settle(&directory, gone, AttemptResult::Delivered, NOW + 2);
    }
    let claimed = wait(directory.outbox.claim(NOW + 100, NOW + 200, everything()));
    let claimed: Vec<_> = claimed.expect("readable").into_iter().map(|grade| grade.id).collect();
    assert_eq!(claimed, [grades[0].id.clone(), grades[2].id.clone()]);
    assert!(matches!(
        discard(temp.path(), person).expect("deleted"),
        Discarded::Deleted { grades: 0, .. }
    ));
    drop(directory);
    for file in ["grades.sqlite", "grades.sqlite-wal"] {
        let bytes = fs::read(temp.path().join(file)).unwrap_or_default();
        let found = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!found("sourcedid of 2"), "{file}");
    }
}

#[test]
fn a_closed_directory_is_wiped_at_once() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    write(&directory, score(2, "lms.example", "1"));
    drop(directory);
    let expected = Discarded::Deleted { grades: 1, is_wiped: true };
    assert_eq!(discard(temp.path(), upstream_user_hash("course-a:2")), Ok(expected));
    drop(open(temp.path(), NOW, LIMITS));
}

#[test]
fn an_older_or_missing_file_stays_as_it_is() {
    let temp = tempdir().expect("a directory");
    let missing = temp.path().join("state");
    assert_eq!(discard(&missing, [0; 16]), Err(OpenError::Missing(missing.clone())));
    assert!(!missing.exists());
    drop(open(temp.path(), NOW, LIMITS));
    let file = temp.path().join("grades.sqlite");
    let sqlite = Connection::open(&file).expect("a file");
    sqlite.pragma_update(None, "user_version", 3).expect("written");
    drop(sqlite);
    let before = fs::read(&file).expect("a file");
    assert_eq!(discard(temp.path(), [0; 16]), Ok(Discarded::Older));
    assert_eq!(fs::read(&file).expect("a file"), before);
    let sqlite = Connection::open(&file).expect("a file");
    sqlite.pragma_update(None, "user_version", 99).expect("written");
    drop(sqlite);
    assert!(matches!(discard(temp.path(), [0; 16]), Err(OpenError::Newer { version: 99, .. })));
}
