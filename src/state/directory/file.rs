//! The files of a state directory.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::known_file::KnownFile;
use super::open_error::OpenError;

/// The metadata of a file of the gateway. `None` if it is missing.
///
/// # Errors
/// [`OpenError::SymbolicLink`], and [`OpenError::Inaccessible`] if it is another kind of file.
pub(super) fn regular(file: &Path) -> Result<Option<Metadata>, OpenError> {
    match fs::symlink_metadata(file) {
        Ok(metadata) if metadata.is_symlink() => Err(OpenError::SymbolicLink(file.to_owned())),
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
        Ok(_) => {
            Err(OpenError::Inaccessible(file.to_owned(), "it is not a regular file".to_owned()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpenError::inaccessible(file, &error)),
    }
}

/// Opens a file for reading and writing. Creates it, readable only by its owner, if it is missing.
/// Does not follow a symbolic link.
pub(super) fn create(file: &Path) -> Result<(File, KnownFile), OpenError> {
    regular(file)?;
    let inaccessible = |error| OpenError::inaccessible(file, &error);
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(file)
        .map_err(inaccessible)?;
    let known = KnownFile::new(file, &opened.metadata().map_err(inaccessible)?);
    Ok((opened, known))
}
