use std::fs;

use lti_gateway::state::{AttemptResult, ListedGrade, OpenError, Status, list};
use tempfile::tempdir;

use super::{LIMITS, expired, open, postponed, refused, score, settle, write};
use crate::support::NOW;

/// What is kept and what failed for good, in the order of arrival, while the directory is in use and when it is not.
#[test]
fn grades_are_listed_while_the_gateway_serves_and_when_it_does_not() {
    let folder = tempdir().expect("a folder");
    let directory = open(folder.path(), NOW, LIMITS);
    assert_eq!(list(folder.path()), Ok(vec![]));
    let grades: Vec<_> =
        (0..6).map(|slot| write(&directory, score(slot, "lms.example", "1"))).collect();
    settle(&directory, &grades[0], refused(), NOW + 1);
    settle(&directory, &grades[1], AttemptResult::Delivered, NOW + 1);
    settle(&directory, &grades[2], postponed(NOW + 90), NOW + 1);
    settle(&directory, &grades[3], postponed(NOW + 90), NOW + 1);
    settle(&directory, &grades[3], expired(), NOW + 90);
    settle(&directory, &grades[4], postponed(NOW + 90), NOW + 1);
    settle(&directory, &grades[4], AttemptResult::Delivered, NOW + 90);
    let listed = |place: usize, status, tries, next_try, message: &str| ListedGrade {
        id: grades[place].id.clone(),
        tool: "notebook".to_owned(),
        status,
        accepted: NOW,
        tries,
        next_try,
        message: message.to_owned(),
    };
    let wanted = vec![
        listed(0, Status::Refused, 1, None, "no such course"),
        listed(2, Status::Kept, 1, Some(NOW + 90), "Bad Gateway"),
        listed(3, Status::Expired, 2, None, "Service Unavailable"),
        listed(5, Status::Kept, 0, Some(NOW), ""),
    ];
    assert_eq!(list(folder.path()), Ok(wanted.clone()));
    drop(directory);
    assert_eq!(list(folder.path()), Ok(wanted));
}

#[test]
fn listing_changes_nothing_and_makes_nothing() {
    let folder = tempdir().expect("a folder");
    let missing = folder.path().join("state");
    let error = list(&missing).expect_err("refused");
    assert_eq!(error, OpenError::Missing(missing.clone()));
    assert_eq!(error.to_string(), format!("{} does not exist", missing.display()));
    assert!(!missing.exists());
    let file = folder.path().join("grades.sqlite");
    assert_eq!(list(folder.path()), Err(OpenError::Missing(file.clone())));
    assert!(!file.exists());

    // As `serve` leaves it when it is killed before it has created the tables.
    fs::write(&file, "").expect("written");
    assert_eq!(list(folder.path()), Ok(vec![]));
    assert_eq!(fs::read(&file).expect("there"), b"");

    drop(open(folder.path(), NOW, LIMITS));
    let before = fs::read(&file).expect("there");
    assert_eq!(list(folder.path()), Ok(vec![]));
    assert_eq!(fs::read(&file).expect("there"), before);
    drop(open(folder.path(), NOW, LIMITS));
}
