//! The queue of grades in `grades.sqlite`, and the finished grades of the last days.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lti::GradePlace;
use rusqlite::{Connection, OptionalExtension as _, named_params, params};

use super::database::{Database, Flush, connect};
use super::directory_lock::DirectoryLock;
use super::grades_schema::MIGRATIONS;
use super::open_error::OpenError;
use super::read::{FINISHED_COLUMNS, QUEUED_COLUMNS, read_finished, read_queued};
use crate::clock::Millis;
use crate::state::error::StateError;
use crate::state::grade::{Action, AttemptResult, Grade, QueuedGrade, Status, StoredGrade};
use crate::state::limits::StateLimits;
use crate::state::outbox::Outbox;

/// The retention of finished grades, in seconds.
const RETENTION: u64 = 7 * 24 * 60 * 60;
/// How long a platform may still process a request after the gateway's timeout, in seconds. It is
/// the timeout of edX's servers.
const LATE_WRITE_WINDOW: u64 = 300;

/// The SQL condition that the grade `one` is the newest queued grade of its slot.
const NEWEST: &str = "NOT EXISTS (SELECT 1 FROM kept AS newer \
    WHERE newer.slot = one.slot AND newer.sequence > one.sequence)";

/// An outbox in a file. A stored grade survives a crash of the process and a power failure.
pub struct DirectoryOutbox {
    database: Database,
    limits: StateLimits,
}

impl DirectoryOutbox {
    pub(super) fn open(
        file: &Path,
        lock: &Arc<DirectoryLock>,
        now: u64,
        limits: StateLimits,
    ) -> Result<Self, OpenError> {
        let opened = connect(file, MIGRATIONS, Flush::AtOnce)?;
        // The leases of an earlier process have ended. Its clock may have been wrong.
        opened
            .sqlite()
            .execute(
                "UPDATE kept SET next_try = MIN(next_try, CASE WHEN delivered THEN ?2 ELSE ?1 END)",
                [now, now + LATE_WRITE_WINDOW],
            )
            .and_then(|_| delete_old(opened.sqlite(), now, limits.finished))
            .map_err(|error| OpenError::of_sqlite(file, &error))?;
        Ok(Self { database: Database::start(opened, file, lock)?, limits })
    }
}

#[async_trait]
impl Outbox for DirectoryOutbox {
    async fn write(
        &self,
        grade: Grade,
        accepted: Millis,
        first_attempt_until: u64,
    ) -> Result<QueuedGrade, StateError> {
        let StateLimits { queued, queued_per_sender, .. } = self.limits;
        self.database
            .run(move |sqlite| {
                let of_sender: u64 = sqlite
                    .prepare_cached("SELECT COUNT(*) FROM kept WHERE tool = ?1 AND sender = ?2")?
                    .query_row((&grade.tool, grade.sender.encode()), |row| row.get(0))?;
                if of_sender >= queued_per_sender || count(sqlite, "kept")? >= queued {
                    return Err(StateError::Full);
                }
                insert(sqlite, grade, accepted, first_attempt_until)
            })
            .await
    }

    async fn settle(
        &self,
        grade: &QueuedGrade,
        result: AttemptResult,
        now: u64,
    ) -> Result<(), StateError> {
        let (sequence, most) = (grade.sequence, self.limits.finished);
        self.database
            .run(move |sqlite| {
                settle(sqlite, sequence, result, now)?;
                Ok(delete_old(sqlite, now, most)?)
            })
            .await
    }

    async fn claim(
        &self,
        now: u64,
        until: u64,
        limit: usize,
        per_host: usize,
        full_hosts: &[String],
    ) -> Result<Vec<QueuedGrade>, StateError> {
        let full_hosts = serde_json::Value::from(full_hosts).to_string();
        self.database
            .run(move |sqlite| {
                let mut claimed = due(sqlite, now, limit, per_host, &full_hosts)?;
                let mut update = sqlite.prepare_cached(
                    "UPDATE kept SET next_try = ?2, tries = MAX(tries, 1) WHERE sequence = ?1",
                )?;
                for grade in &mut claimed {
                    update.execute((grade.sequence, until))?;
                    grade.next_try = until;
                }
                Ok(claimed)
            })
            .await
    }

