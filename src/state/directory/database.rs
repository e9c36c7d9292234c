//! A SQLite file, and the one thread that reads and writes it.
//!
//! Whatever waits when the thread comes to it is one transaction, so that many launches share what a commit takes. A job
//! is answered when its transaction is committed, never before.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rocket::tokio::sync::oneshot;
use rocket::tokio::time::timeout;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{OpenError, create};
use crate::state::StateError;

/// The most jobs that wait for the thread.
const QUEUE: usize = 4096;
/// The most jobs of one transaction.
const TOGETHER: usize = 512;
/// How long a job is waited for. A disk that takes longer is as good as none.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a transaction waits for another process, which only reads, and only holds up the others while it recovers what
/// a killed one left.
const BUSY: Duration = Duration::from_secs(1);
/// How long nothing is to do before the journal is emptied.
const IDLE: Duration = Duration::from_secs(1);
/// The version of the files' form.
const VERSION: i64 = 1;

/// When what is committed reaches the disk itself. A killed process loses nothing either way; a machine that loses its power
/// may lose what has not reached it.
#[derive(Clone, Copy)]
pub(super) enum Flush {
    /// Before the commit returns.
    AtOnce,
    /// A little later.
    Later,
}

/// Opens a file for reading and writing, and makes it with this schema if it is not there.
pub(super) fn connect(file: &Path, schema: &str, flush: Flush) -> Result<Connection, OpenError> {
    // SQLite would make it readable for everybody; its other files take the rights of this one.
    create(file)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags)
        .and_then(|mut sqlite| prepare(&mut sqlite, schema, flush).map(|version| (sqlite, version)))
        .map_err(|error| OpenError::of_sqlite(file, &error))
        .and_then(|(sqlite, version)| known(file, version).map(|()| sqlite))
}

/// Opens a file only for reading, whether another process writes it or not.
pub(super) fn connect_to_read(file: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let sqlite = Connection::open_with_flags(file, flags)?;
        sqlite.busy_timeout(BUSY)?;
        let version = version(&sqlite)?;
        Ok((sqlite, version))
    };
    let (sqlite, version) = open().map_err(|error| OpenError::of_sqlite(file, &error))?;
    known(file, version).map(|()| sqlite)
}

/// Sets up a connection, and the file if it is new. Returns the version of its form.
fn prepare(sqlite: &mut Connection, schema: &str, flush: Flush) -> rusqlite::Result<i64> {
    sqlite.busy_timeout(BUSY)?;
    // Readers and the writer do not wait for each other, and a commit appends to one file.
    sqlite.pragma_update(None, "journal_mode", "wal")?;
    let synchronous = match flush {
        Flush::AtOnce => "full",
        Flush::Later => "normal",
    };
    sqlite.pragma_update(None, "synchronous", synchronous)?;
    // What is deleted is written over, and nothing is put into files elsewhere.
    sqlite.pragma_update(None, "secure_delete", true)?;
    sqlite.pragma_update(None, "temp_store", "memory")?;
    let transaction = sqlite.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if version(&transaction)? == 0 {
        transaction.execute_batch(schema)?;
        write_version(&transaction)?;
    }
    let version = version(&transaction)?;
    transaction.commit()?;
    Ok(version)
}

fn version(sqlite: &Connection) -> rusqlite::Result<i64> {
    sqlite.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn write_version(sqlite: &Connection) -> rusqlite::Result<()> {
    sqlite.pragma_update(None, "user_version", VERSION)
}

fn known(file: &Path, version: i64) -> Result<(), OpenError> {
    if version == VERSION { Ok(()) } else { Err(OpenError::OtherVersion(file.to_owned(), version)) }
}

/// An open file with its thread. Fields are dropped in their order: the thread ends when nothing can be sent to it any
/// more, then it is waited for, then the directory is free.
pub(super) struct Database {
    /// The file's, for the log.
    name: String,
    jobs: SyncSender<Box<dyn Job>>,
    _thread: Thread,
    _lock: Arc<File>,
}

impl Database {
    /// Gives the connection a thread. `lock` is held for as long as the file is open.
    pub(super) fn start(sqlite: Connection, file: &Path, lock: &Arc<File>) -> Result<Self, OpenError> {
        let (jobs, queue) = sync_channel(QUEUE);
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let thread = std::thread::Builder::new()
            .name(name.clone())
            .spawn(move || work(sqlite, &queue))
            .map_err(|error| OpenError::inaccessible(file, &error))?;
        Ok(Self { name, jobs, _thread: Thread(Some(thread)), _lock: Arc::clone(lock) })
    }

    /// Does this in a transaction and returns when it is committed. If it fails, nothing of it has happened; if it takes
    /// too long, it may still.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let result = self.ask(work).await;
        if let Err(StateError::Unavailable(why)) = &result {
            tracing::error!(target: "state", file = self.name, why, "cannot be used");
        }
        result
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let (answer, answered) = oneshot::channel();
        let unavailable = |why: &str| Err(StateError::Unavailable(why.to_owned()));
        match self.jobs.try_send(Box::new(Task { work: Some(work), result: None, answer })) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return unavailable("more is to be written than the disk can take"),
            Err(TrySendError::Disconnected(_)) => return unavailable("its thread has ended"),
        }
        match timeout(PATIENCE, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => unavailable("its thread has ended"),
            Err(_) => unavailable("the disk takes too long"),
        }
    }

    /// Whether it can be written to: writes what stands there already.
    pub(super) async fn is_reachable(&self) -> bool {
        self.run(|sqlite| Ok(write_version(sqlite)?)).await.is_ok()
    }
}

