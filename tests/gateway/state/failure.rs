//! Unusable directories: each has a clear error, and no failed write counts as a success.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lti::Spent;
use lti_gateway::state::{Directory, OpenError, Outbox as _, Replay as _, StateError, list};
use tempfile::tempdir;

use super::{ACCEPTED, LIMITS, claim, find, moment, nonce, open, refused, score, wait, write};
use crate::support::NOW;

fn open_error(path: &Path) -> OpenError {
    Directory::open(path, NOW, LIMITS).err().expect("an error")
}

#[test]
fn a_directory_in_use_is_refused() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    let queued = write(&directory, score(1, "lms.example", "1"));
    let error = open_error(temp.path());
    assert_eq!(error, OpenError::InUse(temp.path().to_owned()));
    let name = temp.path().display();
    assert_eq!(error.to_string(), format!("another gateway uses the directory {name}"));
    assert_eq!(
        error.advice(),
        "stop the other gateway, or name another directory in `gateway.state`"
    );
    assert!(find(&directory, &queued.id).is_some(), "the first one still works");
    // One of the two files is still open.
    let Directory { replay, outbox } = directory;
    drop(outbox);
    assert_eq!(open_error(temp.path()), OpenError::InUse(temp.path().to_owned()));
    drop(replay);
    drop(open(temp.path(), NOW, LIMITS));
}

#[test]
fn a_path_that_is_not_a_directory_is_refused_unchanged() {
    let temp = tempdir().expect("a directory");
    let file = temp.path().join("state");
    fs::write(&file, "mine").expect("written");
    let error = open_error(&file);
    assert_eq!(error, OpenError::NotADirectory(file.clone()));
    assert_eq!(error.to_string(), format!("{} is not a directory", file.display()));
    assert_eq!(list(&file), Err(OpenError::NotADirectory(file.clone())));
    let below = file.join("below");
    assert!(matches!(open_error(&below), OpenError::Inaccessible(path, _) if path == below));
    assert_eq!(fs::read_to_string(&file).expect("there"), "mine");
}

#[test]
fn a_file_that_is_not_a_database_is_refused_unchanged() {
    for name in ["grades.sqlite", "replay.sqlite"] {
        let temp = tempdir().expect("a directory");
        let file = temp.path().join(name);
        let text = "this is not a database, but a diary. ".repeat(100);
        fs::write(&file, &text).expect("written");
        let error = open_error(temp.path());
        assert_eq!(error, OpenError::Damaged(file.clone(), "file is not a database".to_owned()));
        assert_eq!(
            error.to_string(),
            format!("{} is damaged: file is not a database", file.display())
        );
        assert_eq!(fs::read_to_string(&file).expect("there"), text);
    }
}

#[test]
fn a_file_of_a_newer_release_is_refused_unchanged() {
    for name in ["grades.sqlite", "replay.sqlite"] {
        let temp = tempdir().expect("a directory");
        let file = temp.path().join(name);
        drop(open(temp.path(), NOW, LIMITS));
        let sqlite = rusqlite::Connection::open(&file).expect("a file");
        sqlite.pragma_update(None, "user_version", 7).expect("set");
        drop(sqlite);
        let newest = if name == "grades.sqlite" { 4 } else { 1 };
        let newer = OpenError::Newer { file: file.clone(), version: 7, newest, release: None };
        assert_eq!(open_error(temp.path()), newer);
        assert_eq!(
            newer.to_string(),
            format!(
                "a newer release wrote {}: the file has version 7, but this release reads versions \
                 up to {newest}",
                file.display()
            )
        );
        if name == "grades.sqlite" {
            assert_eq!(list(temp.path()), Err(newer));
        }
    }
}

#[test]
fn a_directory_with_the_name_of_a_state_file_is_refused() {
    for name in ["lock", "grades.sqlite", "replay.sqlite"] {
        let temp = tempdir().expect("a directory");
        let file = temp.path().join(name);
        fs::create_dir(&file).expect("made");
        assert!(
            matches!(open_error(temp.path()), OpenError::Inaccessible(path, _) if path == file),
            "{name}"
        );
    }
}

#[test]
fn a_directory_without_write_permission_is_refused() {
    let temp = tempdir().expect("a directory");
    let set =
        |mode| fs::set_permissions(temp.path(), fs::Permissions::from_mode(mode)).expect("set");
    set(0o500);
    let restricted = fs::write(temp.path().join("probe"), "").is_err();
    let opened = Directory::open(temp.path(), NOW, LIMITS);
    set(0o700);
    // Root may write everywhere, so that this part tests nothing for root.
    if restricted {
        let lock = temp.path().join("lock");
        assert!(matches!(opened.err(), Some(OpenError::Inaccessible(path, _)) if path == lock));
    }
    // No user can create a directory in /proc.
    let path = PathBuf::from("/proc/state");
    let error = open_error(&path);
    assert!(matches!(&error, OpenError::Inaccessible(named, _) if *named == path));
    assert!(error.to_string().starts_with("/proc/state cannot be used: "), "{error}");
}

/// The test overwrites the files while they are open, like a broken disk.
#[test]
fn a_file_that_is_damaged_while_open_causes_errors_and_no_panic() {
    let temp = tempdir().expect("a directory");
    {
        let directory = open(temp.path(), NOW, LIMITS);
        for slot in 0..200 {
            write(&directory, score(slot, "lms.example", "1"));
        }
        for number in 0..200 {
            wait(directory.replay.spend(&nonce(1, &format!("{number}"), NOW + 300), NOW));
        }
    }
    let directory = open(temp.path(), NOW, LIMITS);
    let queued = write(&directory, score(1, "lms.example", "1"));
    for name in ["replay.sqlite", "grades.sqlite"] {
        for file in [name.to_owned(), format!("{name}-wal")] {
            let file = temp.path().join(file);
            let length = fs::metadata(&file).map_or(0, |file| file.len() as usize);
            fs::write(&file, vec![0xA5; length]).expect("written");
        }
    }
    let spent = wait(directory.replay.spend(&nonce(1, "new", NOW + 300), NOW));
    // SQLite may not read the damaged pages, and may write without an error.
    assert_ne!(spent, Spent::Before);
    let is_unavailable =
        |error: Option<StateError>| matches!(error, None | Some(StateError::Unavailable(_)));
    assert!(is_unavailable(wait(directory.outbox.find(&queued.id)).err()));
    assert!(is_unavailable(
        wait(directory.outbox.write(score(2, "lms.example", "1"), ACCEPTED, 0, NOW)).err()
    ));
    assert!(is_unavailable(
        wait(directory.outbox.settle(&queued, refused(), true, moment(NOW))).err()
    ));
    assert!(is_unavailable(claim(&directory, NOW, NOW + 9).err()));
    assert!(is_unavailable(wait(directory.outbox.next_due()).err()));
    drop(directory);
    let error = open_error(temp.path());
    assert!(matches!(error, OpenError::Damaged(..)), "{error}");
    assert!(matches!(list(temp.path()), Err(OpenError::Damaged(..))));
}
