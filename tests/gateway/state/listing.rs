use std::fs;

use lti_gateway::state::{AttemptResult, ListedGrade, OpenError, Status, list};
use tempfile::tempdir;

use super::{LIMITS, expired, open, refused, retry, score, settle, write};
use crate::support::NOW;

/// The list has queued grades and dead letters, in the order of arrival.
#[test]
fn grades_are_listed_with_and_without_a_serving_gateway() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    assert_eq!(list(temp.path()), Ok(vec![]));
    let grades: Vec<_> =
        (0..6).map(|slot| write(&directory, score(slot, "lms.example", "1"))).collect();
    settle(&directory, &grades[0], refused(), NOW + 1);
    settle(&directory, &grades[1], AttemptResult::Delivered, NOW + 1);
    settle(&directory, &grades[2], retry(NOW + 90), NOW + 1);
    settle(&directory, &grades[3], retry(NOW + 90), NOW + 1);
    settle(&directory, &grades[3], expired(), NOW + 90);
    settle(&directory, &grades[4], retry(NOW + 90), NOW + 1);
    settle(&directory, &grades[4], AttemptResult::Delivered, NOW + 90);
    let listed = |index: usize, status, tries, next_try, message: &str| ListedGrade {
        id: grades[index].id.clone(),
        tool: "notebook".to_owned(),
        status,
        accepted: NOW,
        tries,
        next_try,
        message: message.to_owned(),
    };
    let expected = vec![
        listed(0, Status::Refused, 1, None, "no such course"),
        listed(2, Status::Kept, 1, Some(NOW + 90), "Bad Gateway"),
        listed(3, Status::Expired, 2, None, "Service Unavailable"),
        listed(5, Status::Kept, 0, Some(NOW), ""),
    ];
    assert_eq!(list(temp.path()), Ok(expected.clone()));
    drop(directory);
    assert_eq!(list(temp.path()), Ok(expected));
}

#[test]
fn listing_changes_and_creates_nothing() {
    let temp = tempdir().expect("a directory");
    let missing = temp.path().join("state");
    let error = list(&missing).expect_err("an error");
    assert_eq!(error, OpenError::Missing(missing.clone()));
    assert_eq!(error.to_string(), format!("{} does not exist", missing.display()));
    assert!(!missing.exists());
    let file = temp.path().join("grades.sqlite");
    assert_eq!(list(temp.path()), Err(OpenError::Missing(file.clone())));
    assert!(!file.exists());

    // `serve` leaves an empty file if it is killed before it has created the tables.
    fs::write(&file, "").expect("written");
    assert_eq!(list(temp.path()), Ok(vec![]));
    assert_eq!(fs::read(&file).expect("there"), b"");

    drop(open(temp.path(), NOW, LIMITS));
    let before = fs::read(&file).expect("there");
    assert_eq!(list(temp.path()), Ok(vec![]));
    assert_eq!(fs::read(&file).expect("there"), before);
    drop(open(temp.path(), NOW, LIMITS));
}
