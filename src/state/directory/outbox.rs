//! The queue of grades in `grades.sqlite`, and the finished grades of the last days.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lti::{GradePlaceParts, Progress, Score};
use rusqlite::{Connection, OptionalExtension as _, named_params, params};

use super::database::{Database, Flush, connect};
use super::directory_lock::DirectoryLock;
use super::grades_schema::MIGRATIONS;
use super::open_error::OpenError;
use super::read::{FINISHED_COLUMNS, QUEUED_COLUMNS, read_finished, read_queued};
use crate::clock::{Millis, Moment};
use crate::state::error::StateError;
use crate::state::grade::{Action, AttemptResult, Grade, QueuedGrade, Status, StoredGrade};
use crate::state::limits::StateLimits;
use crate::state::outbox::{ClaimLimits, Expiry, HostLimit, Outbox};

/// The retention of finished grades, in seconds.
const RETENTION: u64 = 7 * 24 * 60 * 60;
/// How long a platform may still process a request after the gateway's timeout, in seconds. It is
/// the timeout of edX's servers.
const LATE_WRITE_WINDOW: u64 = 300;
/// The most grades that expire in one transaction.
const MAX_EXPIRED: u32 = 1000;

/// The SQL condition that the grade `one` is the newest queued grade of its slot.
const NEWEST: &str = "NOT EXISTS (SELECT 1 FROM kept AS newer \
    WHERE newer.slot = one.slot AND newer.sequence > one.sequence)";

/// An outbox in a file. A stored grade survives a crash of the process and a power failure.
pub struct DirectoryOutbox {
    database: Database,
    limits: StateLimits,
    earlier_running: u64,
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
        let earlier_running = opened
            .sqlite()
            .execute(
                "UPDATE kept SET next_try = MIN(next_try, CASE WHEN delivered THEN ?2 ELSE ?1 END)",
                [integer(now), integer(now.saturating_add(LATE_WRITE_WINDOW))],
            )
            .and_then(|_| delete_old(opened.sqlite(), now, limits.finished))
            .and_then(|()| read_running(opened.sqlite()))
            .map_err(|error| OpenError::of_sqlite(file, &error))?;
        Ok(Self { database: Database::start(opened, file, lock)?, limits, earlier_running })
    }
}

#[async_trait]
impl Outbox for DirectoryOutbox {
    fn earlier_running(&self) -> u64 {
        self.earlier_running
    }

