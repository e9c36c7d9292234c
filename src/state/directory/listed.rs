//! What people may see of grades: nothing that says whose they are, or what they are.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::Connection;

use super::database::connect_to_read;
use super::outbox::read_status;
use super::{GRADES, OpenError};
use crate::state::Status;

/// A grade as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id, as whoever sent it knows it.
    pub id: String,
    /// Its tool's name.
    pub tool: String,
    /// Kept, refused or expired.
    pub status: Status,
    /// When it was written down, in seconds since the epoch.
    pub accepted: u64,
    /// How often it was sent, as far as the outcome is known.
    pub tries: u32,
    /// When it comes due; `None` if it failed for good.
    pub next_try: Option<u64>,
    /// The platform's words at the last try.
    pub words: String,
}

/// The grades that are kept in a directory, and those that failed for good some days ago at most, in the order of their
/// arrival. It may be in use, and nothing in it is changed.
///
/// # Errors
/// What is in the way.
pub fn list(directory: &Path) -> Result<Vec<Listed>, OpenError> {
    // A relative path such as `file:x` would mean something else to SQLite.
    let directory = &std::path::absolute(directory)
        .map_err(|error| OpenError::inaccessible(directory, &error))?;
    let file = &directory.join(GRADES);
    if !found(directory)?.is_dir() {
        return Err(OpenError::NotADirectory(directory.clone()));
    }
    // Of a file that is not there, SQLite only says that it cannot open it.
    found(file)?;
    read(&connect_to_read(file)?).map_err(|error| OpenError::of_sqlite(file, &error))
}

fn found(path: &Path) -> Result<Metadata, OpenError> {
    fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => OpenError::Missing(path.to_owned()),
        _ => OpenError::inaccessible(path, &error),
    })
}

fn read(sqlite: &Connection) -> rusqlite::Result<Vec<Listed>> {
    let mut select = sqlite.prepare(
        "SELECT sequence, id, tool, 'kept' AS status, accepted, tries, next_try, words FROM kept
                WHERE NOT delivered
            UNION ALL
            SELECT sequence, id, tool, status, accepted, tries, NULL, words FROM finished
                WHERE status IN ('refused', 'expired')
            ORDER BY sequence",
    )?;
    let listed = select.query_map([], |row| {
        Ok(Listed {
            id: row.get("id")?,
            tool: row.get("tool")?,
            status: read_status(row)?,
            accepted: row.get("accepted")?,
            tries: row.get("tries")?,
            next_try: row.get("next_try")?,
            words: row.get("words")?,
        })
    })?;
    listed.collect()
}
