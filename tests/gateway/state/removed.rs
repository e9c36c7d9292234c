//! Files that are removed, replaced or emptied while the directory is open. No write counts as a
//! success that a restart would not find.

use std::fs;
use std::path::Path;
use std::process::Command;

use lti::Spent;
use lti_gateway::state::{Directory, OpenError, Outbox as _, Replay as _, StateError, list};
use tempfile::tempdir;

use super::{ACCEPTED, LIMITS, nonce, open, score, wait, write};
use crate::support::NOW;

/// Writes a grade. Returns the message if the outbox cannot.
fn queue(directory: &Directory) -> Option<String> {
    let written = wait(directory.outbox.write(score(1, "lms.example", "1"), ACCEPTED, NOW));
    match written {
        Ok(_) => None,
        Err(StateError::Unavailable(why)) => Some(why),
        Err(StateError::Full) => panic!("it is not full"),
    }
}

fn spend(directory: &Directory, text: &str) -> Spent {
    wait(directory.replay.spend(&nonce(1, text, NOW + 300), NOW))
}

/// Copies all files of a directory.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("made");
    for file in fs::read_dir(from).expect("a directory").flatten() {
        fs::copy(file.path(), to.join(file.file_name())).expect("copied");
    }
}

fn remove(file: &Path) {
    fs::remove_file(file).expect("removed");
}

/// Puts a copy in place of the file.
fn replace(file: &Path) {
    let copy = file.with_extension("copy");
    fs::copy(file, &copy).expect("copied");
    fs::rename(copy, file).expect("renamed");
}

fn empty(file: &Path) {
    fs::File::options().write(true).open(file).expect("a file").set_len(0).expect("emptied");
}

#[test]
fn a_removed_replaced_or_emptied_file_accepts_no_grade_and_no_nonce() {
    type Fault = fn(&Path);
    let directory_faults: [Fault; 4] = [
        |state| fs::remove_dir_all(state).expect("removed"),
        |state| fs::rename(state, state.with_extension("moved")).expect("moved"),
        |state| {
            fs::rename(state, state.with_extension("moved")).expect("moved");
            copy(&state.with_extension("moved"), state);
        },
        |state| {
            fs::remove_dir_all(state).expect("removed");
            fs::create_dir(state).expect("made");
        },
    ];
    let directory_gone = "the state directory was removed or replaced while the gateway ran";
    let lock_gone = "lock was removed or replaced while the gateway ran";
    let mut cases: Vec<(Fault, Option<&str>, Option<&str>)> =
        directory_faults.map(|fault| (fault, Some(directory_gone), Some(directory_gone))).into();
    cases.extend([
        ((|state| remove(&state.join("lock"))) as Fault, Some(lock_gone), Some(lock_gone)),
        (|state| replace(&state.join("lock")), Some(lock_gone), Some(lock_gone)),
    ]);
    let grades_gone = |name: &'static str| (Some(name), None);
    let replay_gone = |name: &'static str| (None, Some(name));
    let of_files: [(Fault, (Option<&str>, Option<&str>)); 10] = [
        (
            |state| remove(&state.join("grades.sqlite")),
            grades_gone("grades.sqlite was removed or replaced while the gateway ran"),
        ),
        (
            |state| replace(&state.join("grades.sqlite")),
            grades_gone("grades.sqlite was removed or replaced while the gateway ran"),
        ),
        (
            |state| remove(&state.join("grades.sqlite-wal")),
            grades_gone("grades.sqlite-wal was removed or replaced while the gateway ran"),
        ),
        (
            |state| replace(&state.join("grades.sqlite-wal")),
            grades_gone("grades.sqlite-wal was removed or replaced while the gateway ran"),
        ),
        (
            |state| remove(&state.join("grades.sqlite-shm")),
            grades_gone("grades.sqlite-shm was removed or replaced while the gateway ran"),
        ),
        (
            |state| empty(&state.join("grades.sqlite")),
            grades_gone("grades.sqlite was emptied while the gateway ran"),
        ),
        (
            |state| remove(&state.join("replay.sqlite")),
            replay_gone("replay.sqlite was removed or replaced while the gateway ran"),
        ),
        (
            |state| replace(&state.join("replay.sqlite")),
            replay_gone("replay.sqlite was removed or replaced while the gateway ran"),
        ),
        (
            |state| remove(&state.join("replay.sqlite-wal")),
            replay_gone("replay.sqlite-wal was removed or replaced while the gateway ran"),
        ),
        (
            |state| empty(&state.join("replay.sqlite")),
            replay_gone("replay.sqlite was emptied while the gateway ran"),
        ),
    ];
    cases.extend(of_files.map(|(fault, (grades, replay))| (fault, grades, replay)));
    assert_eq!(cases.len(), 16);
    for (index, (fault, grades, replay)) in cases.into_iter().enumerate() {
        let temp = tempdir().expect("a directory");
        let state = temp.path().join("state");
        let directory = open(&state, NOW, LIMITS);
        assert_eq!((queue(&directory), spend(&directory, "a")), (None, Spent::Now), "{index}");
        fault(&state);
        for round in ["b", "c"] {
            assert_eq!(queue(&directory).as_deref(), grades, "{index}");
            let spent = if replay.is_some() { Spent::Unknown } else { Spent::Now };
            assert_eq!(spend(&directory, round), spent, "{index}");
            assert_eq!(wait(directory.outbox.is_reachable()), grades.is_none(), "{index}");
            assert_eq!(wait(directory.replay.is_reachable()), replay.is_none(), "{index}");
        }
        let error = wait(directory.outbox.next_due()).err();
        assert_eq!(
            error,
            grades.map(|why| StateError::Unavailable(why.to_owned())),
            "{index}: nothing is read either"
        );
    }
}

