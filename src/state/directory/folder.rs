use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use super::file::{GRADES, LOCK, REPLAY, create};
use super::open_error::OpenError;
use super::outbox::DirectoryOutbox;
use super::replay::DirectoryReplay;
use crate::state::bounds::Bounds;

/// An open directory. Another process can open it when both fields are dropped. Dropping waits for
/// pending writes.
pub struct Directory {
    /// The nonces that were spent.
    pub replay: DirectoryReplay,
    /// The grades on their way.
    pub outbox: DirectoryOutbox,
}

impl Directory {
    /// Opens the directory for the one process that serves with it. Creates it if it is missing. The
    /// directory and its files are for their owner only. `now` is in seconds since the epoch.
    ///
    /// Migrates a file of an older version. Queued grades come due at once.
    ///
    /// # Errors
    /// Why the directory cannot be used.
    pub fn open(path: &Path, now: u64, bounds: Bounds) -> Result<Self, OpenError> {
        // SQLite gives a relative path such as `file:x` another meaning.
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

/// Creates the directory, for its owner only, if nothing has its name.
fn make(path: &Path) -> Result<(), OpenError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    if path.exists() && !path.is_dir() {
        return Err(OpenError::NotADirectory(path.to_owned()));
    }
    made.map_err(|error| OpenError::inaccessible(path, &error))
}

/// Locks the directory for this process, while the returned file is open.
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
