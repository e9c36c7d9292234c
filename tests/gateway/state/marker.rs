//! The marker: a directory that has lost a database is no new directory.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lti_gateway::state::{Directory, OpenError, inspect, list};
use tempfile::tempdir;

use super::{LIMITS, open, score, write};
use crate::support::{self, NOW};

const RELEASE: &str = env!("CARGO_PKG_VERSION");

fn open_error(path: &Path) -> OpenError {
    Directory::open(path, NOW, LIMITS).err().expect("an error")
}

/// The names and the contents of all files.
fn files(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(path)
        .expect("a directory")
        .flatten()
        .map(|file| {
            let name = file.file_name().into_string().expect("text");
            (name, fs::read(file.path()).expect("a file"))
        })
        .collect();
    files.sort();
    files
}

fn set_version(file: &Path, version: i64) {
    let sqlite = rusqlite::Connection::open(file).expect("a file");
    sqlite.pragma_update(None, "user_version", version).expect("set");
}

#[test]
fn the_marker_names_the_release_and_the_versions() {
    let temp = tempdir().expect("a directory");
    drop(open(temp.path(), NOW, LIMITS));
    let marker = fs::read_to_string(temp.path().join("version")).expect("there");
    assert_eq!(marker, format!("lti-gateway {RELEASE}\nreplay.sqlite 1\ngrades.sqlite 4\n"));
}

#[test]
fn a_missing_or_empty_database_beside_the_marker_is_an_error_and_no_new_start() {
    type Loss = fn(&Path);
    let losses: [(Loss, bool); 3] = [
        (|file| fs::remove_file(file).expect("removed"), true),
        (|file| fs::write(file, "").expect("emptied"), false),
        // A copy without the write-ahead log may have no tables.
        (
            |file| {
                fs::remove_file(file).expect("removed");
                let sqlite = rusqlite::Connection::open(file).expect("a file");
                sqlite.pragma_update(None, "journal_mode", "wal").expect("set");
            },
            false,
        ),
    ];
    for (name, lost) in [
        ("grades.sqlite", "the queued grades: the platforms never receive them"),
        (
            "replay.sqlite",
            "the spent launches: a form younger than `clock_skew` is then accepted again",
        ),
    ] {
        for (index, (lose, is_missing)) in losses.into_iter().enumerate() {
            let temp = tempdir().expect("a directory");
            let directory = open(temp.path(), NOW, LIMITS);
            write(&directory, score(1, "lms.example", "1"));
            drop(directory);
            let file = temp.path().join(name);
            let marker = temp.path().join("version");
            lose(&file);
            fs::remove_file(temp.path().join("lock")).expect("removed");
            let before = files(temp.path());
            let error = OpenError::Lost { file: file.clone(), is_missing };
            assert_eq!(inspect(temp.path()), Err(error.clone()), "{name} {index}");
            // The list reads only one of the databases.
            let listed = list(temp.path());
            if name == "grades.sqlite" || index < 2 {
                assert_eq!(listed, Err(error.clone()), "{name} {index}");
            }
            assert_eq!(files(temp.path()), before, "nothing is changed");
            for _ in 0..2 {
                assert_eq!(open_error(temp.path()), error, "{name} {index}");
            }
            let state = if is_missing { "missing" } else { "empty" };
            assert_eq!(
                error.to_string(),
                format!(
                    "{} is {state}, but {} shows that the gateway has used it",
                    file.display(),
                    marker.display()
                )
            );
            assert_eq!(
                error.advice(),
                format!(
                    "restore a backup of the whole directory; or remove {}, and the gateway starts \
                     without {lost}",
                    marker.display()
                )
            );
            // The advice works.
            fs::remove_file(&marker).expect("removed");
            drop(open(temp.path(), NOW, LIMITS));
            assert_eq!(inspect(temp.path()), Ok(vec![]));
            let kept = list(temp.path()).expect("listed").len();
            assert_eq!(kept, usize::from(name == "replay.sqlite"), "{name} {index}");
        }
    }
}

#[test]
fn a_directory_without_a_marker_is_accepted_and_gets_one() {
    let temp = tempdir().expect("a directory");
    let marker = temp.path().join("version");
    let directory = open(temp.path(), NOW, LIMITS);
    write(&directory, score(1, "lms.example", "1"));
    drop(directory);
    let text = fs::read_to_string(&marker).expect("there");
    // An interrupted start leaves a part of the files.
    let leftovers: [&[&str]; 5] = [
        &["version"],
        &["version", "replay.sqlite"],
        &["version", "grades.sqlite", "replay.sqlite"],
        &["version", "grades.sqlite", "replay.sqlite", "lock"],
        &["lock"],
    ];
    for removed in leftovers {
        for name in removed {
            fs::remove_file(temp.path().join(name)).expect("removed");
        }
        fs::write(temp.path().join("version.new"), "lti-gat").expect("written");
        drop(open(temp.path(), NOW, LIMITS));
        assert_eq!(fs::read_to_string(&marker).expect("there"), text);
        assert_eq!(temp.path().join("version.new").exists(), removed == ["lock"]);
    }
}

