use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use super::directory_lock::DirectoryLock;
use super::file::{GRADES, REPLAY};
use super::open_error::OpenError;
use super::outbox::DirectoryOutbox;
use super::replay::DirectoryReplay;
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
        // SQLite gives a relative path such as `file:x` another meaning.
        let path =
            &std::path::absolute(path).map_err(|error| OpenError::inaccessible(path, &error))?;
        create_directory(path)?;
        let lock = Arc::new(DirectoryLock::acquire(path)?);
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
