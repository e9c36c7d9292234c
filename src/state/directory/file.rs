//! The files of a state directory.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::known_file::KnownFile;
use super::open_error::OpenError;

/// The file that the serving process locks.
pub(super) const LOCK: &str = "lock";
/// The file of the replay store.
pub(super) const REPLAY: &str = "replay.sqlite";
/// The file of queued and finished grades.
pub(super) const GRADES: &str = "grades.sqlite";
/// The marker: its presence shows that both databases exist.
pub(super) const MARKER: &str = "version";
/// A marker that is not complete yet.
pub(super) const NEW_MARKER: &str = "version.new";
/// The suffixes of the files that SQLite keeps beside a database.
const SQLITE_SUFFIXES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The names of all files that the gateway creates in its directory.
pub(super) fn names() -> impl Iterator<Item = String> {
    let of_sqlite = [REPLAY, GRADES]
        .into_iter()
        .flat_map(|name| SQLITE_SUFFIXES.map(|suffix| format!("{name}{suffix}")));
    [LOCK, MARKER, NEW_MARKER, REPLAY, GRADES].into_iter().map(str::to_owned).chain(of_sqlite)
}

/// The path with this suffix at its end.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

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
