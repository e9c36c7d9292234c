//! The nonces that were spent, in memory to be looked up, and on the disk to be there after a restart.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use lti::{MemoryReplay, Nonce, Spent};
use rusqlite::Connection;

use super::database::{Database, Flush, Step, connect};
use super::open_error::OpenError;
use crate::state::bounds::Bounds;
use crate::state::replay::Replay;

/// How often what is not needed any more is taken off the disk, in seconds.
const TIDY: u64 = 60;

/// The steps to the newest version of `replay.sqlite`.
const STEPS: &[Step] = &[create];

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

/// Each nonce once, also after a restart. The disk is written before a nonce counts as spent; a machine that loses its power
/// may forget those of its last seconds, a process that is killed forgets none.
pub struct DirectoryReplay {
    memory: MemoryReplay,
    database: Database,
    /// When the disk was last tidied up.
    tidied: AtomicU64,
}

impl DirectoryReplay {
    pub(super) fn open(
        file: &Path,
        lock: &Arc<File>,
        now: u64,
        bounds: Bounds,
    ) -> Result<Self, OpenError> {
        let opened = connect(file, STEPS, Flush::Later)?;
        let (nonces, forgotten_until) =
            load(opened.sqlite(), now).map_err(|error| OpenError::of_sqlite(file, &error))?;
        Ok(Self {
            memory: MemoryReplay::restore(
                bounds.nonces,
                bounds.nonces_per_sender,
                nonces,
                forgotten_until,
            ),
            database: Database::start(opened, file, lock)?,
            tidied: AtomicU64::new(now),
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
        let (until, bytes) = (nonce.acceptable_until(), nonce.to_bytes());
        // A clock that was far ahead must not put it off for long.
        let tidy = now.abs_diff(self.tidied.load(Ordering::Relaxed)) >= TIDY;
        if tidy {
            self.tidied.store(now, Ordering::Relaxed);
        }
        let written = self
            .database
            .run(move |sqlite| {
                if tidy {
                    forget_before(sqlite, now)?;
                }
                let mut insert = sqlite.prepare_cached(
                    "INSERT INTO nonce (acceptable_until, bytes) VALUES (?1, ?2)",
                )?;
                insert.execute((until, bytes))?;
                Ok(())
            })
            .await;
        if written.is_ok() { Spent::Now } else { Spent::Unknown }
    }

    async fn is_reachable(&self) -> bool {
        self.database.is_reachable().await
    }
}

/// The nonces that can still come again at `now`, and the latest expiry of those that were forgotten.
fn load(sqlite: &Connection, now: u64) -> rusqlite::Result<(Vec<Nonce>, Option<u64>)> {
    forget_before(sqlite, now)?;
    let forgotten = sqlite.query_row("SELECT MAX(until) FROM forgotten", [], |row| row.get(0))?;
    let mut select = sqlite.prepare("SELECT bytes FROM nonce")?;
    let nonces =
        select.query_map([], |row| row.get(0).map(|bytes: [u8; 40]| Nonce::from_bytes(&bytes)))?;
    Ok((nonces.collect::<rusqlite::Result<_>>()?, forgotten))
}

/// Takes off the disk what has expired. The memory has forgotten it already, or never knew it, and the latest expiry of it
/// is remembered: a clock that is set back must not make it new again.
fn forget_before(sqlite: &Connection, now: u64) -> rusqlite::Result<()> {
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
    use tempfile::tempdir;

    use super::*;

    const NOW: u64 = 1_700_000_000;
    const BOUNDS: Bounds = Bounds {
        nonces: 100_000,
        nonces_per_sender: 100_000,
        kept: 10,
        kept_per_sender: 10,
        finished: 10,
    };

    /// Nobody is let in whose launch could not be written down.
    #[test]
    fn on_a_full_disk_nonces_are_not_spent() {
        let folder = tempdir().expect("a folder");
        let runtime = rocket::tokio::runtime::Builder::new_current_thread().enable_time().build();
        let spend = |replay: &DirectoryReplay, number: u32| {
            let nonce = Nonce::new([1; 16], NOW, &number.to_string(), NOW + 300);
            runtime.as_ref().expect("a runtime").block_on(replay.spend(&nonce, NOW))
        };
        let lock = Arc::new(File::create(folder.path().join("lock")).expect("a file"));
        let file = folder.path().join("replay.sqlite");
        let open = || DirectoryReplay::open(&file, &lock, NOW, BOUNDS).expect("opened");
        let replay = open();
        let limit = |pages: u32| {
            let set = replay
                .database
                .run(move |sqlite| Ok(sqlite.pragma_update(None, "max_page_count", pages)?));
            runtime.as_ref().expect("a runtime").block_on(set).expect("set");
        };
        limit(5);
        let full =
            (0..).find(|number| spend(&replay, *number) != Spent::Now).expect("it is full one day");
        assert!((50..1000).contains(&full), "{full}");
        for number in full + 1..full + 10 {
            assert_eq!(spend(&replay, number), Spent::Unknown);
        }
        limit(1000);
        assert_eq!(spend(&replay, full), Spent::Before, "this process has seen it");
        assert_eq!(spend(&replay, full + 10), Spent::Now);
        drop(replay);

        let replay = open();
        for number in (0..full).chain([full + 10]) {
            assert_eq!(spend(&replay, number), Spent::Before);
        }
    }
}
