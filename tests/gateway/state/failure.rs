//! Directories that cannot be used: each is said clearly, and nothing is taken for written that is not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lti::Spent;
use lti_gateway::state::{Directory, OpenError, Outbox as _, Replay as _, StateError, list};
use tempfile::tempdir;

use super::{ACCEPTED, LIMITS, find, nonce, open, refused, score, wait, write};
use crate::support::NOW;

fn refuse(path: &Path) -> OpenError {
    Directory::open(path, NOW, LIMITS).err().expect("refused")
}

#[test]
fn a_second_process_is_refused_and_told_which_directory() {
    let folder = tempdir().expect("a folder");
    let directory = open(folder.path(), NOW, LIMITS);
    let kept = write(&directory, score(1, "lms.example", "1"));
    let error = refuse(folder.path());
    assert_eq!(error, OpenError::InUse(folder.path().to_owned()));
    let name = folder.path().display();
    assert_eq!(error.to_string(), format!("the directory {name} is in use by another gateway"));
    assert_eq!(
        error.advice(),
        "stop the other one, or give each process a directory of its own in `gateway.state`"
    );
    assert!(find(&directory, &kept.id).is_some(), "the first is undisturbed");
    // Half of it is still open.
    let Directory { replay, outbox } = directory;
    drop(outbox);
    assert_eq!(refuse(folder.path()), OpenError::InUse(folder.path().to_owned()));
    drop(replay);
    drop(open(folder.path(), NOW, LIMITS));
}

#[test]
fn what_is_no_directory_is_said_and_left_alone() {
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("state");
    fs::write(&file, "mine").expect("written");
    let error = refuse(&file);
    assert_eq!(error, OpenError::NotADirectory(file.clone()));
    assert_eq!(error.to_string(), format!("{} is no directory", file.display()));
    assert_eq!(list(&file), Err(OpenError::NotADirectory(file.clone())));
    let below = file.join("below");
    assert!(matches!(refuse(&below), OpenError::Inaccessible(path, _) if path == below));
    assert_eq!(fs::read_to_string(&file).expect("there"), "mine");
}

#[test]
fn a_file_that_is_no_database_is_said_and_left_alone() {
    for name in ["grades.sqlite", "replay.sqlite"] {
        let folder = tempdir().expect("a folder");
        let file = folder.path().join(name);
        let text = "this is no database, but somebody's diary. ".repeat(100);
        fs::write(&file, &text).expect("written");
        let error = refuse(folder.path());
        assert_eq!(error, OpenError::Damaged(file.clone(), "file is not a database".to_owned()));
        assert_eq!(
            error.to_string(),
            format!("{} is damaged: file is not a database", file.display())
        );
        assert_eq!(fs::read_to_string(&file).expect("there"), text);
    }
}

#[test]
fn a_file_of_a_newer_release_is_said_and_left_alone() {
    for name in ["grades.sqlite", "replay.sqlite"] {
        let folder = tempdir().expect("a folder");
        let file = folder.path().join(name);
        drop(open(folder.path(), NOW, LIMITS));
        let sqlite = rusqlite::Connection::open(&file).expect("a file");
        sqlite.pragma_update(None, "user_version", 7).expect("set");
        drop(sqlite);
        let newest = if name == "grades.sqlite" { 2 } else { 1 };
        let newer = OpenError::Newer { file: file.clone(), version: 7, newest };
        assert_eq!(refuse(folder.path()), newer);
        assert_eq!(
            newer.to_string(),
            format!(
                "a newer release wrote {}: the file has version 7, and this release reads versions up to {newest}",
                file.display()
            )
        );
        if name == "grades.sqlite" {
            assert_eq!(list(folder.path()), Err(newer));
        }
    }
}

#[test]
fn a_directory_in_the_place_of_a_file_is_said() {
    for name in ["lock", "grades.sqlite", "replay.sqlite"] {
        let folder = tempdir().expect("a folder");
        let file = folder.path().join(name);
        fs::create_dir(&file).expect("made");
        assert!(
            matches!(refuse(folder.path()), OpenError::Inaccessible(path, _) if path == file),
            "{name}"
        );
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_said() {
    let folder = tempdir().expect("a folder");
    let set =
        |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).expect("set");
    set(0o500);
    let restricted = fs::write(folder.path().join("probe"), "").is_err();
    let opened = Directory::open(folder.path(), NOW, LIMITS);
    set(0o700);
    // Root may write everywhere, so that there is nothing to see then.
    if restricted {
        let lock = folder.path().join("lock");
        assert!(matches!(opened.err(), Some(OpenError::Inaccessible(path, _)) if path == lock));
    }
    // Nobody makes a directory in here.
    let path = PathBuf::from("/proc/state");
    let error = refuse(&path);
    assert!(matches!(&error, OpenError::Inaccessible(named, _) if *named == path));
    assert!(error.to_string().starts_with("/proc/state cannot be used: "), "{error}");
}

/// What is in the files is destroyed while they are open, as a dying disk does it.
#[test]
fn a_file_that_breaks_while_it_is_open_makes_errors_and_no_panic() {
    let folder = tempdir().expect("a folder");
    {
        let directory = open(folder.path(), NOW, LIMITS);
        for slot in 0..200 {
            write(&directory, score(slot, "lms.example", "1"));
        }
        for number in 0..200 {
            wait(directory.replay.spend(&nonce(1, &format!("{number}"), NOW + 300), NOW));
        }
    }
    let directory = open(folder.path(), NOW, LIMITS);
    let kept = write(&directory, score(1, "lms.example", "1"));
    for name in ["replay.sqlite", "grades.sqlite"] {
        for file in [name.to_owned(), format!("{name}-wal")] {
            let file = folder.path().join(file);
            let length = fs::metadata(&file).map_or(0, |file| file.len() as usize);
            fs::write(&file, vec![0xA5; length]).expect("written");
        }
    }
    let spent = wait(directory.replay.spend(&nonce(1, "new", NOW + 300), NOW));
    // SQLite may not have to read what is broken, and may write without noticing.
    assert_ne!(spent, Spent::Before);
    let is_unavailable =
        |error: Option<StateError>| matches!(error, None | Some(StateError::Unavailable(_)));
    assert!(is_unavailable(wait(directory.outbox.find(&kept.id)).err()));
    assert!(is_unavailable(
        wait(directory.outbox.write(score(2, "lms.example", "1"), ACCEPTED, NOW)).err()
    ));
    assert!(is_unavailable(wait(directory.outbox.settle(&kept, refused(), NOW)).err()));
    assert!(is_unavailable(wait(directory.outbox.claim(NOW, NOW + 9, 9, 9, &[])).err()));
    assert!(is_unavailable(wait(directory.outbox.next_due()).err()));
    drop(directory);
    let error = refuse(folder.path());
    assert!(matches!(error, OpenError::Damaged(..)), "{error}");
    assert!(matches!(list(folder.path()), Err(OpenError::Damaged(..))));
}
