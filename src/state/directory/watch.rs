//! Notices that a file of the state was removed, replaced or emptied while it is open.
//!
//! An open file outlives its name. Without this check, the gateway would confirm grades that it
//! writes to a file that nobody can find again.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::directory_lock::DirectoryLock;
use super::file_name::beside;
use super::known_file::KnownFile;

/// The paths that lead to an open database, to its directory, and to the directory's lock.
pub(super) struct Watch {
    lock: Arc<DirectoryLock>,
    database: KnownFile,
    /// SQLite's write-ahead log.
    log: Option<KnownFile>,
    /// The index of the write-ahead log.
    index: Option<KnownFile>,
    /// The length of the write-ahead log after the last write, until the next checkpoint.
    log_length: u64,
}

impl Watch {
    /// Watches an open database. `path` is its path.
    pub(super) fn new(path: &Path, database: KnownFile, lock: &Arc<DirectoryLock>) -> Self {
        let of_sqlite = |suffix: &str| {
            let path = beside(path, suffix);
            Some(KnownFile::new(&path, &fs::symlink_metadata(&path).ok()?))
        };
        let (log, index) = (of_sqlite("-wal"), of_sqlite("-shm"));
        Self { lock: Arc::clone(lock), database, log, index, log_length: 0 }
    }

    /// Checks that all files are in place. Only looks their paths up.
    ///
    /// # Errors
    /// A sentence that names the file that is not in place.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.lock.directory().length().is_none() {
            return Err(gone("the state directory"));
        }
        in_place(self.lock.file(), 0)?;
        if let Some(index) = &self.index {
            in_place(index, 0)?;
        }
        if let Some(log) = &self.log {
            in_place(log, self.log_length)?;
        }
        // An open database has at least one page.
        in_place(&self.database, 1)
    }

    /// The database has something new in its write-ahead log.
    pub(super) fn wrote(&mut self) {
        self.log_length = self.length_of_log();
    }

    /// A checkpoint has moved the write-ahead log into the database.
    pub(super) fn checkpointed(&mut self) {
        self.log_length = 0;
    }

    /// Whether the write-ahead log is shorter than after the last write. Another process may have
    /// moved it into the database.
    pub(super) fn log_is_shorter(&self) -> bool {
        self.log_length > 0 && self.length_of_log() < self.log_length
    }

    fn length_of_log(&self) -> u64 {
        self.log.as_ref().and_then(KnownFile::length).unwrap_or_default()
    }
}

/// Checks that a file is in place, and at least this long.
fn in_place(file: &KnownFile, length: u64) -> Result<(), String> {
    match file.length() {
        None => Err(gone(&file.name())),
        Some(found) if found < length => {
            Err(format!("{} was emptied while the gateway ran", file.name()))
        }
        Some(_) => Ok(()),
    }
}

fn gone(name: &str) -> String {
    format!("{name} was removed or replaced while the gateway ran")
}
