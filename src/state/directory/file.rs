use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::open_error::OpenError;

/// The serving process holds a lock on it.
pub(super) const LOCK: &str = "lock";
/// The nonces that were spent.
pub(super) const REPLAY: &str = "replay.sqlite";
/// The grades on their way.
pub(super) const GRADES: &str = "grades.sqlite";

/// Opens a file for reading and writing. Creates it, for its owner only, if it is missing.
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
