//! An inspection of a state directory. It changes nothing.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::access::{Tightening, examine};
use super::database::{Migration, newest_version, read_only};
use super::file::regular;
use super::file_name::{GRADES, REPLAY};
use super::grades_schema::MIGRATIONS as GRADES_MIGRATIONS;
use super::marker::VersionMarker;
use super::open_error::OpenError;
use super::replay::MIGRATIONS as REPLAY_MIGRATIONS;

/// The databases of a directory, with their migrations.
pub(super) const DATABASES: [(&str, &[Migration]); 2] =
    [(REPLAY, REPLAY_MIGRATIONS), (GRADES, GRADES_MIGRATIONS)];

/// The newest versions of the databases: the replay store's and the grades'.
pub(super) fn newest_versions() -> (i64, i64) {
    (newest_version(REPLAY_MIGRATIONS), newest_version(GRADES_MIGRATIONS))
}

/// Finds the errors that prevent `serve` from using a directory, and the permissions that it takes
/// away from other users. Changes nothing. The directory may be in use.
///
/// # Errors
/// Any [`OpenError`] except `InUse`. `Missing` only if the directory does not exist.
pub fn inspect(directory: &Path) -> Result<Vec<Tightening>, OpenError> {
    let directory = &absolute(directory)?;
    is_directory(directory)?;
    let found = examine(directory)?;
    inspect_files(directory)?;
    Ok(found)
}

/// Checks that the marker and the databases are readable and belong together. Returns the marker.
pub(super) fn inspect_files(directory: &Path) -> Result<Option<VersionMarker>, OpenError> {
    let marker = inspect_marker(directory)?;
    for (name, migrations) in DATABASES {
        inspect_database(directory, name, migrations, marker.as_ref())?;
    }
    Ok(marker)
}

/// Checks that the databases exist if the marker does. Returns the marker.
pub(super) fn inspect_marker(directory: &Path) -> Result<Option<VersionMarker>, OpenError> {
    let marker = VersionMarker::read(directory)?;
    for (name, _) in DATABASES {
        let length = regular(&directory.join(name))?.map(|metadata| metadata.len());
        if marker.is_some() && length.unwrap_or_default() == 0 {
            return Err(lost(directory, name, length.is_none()));
        }
    }
    Ok(marker)
}

/// Checks the version of a database, if it exists.
fn inspect_database(
    directory: &Path,
    name: &str,
    migrations: &[Migration],
    marker: Option<&VersionMarker>,
) -> Result<(), OpenError> {
    let file = directory.join(name);
    if regular(&file)?.is_none_or(|metadata| metadata.len() == 0) {
        return Ok(());
    }
    let version = read_only(&file, migrations, |_, version| Ok(version))
        .map_err(|error| with_release(error, name, marker))?;
    not_lost(directory, name, version, marker)
}

/// Checks that a database with this version is not empty, although the marker exists.
pub(super) fn not_lost(
    directory: &Path,
    name: &str,
    version: i64,
    marker: Option<&VersionMarker>,
) -> Result<(), OpenError> {
    if version == 0 && marker.is_some() { Err(lost(directory, name, false)) } else { Ok(()) }
}

/// The same error. If a newer release wrote the file, it names the release.
pub(super) fn with_release(
    error: OpenError,
    name: &str,
    marker: Option<&VersionMarker>,
) -> OpenError {
    match error {
        OpenError::Newer { file, version, newest, .. } => {
            let release = marker.and_then(|marker| marker.release_of(name, version));
            OpenError::Newer { file, version, newest, release: release.map(str::to_owned) }
        }
        other => other,
    }
}

fn lost(directory: &Path, name: &str, is_missing: bool) -> OpenError {
    OpenError::Lost { file: directory.join(name), is_missing }
}

/// The absolute path: SQLite gives a relative one such as `file:x` another meaning.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, OpenError> {
    std::path::absolute(path).map_err(|error| OpenError::inaccessible(path, &error))
}

/// Checks that the path is a directory.
pub(super) fn is_directory(path: &Path) -> Result<(), OpenError> {
    if metadata(path)?.is_dir() { Ok(()) } else { Err(OpenError::NotADirectory(path.to_owned())) }
}

/// The metadata of a path that must exist.
pub(super) fn metadata(path: &Path) -> Result<Metadata, OpenError> {
    fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => OpenError::Missing(path.to_owned()),
        _ => OpenError::inaccessible(path, &error),
    })
}
