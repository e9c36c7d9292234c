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
    /// SQLite's other open files: the write-ahead log and its index.
    others: Vec<KnownFile>,
}

impl Watch {
    /// Watches an open database. `path` is its path.
    pub(super) fn new(path: &Path, database: KnownFile, lock: &Arc<DirectoryLock>) -> Self {
        let others = ["-wal", "-shm"].into_iter().filter_map(|suffix| {
            let path = beside(path, suffix);
            Some(KnownFile::new(&path, &fs::symlink_metadata(&path).ok()?))
        });
        Self { lock: Arc::clone(lock), others: others.collect(), database }
    }

    /// Checks that all files are in place. Only looks their paths up.
    ///
    /// # Errors
    /// A sentence that names the file that is not in place.
    pub(super) fn check(&self) -> Result<(), String> {
        let gone = |name: &str| format!("{name} was removed or replaced while the gateway ran");
        if self.lock.directory().length().is_none() {
            return Err(gone("the state directory"));
        }
        for file in [self.lock.file(), &self.database].into_iter().chain(&self.others) {
            if file.length().is_none() {
                return Err(gone(&file.name()));
            }
        }
        // An open database has at least one page.
        match self.database.length() {
            Some(0) => Err(format!("{} was emptied while the gateway ran", self.database.name())),
            _ => Ok(()),
        }
    }
}
