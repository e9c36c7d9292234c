//! The schema of `grades.sqlite`, version by version.

use lti::{ConsumerKey, Sender};
use rusqlite::Connection;

use super::database::Migration;

/// The migrations to the newest version. The version of a file is the number of its applied
/// migrations: append new migrations, and never change old ones.
pub(super) const MIGRATIONS: &[Migration] = &[
    create,
    name_senders_and_count_milliseconds,
    count_running_time_and_sent_attempts,
    add_line_items,
];

/// Version 1. Queued and finished grades have separate tables: the second has no columns for
/// personal data. A grade without a score clears the learner's result. SQLite never reuses a
/// `sequence`.
fn create(sqlite: &Connection) -> rusqlite::Result<()> {
    sqlite.execute_batch(
        "CREATE TABLE kept (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            slot BLOB NOT NULL,
            tool TEXT NOT NULL,
            consumer_key TEXT NOT NULL,
            url TEXT NOT NULL,
            host TEXT NOT NULL,
            sourcedid TEXT NOT NULL,
            method TEXT NOT NULL,
            score TEXT,
            comment TEXT,
            accepted INTEGER NOT NULL,
            tries INTEGER NOT NULL,
            next_try INTEGER NOT NULL,
            words TEXT NOT NULL,
            delivered INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX kept_by_slot ON kept (slot, sequence);
        CREATE INDEX kept_by_consumer ON kept (tool, consumer_key);
        CREATE INDEX kept_by_host ON kept (host, next_try);
        CREATE INDEX kept_by_time ON kept (next_try);
        CREATE TABLE finished (
            sequence INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            slot BLOB NOT NULL,
            tool TEXT NOT NULL,
            consumer_key TEXT NOT NULL,
            host TEXT NOT NULL,
            method TEXT NOT NULL,
            deletes INTEGER NOT NULL,
            status TEXT NOT NULL,
            accepted INTEGER NOT NULL,
            tries INTEGER NOT NULL,
            words TEXT NOT NULL,
            finished INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX finished_by_time ON finished (finished);
        CREATE INDEX finished_by_slot ON finished (slot, finished);",
    )
}

/// Version 2. The string form of a sender replaces the consumer key. `accepted` is in milliseconds.
fn name_senders_and_count_milliseconds(sqlite: &Connection) -> rusqlite::Result<()> {
    sqlite.execute_batch(
        "ALTER TABLE kept RENAME COLUMN consumer_key TO sender;
        ALTER TABLE finished RENAME COLUMN consumer_key TO sender;
        DROP INDEX kept_by_consumer;
        CREATE INDEX kept_by_sender ON kept (tool, sender);",
    )?;
    for table in ["kept", "finished"] {
        // A clock far in the future must not stop the migration.
        sqlite.execute(
            &format!("UPDATE {table} SET accepted = 1000 * MIN(accepted, {})", i64::MAX / 1000),
            [],
        )?;
        // Row by row: the encoded form of one key may be another key.
        let mut select = sqlite.prepare(&format!("SELECT sequence, sender FROM {table}"))?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let rows: Vec<(i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
        let sql = format!("UPDATE {table} SET sender = ?2 WHERE sequence = ?1");
        let mut update = sqlite.prepare(&sql)?;
        for (sequence, key) in rows {
            let sender = Sender::Consumer(ConsumerKey::from(key.as_str())).encode();
            if sender != key {
                update.execute((sequence, sender))?;
            }
        }
    }
    Ok(())
}

/// Version 3. `accepted_running` is the running time at the acceptance; `running_time` has the
/// newest one. `tries` counts the attempts that were sent or may have been sent. `sending` is 1
/// while an attempt has no result: the attempt of a process that has ended may have been sent.
/// `queued` is 1 after the first attempt, if it did not finish the grade: an upstream may know its
/// id.
fn count_running_time_and_sent_attempts(sqlite: &Connection) -> rusqlite::Result<()> {
    sqlite.execute_batch(
        "CREATE TABLE running_time (
            row INTEGER PRIMARY KEY CHECK (row = 1),
            seconds INTEGER NOT NULL
        ) STRICT;
        INSERT INTO running_time (row, seconds) VALUES (1, 0);
        ALTER TABLE kept ADD COLUMN accepted_running INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE kept ADD COLUMN sending INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE kept ADD COLUMN queued INTEGER NOT NULL DEFAULT 0;
        UPDATE kept SET sending = tries = 0, queued = tries > 0;
        CREATE INDEX kept_by_tries ON kept (host, tries, next_try);",
    )
}

/// Version 4. `link` is the resource link of a grade whose `url` is that of a course's line items.
/// `progress` has the progress of AGS if the upstream sent one: activity and grading, separated by
/// a space. `timestamp` is that of a score, in milliseconds, if it is not `accepted`. `arrived` is
/// 1 if the platform may have received the score.
fn add_line_items(sqlite: &Connection) -> rusqlite::Result<()> {
    sqlite.execute_batch(
        "ALTER TABLE kept ADD COLUMN link TEXT NOT NULL DEFAULT '';
        ALTER TABLE kept ADD COLUMN progress TEXT NOT NULL DEFAULT '';
        ALTER TABLE kept ADD COLUMN timestamp INTEGER;
        ALTER TABLE kept ADD COLUMN arrived INTEGER NOT NULL DEFAULT 0;
        -- A hash of the learner's id for upstreams, if it is known.
        ALTER TABLE kept ADD COLUMN person BLOB;
        CREATE INDEX kept_by_person ON kept (person);",
    )
}

/// The units of `accepted` per second in a file of this version.
pub(super) fn accepted_per_second(version: i64) -> u64 {
    if version < 2 { 1 } else { 1000 }
}
