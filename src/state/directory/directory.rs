use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use super::access::{Tightening, examine};
use super::database::{Flush, connect};
use super::directory_lock::DirectoryLock;
use super::file_name::{GRADES, REPLAY, beside};
use super::inspection::{DATABASES, absolute, inspect_files, newest_versions};
use super::marker::{VersionMarker, flush_directory};
use super::open_error::OpenError;
use super::outbox::DirectoryOutbox;
use super::replay::DirectoryReplay;
use super::sqlite::checkpoint;
use crate::state::limits::StateLimits;

/// An open state directory. It stays locked until both fields are dropped. Dropping waits for
/// pending writes.
pub struct Directory {
    /// The replay store.
    pub replay: DirectoryReplay,
    /// The queue of grades.
    pub outbox: DirectoryOutbox,
}

impl Directory {
    /// Opens and locks the directory. Creates it if it is missing. Only the owner can read the
    /// directory and its files. `now` is in seconds since the epoch.
    ///
    /// Migrates files of an older version. Queued grades come due at once.
    ///
    /// # Errors
    /// Any [`OpenError`] except `Missing`.
    pub fn open(path: &Path, now: u64, limits: StateLimits) -> Result<Self, OpenError> {
        let path = &absolute(path)?;
        create_directory(path)?;
        // Before the lock: the gateway creates no file in a directory that is not its own.
        let found = examine(path)?;
        let lock = Arc::new(DirectoryLock::acquire(path)?);
        found.iter().try_for_each(tighten)?;
        let (replay, grades) = newest_versions();
        let marker = inspect_files(path)?;
        if !marker.is_some_and(|marker| marker.has_versions(replay, grades)) {
            create_databases(path)?;
            VersionMarker::new(replay, grades).write(path)?;
        }
        Ok(Self {
            replay: DirectoryReplay::open(&path.join(REPLAY), &lock, now, limits)?,
            outbox: DirectoryOutbox::open(&path.join(GRADES), &lock, now, limits)?,
        })
    }
}

/// Creates the directory, readable only by its owner, if it is missing.
fn create_directory(path: &Path) -> Result<(), OpenError> {
    let created = DirBuilder::new().recursive(true).mode(0o700).create(path);
    if path.exists() && !path.is_dir() {
        return Err(OpenError::NotADirectory(path.to_owned()));
    }
    created.map_err(|error| OpenError::inaccessible(path, &error))
}

/// Takes the permissions of other users away, and logs it.
fn tighten(found: &Tightening) -> Result<(), OpenError> {
    found.apply()?;
    tracing::warn!(target: "state", "{found}; the gateway has taken their permissions away");
    Ok(())
}

/// Creates or migrates both databases, and flushes them to the disk.
fn create_databases(directory: &Path) -> Result<(), OpenError> {
    for (name, migrations) in DATABASES {
        let file = &directory.join(name);
        let opened = connect(file, migrations, Flush::AtOnce)?;
        if !checkpoint(opened.sqlite()) {
            // Another process reads, and the migration stays in the write-ahead log.
            let log = &beside(file, "-wal");
            File::open(log)
                .and_then(|log| log.sync_all())
                .map_err(|error| OpenError::inaccessible(log, &error))?;
        }
    }
    flush_directory(directory)
}