/// A thread that is waited for when it is dropped.
struct Thread(Option<JoinHandle<()>>);

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            // It has nothing to say that its jobs were not told.
            let _ = thread.join();
        }
    }
}

/// What the thread is asked to do.
trait Job: Send {
    /// Does it. An error means that what it did is to be undone.
    fn run(&mut self, sqlite: &Connection) -> Result<(), StateError>;

    /// Tells whoever waits for it what became of it, now that it is committed or could not be.
    fn answer(self: Box<Self>, committed: Result<(), StateError>);
}

struct Task<F, T> {
    work: Option<F>,
    result: Option<Result<T, StateError>>,
    answer: oneshot::Sender<Result<T, StateError>>,
}

impl<F, T> Job for Task<F, T>
where
    F: FnOnce(&Connection) -> Result<T, StateError> + Send,
    T: Send,
{
    fn run(&mut self, sqlite: &Connection) -> Result<(), StateError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let result = work(sqlite);
        let outcome = result.as_ref().map(|_| ()).map_err(StateError::clone);
        self.result = Some(result);
        outcome
    }

    fn answer(self: Box<Self>, committed: Result<(), StateError>) {
        let answer = match (self.result, committed) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            // It is never committed without having run.
            (None, Ok(())) => Err(StateError::Unavailable("it was not done".to_owned())),
        };
        // Whoever asked may have gone.
        let _ = self.answer.send(answer);
    }
}

/// What the thread does until nobody can ask it any more.
fn work(mut sqlite: Connection, queue: &Receiver<Box<dyn Job>>) {
    // What another process left in the journal is emptied, too.
    let mut written = true;
    loop {
        let next = if written { queue.recv_timeout(IDLE) } else { queue.recv().map_err(Into::into) };
        match next {
            Ok(first) => {
                let mut jobs = vec![first];
                jobs.extend(queue.try_iter().take(TOGETHER - 1));
                let committed = transact(&mut sqlite, &mut jobs);
                for job in jobs {
                    job.answer(committed.clone());
                }
                written = true;
            }
            Err(RecvTimeoutError::Timeout) => written = !empty_journal(&sqlite),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
}

/// Does the jobs in one transaction. What one of them did alone is undone if it fails; if the transaction fails, nothing
/// of any has happened.
fn transact(sqlite: &mut Connection, jobs: &mut [Box<dyn Job>]) -> Result<(), StateError> {
    let mut transaction = sqlite.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in jobs {
        let savepoint = transaction.savepoint()?;
        match job.run(&savepoint) {
            Ok(()) => savepoint.commit()?,
            // After some errors, such as a full disk, SQLite itself has undone the whole transaction.
            Err(error) if savepoint.is_autocommit() => return Err(error),
            Err(_) => savepoint.finish()?,
        }
    }
    Ok(transaction.commit()?)
}

/// Brings what the journal holds into the file and empties it, so that what was deleted stands in neither. Says whether
/// it could, which it cannot while another process reads.
fn empty_journal(sqlite: &Connection) -> bool {
    let empty = || {
        sqlite.busy_timeout(Duration::ZERO)?;
        sqlite.query_row("PRAGMA wal_checkpoint(truncate)", [], |row| row.get::<_, bool>(0))
    };
    let emptied = empty().is_ok_and(|busy| !busy);
    sqlite.busy_timeout(BUSY).is_ok() && emptied
}

impl From<rusqlite::Error> for StateError {
    /// SQLite's words name tables and columns, never what is in them.
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