#[test]
fn a_migration_updates_the_marker_and_a_start_without_one_does_not() {
    let temp = tempdir().expect("a directory");
    let marker = temp.path().join("version");
    drop(open(temp.path(), NOW, LIMITS));
    let current = fs::read_to_string(&marker).expect("there");
    for (written, expected) in [
        // The release that migrated the files last stays.
        (
            "lti-gateway 0.0.9\nreplay.sqlite 1\ngrades.sqlite 4\n",
            "lti-gateway 0.0.9\nreplay.sqlite 1\ngrades.sqlite 4\n",
        ),
        ("lti-gateway 0.0.9\nreplay.sqlite 1\ngrades.sqlite 1\n", &current),
        // A conversion for an older release leaves the marker of the newer one.
        ("lti-gateway 9.0.0\nreplay.sqlite 1\ngrades.sqlite 5\n", &current),
        ("", &current),
        ("\u{1b}[31m", &current),
    ] {
        fs::write(&marker, written).expect("written");
        drop(open(temp.path(), NOW, LIMITS));
        assert_eq!(fs::read_to_string(&marker).expect("there"), expected, "{written}");
    }
}

#[test]
fn the_error_for_a_newer_file_names_the_release_to_use() {
    for (name, newest) in [("grades.sqlite", 4), ("replay.sqlite", 1)] {
        let temp = tempdir().expect("a directory");
        drop(open(temp.path(), NOW, LIMITS));
        let file = temp.path().join(name);
        set_version(&file, 7);
        let marked = |release: &str, version: i64| {
            let marker = format!("lti-gateway {release}\n{name} {version}\n");
            fs::write(temp.path().join("version"), marker).expect("written");
            let error = open_error(temp.path());
            assert_eq!(inspect(temp.path()), Err(error.clone()));
            if name == "grades.sqlite" {
                assert_eq!(list(temp.path()), Err(error.clone()));
            }
            (error.to_string(), error.advice())
        };
        let fact = |writer: &str| {
            format!(
                "{writer} wrote {}: the file has version 7, but this release reads versions up to \
                 {newest}",
                file.display()
            )
        };
        let advice = |release: &str| {
            format!(
                "start {release}, or convert it: docs/grades.md, \
                 \"Going back to an older release\""
            )
        };
        assert_eq!(
            marked("1.4.0", 7),
            (fact("release 1.4.0"), advice("release 1.4.0 or a later one"))
        );
        // A crash after a migration leaves the marker of the older release.
        let unknown = (fact("a newer release"), advice("the release that wrote it"));
        assert_eq!(marked(RELEASE, newest), unknown);
        assert_eq!(marked("\u{1b}[31m", 7), unknown);
        fs::remove_file(temp.path().join("version")).expect("removed");
        let error = open_error(temp.path());
        assert_eq!((error.to_string(), error.advice()), unknown);
    }
}

/// The test kills the program as soon as one of its files appears.
#[test]
fn a_kill_during_the_first_start_never_leaves_an_error() {
    let names = ["lock", "replay.sqlite", "grades.sqlite", "grades.sqlite-wal", "version.new"];
    for name in names.into_iter().chain(["version"]) {
        let temp = tempdir().expect("a directory");
        let tools = "[gateway]\nstate = \"./state\"\n[tools.page]\nkey = \"key\"\n\
                     secret = \"a secret of 32 characters or more\"\ntemplate = \"page\"\n";
        support::write(temp.path(), "tools.toml", tools);
        support::write(temp.path(), "templates/page.html.tera", "page");
        let state = temp.path().join("state");
        for _ in 0..3 {
            let mut child = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
                .arg("serve")
                .current_dir(temp.path())
                .env_clear()
                .env("PORT", "0")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("it starts");
            let deadline = Instant::now() + Duration::from_secs(30);
            // Some files exist only for a moment: the marker appears after all of them.
            while !state.join(name).exists() && !state.join("version").exists() {
                assert!(Instant::now() < deadline, "{name} does not appear");
            }
            child.kill().expect("killed");
            child.wait().expect("ended");
            let has_marker = state.join("version").exists();
            assert!(matches!(inspect(&state), Ok(found) if found.is_empty()), "{name}");
            if has_marker {
                assert_eq!(list(&state), Ok(vec![]), "{name}");
            }
            drop(open(&state, NOW, LIMITS));
            fs::remove_dir_all(&state).expect("removed");
        }
    }
}
