//! The replay store in `replay.sqlite`. Lookups use a copy in memory; the file survives restarts.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use lti::{MemoryReplay, Nonce, Spent};
use rusqlite::Connection;

use super::database::{Database, Flush, Migration, connect};
use super::directory_lock::DirectoryLock;
use super::open_error::OpenError;
use crate::state::limits::StateLimits;
use crate::state::replay::Replay;

/// The interval between two deletions of expired nonces from the disk, in seconds.
const CLEANUP_INTERVAL: u64 = 60;

/// The migrations to the newest version of `replay.sqlite`.
const MIGRATIONS: &[Migration] = &[create];

/// Version 1.
fn create(sqlite: &Connection) -> rusqlite::Result<()> {
    sqlite.execute_batch(
        "CREATE TABLE nonce (
            acceptable_until INTEGER NOT NULL,
            bytes BLOB NOT NULL,
            PRIMARY KEY (acceptable_until, bytes)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE forgotten (
            row INTEGER PRIMARY KEY CHECK (row = 1),
            until INTEGER NOT NULL
        ) STRICT;",
    )
}

/// A replay store that survives restarts. It writes a nonce to the file before the nonce counts as
/// spent. A crash of the process loses no nonce; a power failure may lose those of the last
/// seconds.
pub struct DirectoryReplay {
    memory: MemoryReplay,
    database: Database,
    /// The timestamp of the last cleanup, in seconds since the epoch.
    cleaned_up: AtomicU64,
}

impl DirectoryReplay {
    pub(super) fn open(
        file: &Path,
        lock: &Arc<DirectoryLock>,
        now: u64,
        limits: StateLimits,
    ) -> Result<Self, OpenError> {
        let opened = connect(file, MIGRATIONS, Flush::Later)?;
        let (nonces, forgotten_until) =
            load(opened.sqlite(), now).map_err(|error| OpenError::of_sqlite(file, &error))?;
        Ok(Self {
            memory: MemoryReplay::restore(limits.nonces, nonces, forgotten_until),
            database: Database::start(opened, file, lock)?,
            cleaned_up: AtomicU64::new(now),
        })
    }
}

#[async_trait]
impl Replay for DirectoryReplay {
    async fn spend(&self, nonce: &Nonce, now: u64) -> Spent {
        let spent = self.memory.spend(nonce, now);
        if spent != Spent::Now {
            return spent;
        }
        let (until, bytes) = (stored(nonce.acceptable_until()), nonce.to_bytes());
        // `abs_diff`: a clock that was far ahead must not delay the cleanup.
        let cleanup_is_due =
            now.abs_diff(self.cleaned_up.load(Ordering::Relaxed)) >= CLEANUP_INTERVAL;
        if cleanup_is_due {
            self.cleaned_up.store(now, Ordering::Relaxed);
        }
        let written = self
            .database
            .run(move |sqlite| {
                if cleanup_is_due {
                    delete_expired(sqlite, now)?;
                }
                let mut insert = sqlite.prepare_cached(
                    "INSERT INTO nonce (acceptable_until, bytes) VALUES (?1, ?2)",
                )?;
                insert.execute((until, bytes))?;
                Ok(())
            })
            .await;
        if written.is_ok() { Spent::Now } else { Spent::Unavailable }
    }

    async fn is_reachable(&self) -> bool {
        self.database.is_reachable().await
    }
}

/// The nonces that are not expired at `now`, and the latest expiry of all deleted nonces.
fn load(sqlite: &Connection, now: u64) -> rusqlite::Result<(Vec<Nonce>, Option<u64>)> {
    delete_expired(sqlite, now)?;
    let forgotten = sqlite.query_row("SELECT MAX(until) FROM forgotten", [], |row| row.get(0))?;
    let mut select = sqlite.prepare("SELECT bytes FROM nonce")?;
    let nonces =
        select.query_map([], |row| row.get(0).map(|bytes: [u8; 40]| Nonce::from_bytes(&bytes)))?;
    Ok((nonces.collect::<rusqlite::Result<_>>()?, forgotten))
}

/// Seconds since the epoch as SQLite stores them. It has no larger number; the clock that shows one
/// is wrong.
fn stored(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// Deletes expired nonces, and records the latest expiry among them. After the clock is set back,
/// the store can then still reject the deleted nonces.
fn delete_expired(sqlite: &Connection, now: u64) -> rusqlite::Result<()> {
    let now = stored(now);
    sqlite.execute(
        "INSERT INTO forgotten (row, until)
            SELECT 1, MAX(acceptable_until) FROM nonce WHERE acceptable_until < ?1
                HAVING MAX(acceptable_until) IS NOT NULL
            ON CONFLICT (row) DO UPDATE SET until = MAX(until, excluded.until)",
        [now],
    )?;
    sqlite.execute("DELETE FROM nonce WHERE acceptable_until < ?1", [now])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use lti::{Account, Sender};
    use tempfile::tempdir;

    use super::*;

    const NOW: u64 = 1_700_000_000;
    const LIMITS: StateLimits =
        StateLimits { nonces: 100_000, queued: 10, queued_per_sender: 10, finished: 10 };

    #[test]
    fn on_a_full_disk_no_nonce_is_spent() {
        let directory = tempdir().expect("a directory");
        let runtime = rocket::tokio::runtime::Builder::new_current_thread().enable_time().build();
        let spend = |replay: &DirectoryReplay, number: u32| {
            let account = Account::new("a", &Sender::Consumer("key-1".into()));
            let nonce = Nonce::new(account, [1; 16], NOW, &number.to_string(), NOW + 300);
            runtime.as_ref().expect("a runtime").block_on(replay.spend(&nonce, NOW))
        };
        let lock = Arc::new(DirectoryLock::acquire(directory.path()).expect("a lock"));
        let file = directory.path().join("replay.sqlite");
        let open = || DirectoryReplay::open(&file, &lock, NOW, LIMITS).expect("opened");
        let replay = open();
        let limit = |pages: u32| {
            let set = replay
                .database
                .run(move |sqlite| Ok(sqlite.pragma_update(None, "max_page_count", pages)?));
            runtime.as_ref().expect("a runtime").block_on(set).expect("set");
        };
        limit(5);
        let full =
            (0..).find(|number| spend(&replay, *number) != Spent::Now).expect("the disk fills up");
        assert!((50..1000).contains(&full), "{full}");
        for number in full + 1..full + 10 {
            assert_eq!(spend(&replay, number), Spent::Unavailable);
        }
        limit(1000);
        assert_eq!(spend(&replay, full), Spent::Before, "the copy in memory has it");
        assert_eq!(spend(&replay, full + 10), Spent::Now);
        drop(replay);

        let replay = open();
        for number in (0..full).chain([full + 10]) {
            assert_eq!(spend(&replay, number), Spent::Before);
        }
    }
}