    async fn write(
        &self,
        grade: Grade,
        accepted: Millis,
        running: u64,
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
                write_running(sqlite, running)?;
                insert(sqlite, grade, accepted, running, first_attempt_until)
            })
            .await
    }

    async fn settle(
        &self,
        grade: &QueuedGrade,
        result: AttemptResult,
        was_sent: bool,
        moment: Moment,
    ) -> Result<(), StateError> {
        let (sequence, most) = (grade.sequence, self.limits.finished);
        self.database
            .run(move |sqlite| {
                write_running(sqlite, moment.running)?;
                settle(sqlite, sequence, result, was_sent, moment.now)?;
                Ok(delete_old(sqlite, moment.now, most)?)
            })
            .await
    }

    async fn stamp(&self, grade: &QueuedGrade, timestamp: Millis) -> Result<(), StateError> {
        let sequence = grade.sequence;
        self.database
            .run(move |sqlite| {
                sqlite
                    .prepare_cached("UPDATE kept SET timestamp = ?2 WHERE sequence = ?1")?
                    .execute((sequence, integer(timestamp.get())))?;
                Ok(())
            })
            .await
    }

    async fn release(&self, grade: &QueuedGrade) -> Result<(), StateError> {
        let sequence = grade.sequence;
        self.database
            .run(move |sqlite| {
                sqlite
                    .prepare_cached("UPDATE kept SET sending = 0 WHERE sequence = ?1")?
                    .execute([sequence])?;
                Ok(())
            })
            .await
    }

    async fn claim(
        &self,
        now: u64,
        until: u64,
        limits: ClaimLimits,
    ) -> Result<Vec<QueuedGrade>, StateError> {
        self.database
            .run(move |sqlite| {
                sqlite
                    .prepare_cached("UPDATE kept SET next_try = ?2 WHERE next_try > ?1")?
                    .execute([integer(limits.latest), integer(until)])?;
                let due = due(sqlite, now, &limits)?;
                let mut update = sqlite.prepare_cached(&format!(
                    "UPDATE kept SET next_try = ?2, tries = MIN(tries + sending, {MAX_TRIES}),
                            arrived = MAX(arrived, sending), sending = 1, queued = 1
                        WHERE sequence = ?1 RETURNING {QUEUED_COLUMNS}"
                ))?;
                due.into_iter()
                    .map(|sequence| Ok(update.query_row([sequence, integer(until)], read_queued)?))
                    .collect()
            })
            .await
    }

    async fn expire(
        &self,
        host: &str,
        expiry: Expiry,
        message: &str,
        moment: Moment,
    ) -> Result<usize, StateError> {
        let (host, message, most) = (host.to_owned(), message.to_owned(), self.limits.finished);
        self.database
            .run(move |sqlite| {
                write_running(sqlite, moment.running)?;
                let expired = expire(sqlite, &host, expiry, &message, moment)?;
                delete_old(sqlite, moment.now, most)?;
                Ok(expired)
            })
            .await
    }

    async fn count(&self, host: &str) -> Result<u64, StateError> {
        let host = host.to_owned();
        self.database
            .run(move |sqlite| {
                Ok(sqlite
                    .prepare_cached("SELECT COUNT(*) FROM kept WHERE host = ?1")?
                    .query_row([host], |row| row.get(0))?)
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

/// The largest number of attempts that fits into a `u32`.
const MAX_TRIES: u32 = u32::MAX;

/// A number as SQLite stores it. A timestamp of a clock that is absurdly far ahead becomes the
/// largest one.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The newest running time in the file.
fn read_running(sqlite: &Connection) -> rusqlite::Result<u64> {
    sqlite.query_row("SELECT MAX(0, seconds) FROM running_time", [], |row| row.get(0))
}

/// Stores the running time. It never decreases.
fn write_running(sqlite: &Connection, running: u64) -> rusqlite::Result<()> {
    sqlite
        .prepare_cached("UPDATE running_time SET seconds = ?1 WHERE seconds < ?1")?
        .execute([integer(running)])?;
    Ok(())
}

fn count(sqlite: &Connection, table: &str) -> rusqlite::Result<u64> {
    sqlite.prepare_cached(&format!("SELECT COUNT(*) FROM {table}"))?.query_row([], |row| row.get(0))
}

fn insert(
    sqlite: &Connection,
    grade: Grade,
    accepted: Millis,
    accepted_running: u64,
    next_try: u64,
) -> Result<QueuedGrade, StateError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| StateError::Unavailable(error.to_string()))?;
    let id = URL_SAFE_NO_PAD.encode(random);
    let (score, comment, progress) = match &grade.action {
        Action::Replace { score, comment, progress } => (
            score.as_ref().map(Score::as_str),
            comment.as_ref(),
            progress.map(Progress::encode).unwrap_or_default(),
        ),
        Action::Delete => (None, None, String::new()),
    };
    let GradePlaceParts { url, learner, protocol, link } = grade.place.parts();
    sqlite
        .prepare_cached(
            "INSERT INTO kept (id, slot, tool, sender, url, host, sourcedid, method, link, score,
                    comment, progress, accepted, accepted_running, tries, sending, next_try, words,
                    delivered, person)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 0, 1, ?15, '',
                    0, ?16)",
        )?
        .execute(params![
            id,
            grade.slot,
            grade.tool,
            grade.sender.encode(),
            url,
            grade.host,
            learner,
            protocol,
            link,
            score,
            comment,
            progress,
            integer(accepted.get()),
            integer(accepted_running),
            integer(next_try),
            grade.person,
        ])?;
    let sequence = sqlite.last_insert_rowid().unsigned_abs();
    Ok(QueuedGrade {
        id,
        sequence,
        grade,
        status: Status::Kept,
        accepted,
        accepted_running,
        timestamp: None,
        arrived: false,
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
    was_sent: bool,
    now: u64,
) -> rusqlite::Result<()> {
    let (message, retry_at, arrived) = match &result {
        AttemptResult::Delivered => ("", None, true),
        AttemptResult::Refused { message } | AttemptResult::Expired { message } => {
            (message.as_str(), None, false)
        }
        AttemptResult::Retry { at, message, arrived } => {
            (message.as_str(), Some(integer(*at)), *arrived)
        }
    };
    let tried: Option<([u8; 16], bool, bool)> = sqlite
        .prepare_cached(&format!(
            "UPDATE kept SET tries = MIN(tries + ?4, {MAX_TRIES}), sending = 0,
                    next_try = COALESCE(?2, next_try), words = ?3, arrived = MAX(arrived, ?5)
                WHERE sequence = ?1 RETURNING slot, queued, delivered"
        ))?
        .query_row((sequence, retry_at, message, was_sent, arrived), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((slot, was_queued, was_delivered)) = tried else { return Ok(()) };
    match result {
        AttemptResult::Retry { .. } => {
            sqlite
                .prepare_cached("UPDATE kept SET queued = 1 WHERE sequence = ?1")?
                .execute([sequence])?;
            finish(sqlite, slot, 0, sequence.saturating_sub(1), Status::Superseded, now)
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
            finish(sqlite, slot, 0, sequence.saturating_sub(1), Status::Superseded, now)?;
            if may_be_overwritten(sqlite, slot, now)? {
                sqlite
                    .prepare_cached(
                        "UPDATE kept SET delivered = 1, next_try = ?2 WHERE sequence = ?1",
                    )?
                    .execute((sequence, integer(now.saturating_add(LATE_WRITE_WINDOW))))?;
            } else if !was_queued {
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
                WHERE slot = ?1 AND finished >= ?2
                    AND (status IN ('superseded', 'expired') OR tries > 1))",
        )?
        .query_row((slot, integer(now.saturating_sub(LATE_WRITE_WINDOW))), |row| row.get(0))
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
                SELECT sequence, id, slot, tool, sender, host, method,
                    score IS NULL AND progress = '',
                    CASE WHEN delivered THEN 'delivered' ELSE ?4 END, accepted, tries, words, ?5
                FROM kept WHERE slot = ?1 AND sequence BETWEEN ?2 AND ?3",
        )?
        .execute((slot, from, to, status.name(), integer(now)))?;
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
        .execute([integer(now.saturating_sub(RETENTION))])?;
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

/// Expires the grades of a host that reached an age, except those with an attempt in progress.
/// Returns the number of dead letters.
fn expire(
    sqlite: &Connection,
    host: &str,
    expiry: Expiry,
    message: &str,
    moment: Moment,
) -> rusqlite::Result<usize> {
    // The latest acceptance that is old enough. Nothing is accepted before 0.
    let latest = |now: u64| now.checked_sub(expiry.age).map_or(-1, integer);
    let latest_millis =
        moment.now.checked_sub(expiry.age).map_or(-1, |at| integer(at.saturating_mul(1000)));
    let mut select = sqlite.prepare_cached(
        "SELECT sequence, slot FROM kept
            WHERE host = :host AND delivered = :delivered
                AND (accepted_running <= :running OR (tries >= :tries AND accepted <= :now))
                AND NOT (sending AND next_try > :lease)
            ORDER BY sequence LIMIT :limit",
    )?;
    let parameters = named_params! {
        ":host": host, ":delivered": expiry.of_delivered, ":running": latest(moment.running),
        ":tries": expiry.tries, ":now": latest_millis, ":lease": integer(moment.now),
        ":limit": MAX_EXPIRED,
    };
    let old: Vec<(u64, [u8; 16])> = select
        .query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (sequence, slot) in &old {
        sqlite
            .prepare_cached("UPDATE kept SET words = ?2 WHERE sequence = ?1 AND words = ''")?
            .execute((sequence, message))?;
        finish(sqlite, *slot, *sequence, *sequence, Status::Expired, moment.now)?;
    }
    Ok(if expiry.of_delivered { 0 } else { old.len() })
}

/// Selects the grades that are due. It selects per host, so that a long queue of one host does not
/// slow down the others.
fn due(sqlite: &Connection, now: u64, limits: &ClaimLimits) -> rusqlite::Result<Vec<i64>> {
    let select = |index: &str, order: &str| {
        sqlite.prepare_cached(&format!(
            "SELECT one.next_try, one.sequence, one.slot FROM kept AS one INDEXED BY {index}
                WHERE one.host = ?1 AND one.next_try <= ?2 AND {NEWEST}
                ORDER BY {order}"
        ))
    };
    let mut longest_due = select("kept_by_host", "one.next_try, one.sequence")?;
    let mut least_tried = select("kept_by_tries", "one.tries, one.next_try, one.sequence")?;
    let mut next_host = sqlite.prepare_cached("SELECT MIN(host) FROM kept WHERE host > ?1")?;
    let mut host: Option<String> =
        sqlite.prepare_cached("SELECT MIN(host) FROM kept")?.query_row([], |row| row.get(0))?;
    let mut found: Vec<(i64, i64, bool)> = Vec::new();
    while let Some(name) = host {
        let limit = limits.of(&name);
        let (statement, most) = match limit {
            HostLimit::Flow(most) => (&mut longest_due, most),
            HostLimit::Probe => (&mut least_tried, 1),
            HostLimit::ProbeLongestDue => (&mut longest_due, 1),
            HostLimit::Wait => (&mut longest_due, 0),
        };
        if most > 0 {
            let rows = statement.query_map((&name, integer(now)), |row| {
                Ok(((row.get(0)?, row.get(1)?, limit.is_probe()), row.get(2)?))
            })?;
            let is_free = |row: &rusqlite::Result<(_, [u8; 16])>| {
                row.as_ref().map_or(true, |(_, slot)| !limits.busy_slots.contains(slot))
            };
            for row in rows.filter(is_free).take(most) {
                found.push(row?.0);
            }
        }
        host = next_host.query_row([&name], |row| row.get(0))?;
    }
    found.sort_unstable();
    let mut probes = limits.probes;
    found.retain(|(_, _, is_probe)| {
        let fits = !is_probe || probes > 0;
        probes = probes.saturating_sub(usize::from(*is_probe));
        fits
    });
    Ok(found.into_iter().take(limits.total).map(|(_, sequence, _)| sequence).collect())
}
