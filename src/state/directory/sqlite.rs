//! What all connections to a file need: its version, and its write-ahead log.

use std::time::Duration;

use rusqlite::Connection;

/// The timeout for the lock of another process. Other processes only read; they lock the file only
/// while they recover it after a crash.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// The version of a file's schema. It is 0 if no migration was committed.
pub(super) fn version(sqlite: &Connection) -> rusqlite::Result<i64> {
    sqlite.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Writes the version of a file's schema, also if it is the same.
pub(super) fn write_version(sqlite: &Connection, version: i64) -> rusqlite::Result<()> {
    sqlite.pragma_update(None, "user_version", version)
}

/// Moves the write-ahead log into the file, flushes it to the disk, and truncates the log, so that
/// neither contains deleted data. Returns whether it succeeded; it fails while another process
/// reads.
pub(super) fn checkpoint(sqlite: &Connection) -> bool {
    let truncate = || {
        sqlite.busy_timeout(Duration::ZERO)?;
        sqlite.query_row("PRAGMA wal_checkpoint(truncate)", [], |row| row.get::<_, bool>(0))
    };
    let truncated = truncate().is_ok_and(|busy| !busy);
    sqlite.busy_timeout(BUSY_TIMEOUT).is_ok() && truncated
}