#[test]
fn a_directory_that_returns_works_again() {
    let temp = tempdir().expect("a directory");
    let state = temp.path().join("state");
    let moved = temp.path().join("moved");
    let directory = open(&state, NOW, LIMITS);
    write(&directory, score(1, "lms.example", "1"));
    for refused in ["1", "2", "3"] {
        fs::rename(&state, &moved).expect("moved");
        assert!(queue(&directory).is_some());
        assert_eq!(spend(&directory, refused), Spent::Unknown);
        fs::rename(&moved, &state).expect("moved back");
        assert_eq!(queue(&directory), None);
    }
    assert_eq!(spend(&directory, "b"), Spent::Now);
    assert!(wait(directory.outbox.is_reachable()) && wait(directory.replay.is_reachable()));
    drop(directory);
    assert_eq!(list(&state).expect("listed").len(), 4, "no refused grade is stored");
    let directory = open(&state, NOW, LIMITS);
    assert_eq!(spend(&directory, "b"), Spent::Before);
}

/// A directory behind a symbolic link, as deployments have it.
#[test]
fn a_link_to_another_directory_is_noticed() {
    let temp = tempdir().expect("a directory");
    let state = temp.path().join("state");
    fs::create_dir(temp.path().join("first")).expect("made");
    std::os::unix::fs::symlink("first", &state).expect("linked");
    let directory = open(&state, NOW, LIMITS);
    assert_eq!(queue(&directory), None);
    fs::create_dir(temp.path().join("second")).expect("made");
    remove(&state);
    std::os::unix::fs::symlink("second", &state).expect("linked");
    assert!(queue(&directory).is_some());
}

/// SQLite deletes a write-ahead log by its name when it closes a file.
#[test]
fn the_gateway_of_a_replaced_directory_leaves_the_new_files_alone() {
    let temp = tempdir().expect("a directory");
    let state = temp.path().join("state");
    let first = open(&state, NOW, LIMITS);
    let old = write(&first, score(1, "lms.example", "1"));
    fs::rename(&state, temp.path().join("moved")).expect("moved");
    let second = open(&state, NOW, LIMITS);
    let new = write(&second, score(2, "lms.example", "1"));
    drop(first);
    for name in ["grades.sqlite-wal", "replay.sqlite-wal"] {
        assert!(state.join(name).exists(), "{name}");
    }
    let ids = |path: &Path| -> Vec<String> {
        list(path).expect("listed").into_iter().map(|grade| grade.id).collect()
    };
    assert_eq!(ids(&state), std::slice::from_ref(&new.id));
    drop(second);
    assert_eq!(ids(&state), [new.id]);
    assert_eq!(ids(&temp.path().join("moved")), [old.id]);
}

#[test]
fn an_emptied_file_stays_empty_and_is_reported_at_the_next_start() {
    for name in ["grades.sqlite", "replay.sqlite"] {
        let temp = tempdir().expect("a directory");
        let directory = open(temp.path(), NOW, LIMITS);
        write(&directory, score(1, "lms.example", "1"));
        spend(&directory, "a");
        let file = temp.path().join(name);
        empty(&file);
        drop(directory);
        assert_eq!(fs::metadata(&file).expect("there").len(), 0, "{name}");
        let error = Directory::open(temp.path(), NOW, LIMITS).err();
        assert_eq!(error, Some(OpenError::Lost { file, is_missing: false }));
    }
}

#[test]
fn an_emptied_write_ahead_log_accepts_no_grade() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    // No checkpoint succeeds while it reads.
    let reader = rusqlite::Connection::open(temp.path().join("grades.sqlite")).expect("a file");
    reader.execute_batch("BEGIN; SELECT COUNT(*) FROM kept").expect("read");
    assert_eq!(queue(&directory), None);
    empty(&temp.path().join("grades.sqlite-wal"));
    for _ in 0..2 {
        assert_eq!(
            queue(&directory).as_deref(),
            Some("grades.sqlite-wal was emptied while the gateway ran")
        );
    }
    assert!(!wait(directory.outbox.is_reachable()));
}

/// An admin may use the program sqlite3 beside the gateway.
#[test]
fn a_checkpoint_of_another_process_is_no_fault() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    for _ in 0..3 {
        assert_eq!(queue(&directory), None);
        let checkpoint = Command::new("sqlite3")
            .arg(temp.path().join("grades.sqlite"))
            .arg("PRAGMA wal_checkpoint(truncate)")
            .output();
        let Ok(checkpoint) = checkpoint else { return };
        assert!(checkpoint.status.success(), "{checkpoint:?}");
    }
    assert_eq!(queue(&directory), None);
    drop(directory);
    assert_eq!(list(temp.path()).expect("listed").len(), 4);
}
