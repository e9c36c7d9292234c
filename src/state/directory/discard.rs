//! Discards the queued grades of one user, for a request under privacy law.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::database::newest_version;
use super::file_name::GRADES;
use super::grades_schema::MIGRATIONS;
use super::inspection::{absolute, inspect_marker, is_directory, metadata, not_lost, with_release};
use super::open_error::OpenError;
use super::sqlite::{BUSY_TIMEOUT, checkpoint, version};

/// The result of a search for the grades of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discarded {
    /// The file is of an older version, which does not say whose a grade is. Nothing was deleted.
    Older,
    /// The file has no queued grade of this user any more.
    Deleted {
        /// The number of deleted grades.
        grades: usize,
        /// Whether the write-ahead log also contains no deleted grade any more. If not, the gateway
        /// overwrites them soon.
        is_wiped: bool,
    },
}

/// Deletes the queued grades of the user with this hash. The directory may be in use: the gateway
/// then treats the grades as superseded. An attempt in progress is not stopped.
///
/// # Errors
/// Any [`OpenError`] except `InUse`.
pub fn discard(directory: &Path, person: [u8; 16]) -> Result<Discarded, OpenError> {
    let directory = &absolute(directory)?;
    is_directory(directory)?;
    let marker = inspect_marker(directory)?;
    let file = &directory.join(GRADES);
    // For a missing file, SQLite only reports that it cannot open it.
    metadata(file)?;
    let of_sqlite =
        |error| with_release(OpenError::of_sqlite(file, &error), GRADES, marker.as_ref());
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let sqlite = Connection::open_with_flags(file, flags).map_err(of_sqlite)?;
    sqlite.busy_timeout(BUSY_TIMEOUT).map_err(of_sqlite)?;
    let found = version(&sqlite).map_err(of_sqlite)?;
    not_lost(directory, GRADES, found, marker.as_ref())?;
    let newest = newest_version(MIGRATIONS);
    if found > newest {
        let file = file.to_owned();
        let error = OpenError::Newer { file, version: found, newest, release: None };
        return Err(with_release(error, GRADES, marker.as_ref()));
    }
    if found < newest {
        return Ok(Discarded::Older);
    }
    let grades = delete(&sqlite, person).map_err(of_sqlite)?;
    Ok(Discarded::Deleted { grades, is_wiped: checkpoint(&sqlite) })
}

fn delete(sqlite: &Connection, person: [u8; 16]) -> rusqlite::Result<usize> {
    sqlite.pragma_update(None, "secure_delete", true)?;
    sqlite.execute("DELETE FROM kept WHERE person = ?1", [person])
}
