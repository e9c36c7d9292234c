//! The list of grades for admins: without learners and scores.

use std::path::Path;

use rusqlite::Connection;

use super::database::read_only;
use super::file_name::GRADES;
use super::grades_schema::{MIGRATIONS, accepted_per_second};
use super::inspection::{absolute, inspect_marker, is_directory, metadata, not_lost, with_release};
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
    let directory = &absolute(directory)?;
    is_directory(directory)?;
    let marker = inspect_marker(directory)?;
    let file = &directory.join(GRADES);
    // For a missing file, SQLite only reports that it cannot open it.
    metadata(file)?;
    let (version, listed) = read_only(file, MIGRATIONS, |sqlite, version| {
        // Without tables, `serve` was interrupted before it created them.
        let listed = if version == 0 { Vec::new() } else { read(sqlite, version)? };
        Ok((version, listed))
    })
    .map_err(|error| with_release(error, GRADES, marker.as_ref()))?;
    not_lost(directory, GRADES, version, marker.as_ref())?;
    Ok(listed)
}

fn read(sqlite: &Connection, version: i64) -> rusqlite::Result<Vec<ListedGrade>> {
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
            accepted: row.get::<_, u64>("accepted")? / accepted_per_second(version),
            tries: row.get("tries")?,
            next_try: row.get("next_try")?,
            message: row.get("words")?,
        })
    })?;
    listed.collect()
}
