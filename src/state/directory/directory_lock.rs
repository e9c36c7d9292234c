//! The lock of a state directory: one process at a time.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use super::file::create;
use super::file_name::LOCK;
use super::known_file::KnownFile;
use super::open_error::OpenError;

/// A locked directory. Dropping the value unlocks it.
///
/// The lock belongs to the file, not to its path. Another process can lock the directory too after
/// the file was removed, so that the holder must check that both are in place.
pub(super) struct DirectoryLock {
    locked: File,
    file: KnownFile,
    directory: KnownFile,
}

impl DirectoryLock {
    /// Locks the directory.
    ///
    /// # Errors
    /// [`OpenError::InUse`] if another process has locked it, and [`OpenError::Inaccessible`].
    pub(super) fn acquire(directory: &Path) -> Result<Self, OpenError> {
        let path = directory.join(LOCK);
        let (locked, file) = create(&path)?;
        match locked.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(directory.to_owned())),
            Err(TryLockError::Error(error)) => return Err(OpenError::inaccessible(&path, &error)),
        }
        let metadata =
            fs::metadata(directory).map_err(|error| OpenError::inaccessible(directory, &error))?;
        Ok(Self { locked, file, directory: KnownFile::directory(directory, &metadata) })
    }

    /// The locked file.
    pub(super) fn file(&self) -> &KnownFile {
        &self.file
    }

    /// The directory.
    pub(super) fn directory(&self) -> &KnownFile {
        &self.directory
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that starts at this moment has inherited
        // it, and holds the lock until its program runs.
        let _ = self.locked.unlock();
    }
}
