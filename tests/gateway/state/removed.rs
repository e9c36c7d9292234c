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
    let written = wait(directory.outbox.write(score(1, "lms.example", "1"), ACCEPTED, 0, NOW));
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

/// Writes until the files are in place, and then does something to them. `gone` is the message.
fn check(fault: impl Fn(&Path), gone: &str, affects_grades: bool, affects_nonces: bool) {
    let temp = tempdir().expect("a directory");
    let state = temp.path().join("state");
    let directory = open(&state, NOW, LIMITS);
    assert_eq!((queue(&directory), spend(&directory, "a")), (None, Spent::Now), "{gone}");
    fault(&state);
    let message = affects_grades.then(|| format!("{gone} while the gateway ran"));
    let spent = if affects_nonces { Spent::Unavailable } else { Spent::Now };
    for round in ["b", "c"] {
        assert_eq!(queue(&directory), message, "{gone}");
        assert_eq!(spend(&directory, round), spent, "{gone}");
        assert_eq!(wait(directory.outbox.is_reachable()), !affects_grades, "{gone}");
        assert_eq!(wait(directory.replay.is_reachable()), !affects_nonces, "{gone}");
    }
    let error = wait(directory.outbox.next_due()).err();
    assert_eq!(error, message.map(StateError::Unavailable), "nothing is read either");
}

#[test]
fn a_removed_replaced_or_emptied_file_accepts_no_grade_and_no_nonce() {
    let move_away = |state: &Path| {
        fs::rename(state, state.with_extension("moved")).expect("moved");
    };
    let faults: [&dyn Fn(&Path); 4] = [
        &|state| fs::remove_dir_all(state).expect("removed"),
        &move_away,
        &|state| {
            move_away(state);
            copy(&state.with_extension("moved"), state);
        },
        &|state| {
            fs::remove_dir_all(state).expect("removed");
            fs::create_dir(state).expect("made");
        },
    ];
    for fault in faults {
        check(fault, "the state directory was removed or replaced", true, true);
    }
    for fault in [remove, replace] {
        check(|state| fault(&state.join("lock")), "lock was removed or replaced", true, true);
    }
    for (name, is_grades) in [("grades.sqlite", true), ("replay.sqlite", false)] {
        for suffix in ["", "-wal", "-shm"] {
            let name = format!("{name}{suffix}");
            for fault in [remove, replace] {
                let gone = format!("{name} was removed or replaced");
                check(|state| fault(&state.join(&name)), &gone, is_grades, !is_grades);
            }
        }
        let gone = format!("{name} was emptied");
        check(|state| empty(&state.join(name)), &gone, is_grades, !is_grades);
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
        assert_eq!(spend(&directory, refused), Spent::Unavailable);
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
