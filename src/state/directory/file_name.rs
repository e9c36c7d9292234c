//! The names of the files of a state directory.

use std::path::{Path, PathBuf};

/// The file that the serving process locks.
pub(super) const LOCK: &str = "lock";
/// The file of the replay store.
pub(super) const REPLAY: &str = "replay.sqlite";
/// The file of queued and finished grades.
pub(super) const GRADES: &str = "grades.sqlite";
/// The marker: its presence shows that both databases exist.
pub(super) const MARKER: &str = "version";
/// A marker that is not complete yet.
pub(super) const NEW_MARKER: &str = "version.new";
/// The suffixes of the files that SQLite keeps beside a database.
const SQLITE_SUFFIXES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The names of all files that the gateway creates in its directory.
pub(super) fn names() -> impl Iterator<Item = String> {
    let of_sqlite = [REPLAY, GRADES]
        .into_iter()
        .flat_map(|name| SQLITE_SUFFIXES.map(|suffix| format!("{name}{suffix}")));
    [LOCK, MARKER, NEW_MARKER, REPLAY, GRADES].into_iter().map(str::to_owned).chain(of_sqlite)
}

/// The path with this suffix at its end.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}