    async fn next_due(&self) -> Result<Option<u64>, StateError> {
        self.database
            .run(|sqlite| {
                let sql = format!(
                    "SELECT next_try FROM kept AS one WHERE {NEWEST} ORDER BY next_try LIMIT 1"
                );
                Ok(sqlite.prepare_cached(&sql)?.query_row([], |row| row.get(0)).optional()?)
            })
            .await
    }

    async fn find(&self, id: &str) -> Result<Option<StoredGrade>, StateError> {
        let id = id.to_owned();
        self.database
            .run(move |sqlite| {
                let queued = sqlite
                    .prepare_cached(&format!("SELECT {QUEUED_COLUMNS} FROM kept WHERE id = ?1"))?
                    .query_row([&id], read_queued)
                    .optional()?;
                if let Some(grade) = queued {
                    return Ok(Some(StoredGrade::Queued(grade)));
                }
                let finished = sqlite
                    .prepare_cached(&format!(
                        "SELECT {FINISHED_COLUMNS} FROM finished WHERE id = ?1"
                    ))?
                    .query_row([&id], read_finished)
                    .optional()?;
                Ok(finished.map(StoredGrade::Finished))
            })
            .await
    }

    async fn is_reachable(&self) -> bool {
        self.database.is_reachable()
    }
}

fn count(sqlite: &Connection, table: &str) -> rusqlite::Result<u64> {
    sqlite.prepare_cached(&format!("SELECT COUNT(*) FROM {table}"))?.query_row([], |row| row.get(0))
}

fn insert(
    sqlite: &Connection,
    grade: Grade,
    accepted: Millis,
    next_try: u64,
) -> Result<QueuedGrade, StateError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| StateError::Unavailable(error.to_string()))?;
    let id = URL_SAFE_NO_PAD.encode(random);
    let (score, comment) = match &grade.action {
        Action::Replace { score, comment } => (Some(score.as_str()), comment.as_ref()),
        Action::Delete => (None, None),
    };
    let (url, learner, method) = match &grade.place {
        GradePlace::Outcome(outcome) => (&outcome.url, &outcome.sourcedid, outcome.method.name()),
    };
    sqlite
        .prepare_cached(
            "INSERT INTO kept (id, slot, tool, sender, url, host, sourcedid, method, score,
                    comment, accepted, tries, next_try, words, delivered)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, ?12, '', 0)",
        )?
        .execute(params![
            id,
            grade.slot,
            grade.tool,
            grade.sender.encode(),
            url,
            grade.host,
            learner,
            method,
            score,
            comment,
            accepted.get(),
            next_try,
        ])?;
    let sequence = sqlite.last_insert_rowid().unsigned_abs();
    Ok(QueuedGrade {
        id,
        sequence,
        grade,
        status: Status::Kept,
        accepted,
        tries: 0,
        next_try,
        message: String::new(),
    })
}

/// Stores the result of an attempt, unless the grade is finished or deleted.
fn settle(
    sqlite: &Connection,
    sequence: u64,
    result: AttemptResult,
    now: u64,
) -> rusqlite::Result<()> {
    let (message, retry_at) = match &result {
        AttemptResult::Delivered => ("", None),
        AttemptResult::Refused { message } | AttemptResult::Expired { message } => {
            (message.as_str(), None)
        }
        AttemptResult::Retry { at, message } => (message.as_str(), Some(at)),
    };
    let tried: Option<([u8; 16], u32, bool)> = sqlite
        .prepare_cached(
            "UPDATE kept SET tries = tries + 1, next_try = COALESCE(?2, next_try), words = ?3
                WHERE sequence = ?1 RETURNING slot, tries, delivered",
        )?
        .query_row((sequence, retry_at, message), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((slot, tries, was_delivered)) = tried else { return Ok(()) };
    match result {
        AttemptResult::Retry { .. } => {
            finish(sqlite, slot, 0, sequence - 1, Status::Superseded, now)
        }
        // The platform accepted the grade earlier, so the result of one more attempt does not
        // matter.
        _ if was_delivered => finish(sqlite, slot, sequence, sequence, Status::Delivered, now),
        AttemptResult::Refused { .. } => {
            finish(sqlite, slot, sequence, sequence, Status::Refused, now)
        }
        AttemptResult::Expired { .. } => {
            finish(sqlite, slot, sequence, sequence, Status::Expired, now)
        }
        AttemptResult::Delivered => {
            finish(sqlite, slot, 0, sequence - 1, Status::Superseded, now)?;
            if may_be_overwritten(sqlite, slot, now)? {
                sqlite
                    .prepare_cached(
                        "UPDATE kept SET delivered = 1, next_try = ?2 WHERE sequence = ?1",
                    )?
                    .execute((sequence, now + LATE_WRITE_WINDOW))?;
            } else if tries == 1 {
                // The upstream receives the result in the response, and never an id.
                sqlite
                    .prepare_cached("DELETE FROM kept WHERE sequence = ?1")?
                    .execute([sequence])?;
            } else {
                finish(sqlite, slot, sequence, sequence, Status::Delivered, now)?;
            }
            Ok(())
        }
    }
}

/// Whether the platform may still process a failed attempt of an older grade of the slot, which
/// would overwrite a newer grade.
fn may_be_overwritten(sqlite: &Connection, slot: [u8; 16], now: u64) -> rusqlite::Result<bool> {
    sqlite
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM finished
                WHERE slot = ?1 AND finished >= ?2 AND (status = 'superseded' OR tries > 1))",
        )?
        .query_row((slot, now.saturating_sub(LATE_WRITE_WINDOW)), |row| row.get(0))
}

