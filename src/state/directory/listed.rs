//! The list of grades for admins: without learners and scores.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::Connection;

use super::database::connect_to_read;
use super::file::GRADES;
use super::grades_schema::{MIGRATIONS, accepted_per_second};
use super::open_error::OpenError;
use super::read::read_status;
use crate::state::grade::Status;

/// A grade in the list for admins. It has no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGrade {
    /// The id for the upstream.
    pub id: String,
    /// The name of the tool.
    pub tool: String,
    /// `Kept`, `Refused` or `Expired`.
    pub status: Status,
    /// When the gateway accepted it, in seconds since the epoch.
    pub accepted: u64,
    /// The number of attempts that were sent to the platform.
    pub tries: u32,
    /// When it comes due, in seconds since the epoch. `None` if it is a dead letter.
    pub next_try: Option<u64>,
    /// The platform's message at the last attempt.
    pub message: String,
}

/// Lists the queued grades and the dead letters of a directory, in the order of arrival. The
/// directory may be in use, and its files may have an older version. Changes nothing.
///
/// # Errors
/// Any [`OpenError`] except `InUse`.
pub fn list(directory: &Path) -> Result<Vec<ListedGrade>, OpenError> {
    // SQLite gives a relative path such as `file:x` another meaning.
    let directory = &std::path::absolute(directory)
        .map_err(|error| OpenError::inaccessible(directory, &error))?;
    let file = &directory.join(GRADES);
    if !metadata(directory)?.is_dir() {
        return Err(OpenError::NotADirectory(directory.clone()));
    }
    // For a missing file, SQLite only reports that it cannot open it.
    metadata(file)?;
    // One transaction, so that no migration comes between the version and the rows.
    let (sqlite, version) = connect_to_read(file, MIGRATIONS)?;
    if version == 0 {
        // `serve` was interrupted before it created the tables.
        return Ok(Vec::new());
    }
    read(&sqlite, accepted_per_second(version)).map_err(|error| OpenError::of_sqlite(file, &error))
}

fn metadata(path: &Path) -> Result<Metadata, OpenError> {
    fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => OpenError::Missing(path.to_owned()),
        _ => OpenError::inaccessible(path, &error),
    })
}

fn read(sqlite: &Connection, accepted_per_second: u64) -> rusqlite::Result<Vec<ListedGrade>> {
    let mut select = sqlite.prepare(
        "SELECT sequence, id, tool, 'kept' AS status, accepted, tries, next_try, words FROM kept
                WHERE NOT delivered
            UNION ALL
            SELECT sequence, id, tool, status, accepted, tries, NULL, words FROM finished
                WHERE status IN ('refused', 'expired')
            ORDER BY sequence",
    )?;
    let listed = select.query_map([], |row| {
        Ok(ListedGrade {
            id: row.get("id")?,
            tool: row.get("tool")?,
            status: read_status(row)?,
            accepted: row.get::<_, u64>("accepted")? / accepted_per_second,
            tries: row.get("tries")?,
            next_try: row.get("next_try")?,
            message: row.get("words")?,
        })
    })?;
    listed.collect()
}
