//! State in a directory of this machine's disk: what was written is still there when the process comes back, however it
//! ended.
//!
//! A directory belongs to one serving process, which holds a lock on it while it lives. The lock is the system's, so that
//! nothing is left behind by a process that was killed. Reading the list of grades takes none.
//!
//! Why SQLite: it can be read while the gateway serves, which stores that keep their file to one process cannot, and it has
//! been cut off in the middle of things, by its own tests and by the world, more than any other.

mod database;
mod listed;
mod outbox;
mod replay;

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;

pub use listed::{Listed, list};
pub use outbox::DirectoryOutbox;
pub use replay::DirectoryReplay;

/// Locked by the process that serves.
const LOCK: &str = "lock";
/// The nonces that were spent.
const REPLAY: &str = "replay.sqlite";
/// The grades on their way.
const GRADES: &str = "grades.sqlite";

/// How much is remembered at most.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Nonces, in all; one takes about 100 bytes of memory and 100 of the disk.
    pub nonces: usize,
    /// Nonces of one consumer.
    pub nonces_per_consumer: usize,
    /// Grades on their way; one usually takes about 1 KB of the disk.
    pub kept: u64,
    /// Grades on their way that one consumer of a tool launched, so that the platform of one does not use up the space of all.
    pub kept_per_consumer: u64,
    /// Grades that are finished, of which somebody may still want to know what became.
    pub finished: u64,
}

impl Default for Bounds {
    /// Half a million nonces, of which one consumer has room for some 160 launches a second for ten minutes; a hundred
    /// thousand grades on their way, a quarter of them of one consumer, and as many that are finished.
    fn default() -> Self {
        Self {
            nonces: 500_000,
            nonces_per_consumer: 100_000,
            kept: 100_000,
            kept_per_consumer: 25_000,
            finished: 100_000,
        }
    }
}

/// What an open directory remembers. It is free for another process when both are dropped, which waits for what is being
/// written.
pub struct Directory {
    /// The nonces that were spent.
    pub replay: DirectoryReplay,
    /// The grades on their way.
    pub outbox: DirectoryOutbox,
}

impl Directory {
    /// Opens the directory for the one process that serves with it, and makes it if there is none: for its owner alone,
    /// like the files in it. `now` is in seconds since the epoch.
    ///
    /// Grades that are kept come due at once.
    ///
    /// # Errors
    /// What is in the way.
    pub fn open(path: &Path, now: u64, bounds: Bounds) -> Result<Self, OpenError> {
        // A relative path such as `file:x` would mean something else to SQLite.
        let path =
            &std::path::absolute(path).map_err(|error| OpenError::inaccessible(path, &error))?;
        make(path)?;
        let lock = Arc::new(lock(path)?);
        Ok(Self {
            replay: DirectoryReplay::open(&path.join(REPLAY), &lock, now, bounds)?,
            outbox: DirectoryOutbox::open(&path.join(GRADES), &lock, now, bounds)?,
        })
    }
}

/// Makes the directory, for its owner alone, if there is nothing in its place.
fn make(path: &Path) -> Result<(), OpenError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    if path.exists() && !path.is_dir() {
        return Err(OpenError::NotADirectory(path.to_owned()));
    }
    made.map_err(|error| OpenError::inaccessible(path, &error))
}

/// Takes the directory for this process, for as long as the file that this returns is open.
fn lock(directory: &Path) -> Result<File, OpenError> {
    let file = create(&directory.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(directory.to_owned())),
        Err(TryLockError::Error(error)) => {
            Err(OpenError::inaccessible(&directory.join(LOCK), &error))
        }
    }
}

/// Opens a file for reading and writing, and makes it, for its owner alone, if it is not there.
fn create(file: &Path) -> Result<File, OpenError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(file)
        .map_err(|error| OpenError::inaccessible(file, &error))
}

/// Why a directory cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// It, or a file in it, is not there, and was only to be read.
    Missing(PathBuf),
    /// Something else stands there.
    NotADirectory(PathBuf),
    /// It, or a file in it, cannot be made, read or written: the system's words.
    Inaccessible(PathBuf, String),
    /// Another process serves with it.
    InUse(PathBuf),
    /// A file in it is not what it should be: the library's words.
    Damaged(PathBuf, String),
    /// A file in it has this version of its form, which this program does not know.
    OtherVersion(PathBuf, i64),
}

impl OpenError {
    fn inaccessible(path: &Path, error: &io::Error) -> Self {
        Self::Inaccessible(path.to_owned(), error.to_string())
    }

    fn of_sqlite(file: &Path, error: &rusqlite::Error) -> Self {
        let words = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) | None => {
                Self::Damaged(file.to_owned(), words)
            }
            Some(_) => Self::Inaccessible(file.to_owned(), words),
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::Missing(_) => {
                "`serve` makes it when it starts with this directory as `gateway.state`".to_owned()
            }
            Self::NotADirectory(_) => {
                "name a directory in `gateway.state`; it is made if there is none".to_owned()
            }
            Self::Inaccessible(path, _) => format!(
                "the user that the gateway runs as must be able to read and write {}, and its disk must have space",
                path.display()
            ),
            Self::InUse(_) => {
                "stop the other one, or give each process a directory of its own in `gateway.state`"
                    .to_owned()
            }
            Self::Damaged(path, _) => format!(
                "bring back a copy of {path}, or move it away together with {path}-wal, which forgets what is in it",
                path = path.display()
            ),
            Self::OtherVersion(path, _) => {
                format!("serve with the release that made {}, or move it away", path.display())
            }
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(formatter, "{} does not exist", path.display()),
            Self::NotADirectory(path) => write!(formatter, "{} is no directory", path.display()),
            Self::Inaccessible(path, words) => {
                write!(formatter, "{} cannot be used: {words}", path.display())
            }
            Self::InUse(path) => {
                write!(formatter, "the directory {} is in use by another gateway", path.display())
            }
            Self::Damaged(path, words) => {
                write!(formatter, "{} is damaged: {words}", path.display())
            }
            Self::OtherVersion(path, version) => {
                write!(
                    formatter,
                    "{} has version {version} of its form, which is not known here",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for OpenError {}
