use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::open_error::OpenError;

/// The file that the serving process locks.
pub(super) const LOCK: &str = "lock";
/// The file of the replay store.
pub(super) const REPLAY: &str = "replay.sqlite";
/// The file of queued and finished grades.
pub(super) const GRADES: &str = "grades.sqlite";

/// Opens a file for reading and writing. Creates it, readable only by its owner, if it is missing.
pub(super) fn create(file: &Path) -> Result<File, OpenError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(file)
        .map_err(|error| OpenError::inaccessible(file, &error))
}
