//! The thread of a database: it runs the jobs, checks that the files are in place, and moves the
//! write-ahead log into the file.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};

use super::health::FileHealth;
use super::job::Job;
use super::sqlite::{checkpoint, write_version};
use super::watch::Watch;
use crate::state::error::StateError;

/// The most jobs of one transaction.
const BATCH_SIZE: usize = 512;
/// The interval between a write and the next checkpoint of the write-ahead log.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);
/// The interval between two inspections. An inspection checks that the files are in place, also
/// without jobs. After a failure, it probes whether the file can be written again.
const INSPECTION_INTERVAL: Duration = Duration::from_secs(10);

/// The thread's part of a database.
pub(super) struct Worker {
    /// The open file.
    pub(super) sqlite: Connection,
    /// The version of the file's schema.
    pub(super) version: i64,
    /// The paths of the file.
    pub(super) watch: Watch,
    /// The result of the last write.
    pub(super) health: Arc<FileHealth>,
}

impl Worker {
    /// Runs jobs until the queue is closed.
    pub(super) fn work(mut self, queue: &Receiver<Box<dyn Job>>) {
        let mut schedule = Schedule::new(Instant::now());
        loop {
            match queue.recv_timeout(schedule.pause(Instant::now())) {
                Ok(first) => {
                    let mut jobs = vec![first];
                    jobs.extend(queue.try_iter().take(BATCH_SIZE - 1));
                    if self.run(jobs) {
                        schedule.wrote(Instant::now());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if schedule.checkpoint_is_due(Instant::now()) && !self.checkpoint() {
                schedule.wrote(Instant::now());
            }
            if schedule.inspection_is_due(Instant::now()) && self.inspect() {
                schedule.wrote(Instant::now());
            }
        }
        if self.watch.check().is_err() {
            // SQLite would complete a file that was emptied, and delete a log of this name.
            let _ = self.sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }

    /// Runs jobs in one transaction, if the files are in place before and after it. Returns whether
    /// they wrote.
    fn run(&mut self, mut jobs: Vec<Box<dyn Job>>) -> bool {
        let changes = self.sqlite.total_changes();
        let committed = self.in_place().and_then(|()| transact(&mut self.sqlite, &mut jobs));
        let wrote = self.sqlite.total_changes() != changes;
        // The files may have gone before the commit, which is then lost.
        let committed = if wrote { committed.and_then(|()| self.in_place()) } else { committed };
        if committed.is_ok() && wrote {
            self.watch.wrote();
        }
        let failure = match &committed {
            Err(StateError::Unavailable(why)) => Some(why.as_str()),
            _ => jobs.iter().find_map(|job| job.failure()),
        };
        // Before the callers get their results: they may ask for the health.
        match failure {
            Some(why) => self.health.failed(why),
            None if wrote => self.health.succeeded(),
            None => {}
        }
        for job in jobs {
            job.finish(committed.clone());
        }
        wrote
    }

    /// Moves the write-ahead log into the file. Returns whether it succeeded.
    fn checkpoint(&mut self) -> bool {
        let succeeded = self.in_place().is_ok() && checkpoint(&self.sqlite);
        if succeeded {
            self.watch.checkpointed();
        }
        succeeded
    }

    /// Checks that the files are in place. If the last write failed, writes the version that the
    /// file already has. Returns whether it wrote.
    fn inspect(&mut self) -> bool {
        if let Err(StateError::Unavailable(why)) = self.in_place() {
            self.health.failed(&why);
            return false;
        }
        if self.health.is_good() {
            return false;
        }
        match write_version(&self.sqlite, self.version) {
            Ok(()) => self.health.succeeded(),
            Err(error) => self.health.failed(&error.to_string()),
        }
        true
    }

    /// Checks that the files are in place.
    fn in_place(&mut self) -> Result<(), StateError> {
        // After a checkpoint of another process, such as the program sqlite3, this one succeeds.
        if self.watch.log_is_shorter() && checkpoint(&self.sqlite) {
            self.watch.checkpointed();
        }
        self.watch.check().map_err(StateError::Unavailable)
    }
}

/// When the thread must act without a job.
struct Schedule {
    checkpoint_at: Option<Instant>,
    inspection_at: Instant,
}

impl Schedule {
    fn new(now: Instant) -> Self {
        // The log of an earlier process needs a checkpoint too.
        Self {
            checkpoint_at: Some(now + CHECKPOINT_INTERVAL),
            inspection_at: now + INSPECTION_INTERVAL,
        }
    }

    /// How long the thread may wait for a job.
    fn pause(&self, now: Instant) -> Duration {
        let next = self.checkpoint_at.map_or(self.inspection_at, |at| at.min(self.inspection_at));
        next.saturating_duration_since(now)
    }

    /// The write-ahead log has something new.
    fn wrote(&mut self, now: Instant) {
        self.checkpoint_at = self.checkpoint_at.or(Some(now + CHECKPOINT_INTERVAL));
    }

    /// Whether a checkpoint is due. It is then no longer due.
    fn checkpoint_is_due(&mut self, now: Instant) -> bool {
        self.checkpoint_at.take_if(|at| *at <= now).is_some()
    }

    /// Whether an inspection is due. The next one is due after the interval.
    fn inspection_is_due(&mut self, now: Instant) -> bool {
        let is_due = self.inspection_at <= now;
        if is_due {
            self.inspection_at = now + INSPECTION_INTERVAL;
        }
        is_due
    }
}

/// Runs the jobs in one transaction, each in a savepoint. If a job fails, only its changes are
/// undone. If the transaction fails, the changes of all jobs are undone.
fn transact(sqlite: &mut Connection, jobs: &mut [Box<dyn Job>]) -> Result<(), StateError> {
    let mut transaction = sqlite.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in jobs {
        let savepoint = transaction.savepoint()?;
        match job.run(&savepoint) {
            Ok(()) => savepoint.commit()?,
            // After some errors, such as a full disk, SQLite has rolled back the whole transaction.
            Err(error) if savepoint.is_autocommit() => return Err(error),
            Err(_) => savepoint.finish()?,
        }
    }
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inspection_is_due_once_in_ten_seconds_however_often_the_thread_asks() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start);
        let mut due = Vec::new();
        for millis in 0..60_000 {
            if schedule.inspection_is_due(start + Duration::from_millis(millis)) {
                due.push(millis);
            }
        }
        assert_eq!(due, [10_000, 20_000, 30_000, 40_000, 50_000]);
        // After a pause, such as a suspended machine, it catches nothing up.
        let late = start + Duration::from_secs(1000);
        assert!(schedule.inspection_is_due(late));
        assert!(!schedule.inspection_is_due(late + Duration::from_millis(9999)));
    }

    #[test]
    fn the_thread_wakes_for_the_next_checkpoint_or_inspection() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut schedule = Schedule::new(start);
        assert_eq!(schedule.pause(start), Duration::from_secs(1));
        assert!(!schedule.checkpoint_is_due(at(999)));
        assert!(schedule.checkpoint_is_due(at(1000)));
        assert!(!schedule.checkpoint_is_due(at(1000)), "only after the next write");
        assert_eq!(schedule.pause(at(1000)), Duration::from_secs(9));
        schedule.wrote(at(2000));
        schedule.wrote(at(2500));
        assert!(schedule.checkpoint_is_due(at(3000)), "a second after the first write");
        assert_eq!(schedule.pause(at(99_000)), Duration::ZERO);
    }
}
