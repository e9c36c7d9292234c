//! The lock of a state directory: one process at a time.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::file::{LOCK, create};
use super::open_error::OpenError;

/// A locked directory. Dropping the value unlocks it.
pub(super) struct DirectoryLock(File);

impl DirectoryLock {
    /// Locks the directory.
    ///
    /// # Errors
    /// [`OpenError::InUse`] if another process has locked it, and [`OpenError::Inaccessible`].
    pub(super) fn acquire(directory: &Path) -> Result<Self, OpenError> {
        let file = create(&directory.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(directory.to_owned())),
            Err(TryLockError::Error(error)) => {
                Err(OpenError::inaccessible(&directory.join(LOCK), &error))
            }
        }
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that starts at this moment has inherited
        // it, and holds the lock until its program runs.
        let _ = self.0.unlock();
    }
}