/// Finishes the queued grades of a slot between two sequence numbers (inclusive).
fn finish(
    sqlite: &Connection,
    slot: [u8; 16],
    from: u64,
    to: u64,
    status: Status,
    now: u64,
) -> rusqlite::Result<()> {
    sqlite
        .prepare_cached(
            "INSERT INTO finished (sequence, id, slot, tool, sender, host, method, deletes, status,
                    accepted, tries, words, finished)
                SELECT sequence, id, slot, tool, sender, host, method, score IS NULL,
                    CASE WHEN delivered THEN 'delivered' ELSE ?4 END, accepted, tries, words, ?5
                FROM kept WHERE slot = ?1 AND sequence BETWEEN ?2 AND ?3",
        )?
        .execute((slot, from, to, status.name(), now))?;
    sqlite
        .prepare_cached("DELETE FROM kept WHERE slot = ?1 AND sequence BETWEEN ?2 AND ?3")?
        .execute((slot, from, to))?;
    Ok(())
}

/// Deletes finished grades after their retention, and those above the limit: dead letters last,
/// because an admin may want to see them.
fn delete_old(sqlite: &Connection, now: u64, most: u64) -> rusqlite::Result<()> {
    sqlite
        .prepare_cached("DELETE FROM finished WHERE finished < ?1")?
        .execute([now.saturating_sub(RETENTION)])?;
    let surplus = count(sqlite, "finished")?.saturating_sub(most);
    if surplus > 0 {
        sqlite.execute(
            "DELETE FROM finished WHERE sequence IN (SELECT sequence FROM finished
                ORDER BY status IN ('refused', 'expired'), finished, sequence LIMIT ?1)",
            [surplus],
        )?;
    }
    Ok(())
}

/// Selects the grades that are due. It selects per host, so that a long queue of one host does not
/// slow down the others. `full_hosts` is a JSON array.
fn due(
    sqlite: &Connection,
    now: u64,
    limit: usize,
    per_host: usize,
    full_hosts: &str,
) -> rusqlite::Result<Vec<QueuedGrade>> {
    let sql = format!(
        "WITH RECURSIVE hosts (name) AS (
            SELECT MIN(host) FROM kept
            UNION ALL
            SELECT (SELECT MIN(host) FROM kept WHERE host > hosts.name)
                FROM hosts WHERE hosts.name IS NOT NULL
        )
        SELECT {QUEUED_COLUMNS} FROM hosts JOIN kept ON sequence IN (
            SELECT one.sequence FROM kept AS one
            WHERE one.host = hosts.name AND one.next_try <= :now AND {NEWEST}
            ORDER BY one.next_try, one.sequence LIMIT :per_host
        )
        WHERE hosts.name NOT IN (SELECT value FROM json_each(:full_hosts))
        ORDER BY next_try, sequence LIMIT :limit"
    );
    let mut select = sqlite.prepare_cached(&sql)?;
    let parameters = named_params! {
        ":now": now, ":limit": limit, ":per_host": per_host, ":full_hosts": full_hosts,
    };
    select.query_map(parameters, read_queued)?.collect()
}
