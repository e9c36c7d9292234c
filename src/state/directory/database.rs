//! A SQLite file, and the one thread that reads and writes it.
//!
//! Whatever waits when the thread comes to it is one transaction, so that many launches share what a commit takes. A job
//! is answered when its transaction is committed, never before.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rocket::tokio::sync::oneshot;
use rocket::tokio::time::timeout;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::file::create;
use super::open_error::OpenError;
use crate::state::error::StateError;

/// The most jobs that wait for the thread.
const QUEUE: usize = 4096;
/// The most jobs of one transaction.
const TOGETHER: usize = 512;
/// How long a job is waited for. A disk that takes longer is as good as none.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a transaction waits for another process, which only reads, and only holds up the others while it recovers what
/// a killed one left.
const BUSY: Duration = Duration::from_secs(1);
/// How long something stands in the journal before it is emptied.
const REST: Duration = Duration::from_secs(1);

/// A step from one version of a file's form to the next. Version 0 is an empty file, and a version is the
/// number of steps that a file has taken.
pub(super) type Step = fn(&Connection) -> rusqlite::Result<()>;

/// When what is committed reaches the disk itself. A killed process loses nothing either way; a machine that loses its power
/// may lose what has not reached it.
#[derive(Clone, Copy)]
pub(super) enum Flush {
    /// Before the commit returns.
    AtOnce,
    /// A little later.
    Later,
}

/// A file that is open for reading and writing, in its newest form.
pub(super) struct Opened {
    sqlite: Connection,
    version: i64,
}

impl Opened {
    /// The connection, before a thread owns it.
    pub(super) fn sqlite(&self) -> &Connection {
        &self.sqlite
    }
}

/// Opens a file for reading and writing. Creates it if it is missing, and takes the steps that it has not
/// taken yet.
///
/// All steps are one transaction. A process that is killed between them leaves the file as it was.
pub(super) fn connect(file: &Path, steps: &[Step], flush: Flush) -> Result<Opened, OpenError> {
    // SQLite would make it readable for everybody; its other files take the rights of this one.
    create(file)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let of_sqlite = |error| OpenError::of_sqlite(file, &error);
    let mut sqlite = Connection::open_with_flags(file, flags).map_err(of_sqlite)?;
    set_up(&sqlite, flush).map_err(of_sqlite)?;
    let transaction =
        sqlite.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of_sqlite)?;
    let taken = steps_taken(file, version(&transaction).map_err(of_sqlite)?, steps)?;
    take(&transaction, steps, taken).map_err(of_sqlite)?;
    transaction.commit().map_err(of_sqlite)?;
    Ok(Opened { sqlite, version: newest_version(steps) })
}

/// Takes the steps that are left after so many.
fn take(sqlite: &Connection, steps: &[Step], taken: usize) -> rusqlite::Result<()> {
    let left = steps.get(taken..).unwrap_or_default();
    for step in left {
        step(sqlite)?;
    }
    if left.is_empty() { Ok(()) } else { write_version(sqlite, newest_version(steps)) }
}

/// Opens a file for reading only, whether another process writes it or not. Returns its version, which is
/// at most that of these steps.
pub(super) fn connect_to_read(file: &Path, steps: &[Step]) -> Result<(Connection, i64), OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let sqlite = Connection::open_with_flags(file, flags)?;
        sqlite.busy_timeout(BUSY)?;
        let version = version(&sqlite)?;
        Ok((sqlite, version))
    };
    let (sqlite, version) = open().map_err(|error| OpenError::of_sqlite(file, &error))?;
    steps_taken(file, version, steps)?;
    Ok((sqlite, version))
}

/// Sets up a connection for writing.
fn set_up(sqlite: &Connection, flush: Flush) -> rusqlite::Result<()> {
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
    sqlite.pragma_update(None, "temp_store", "memory")
}

fn version(sqlite: &Connection) -> rusqlite::Result<i64> {
    sqlite.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn write_version(sqlite: &Connection, version: i64) -> rusqlite::Result<()> {
    sqlite.pragma_update(None, "user_version", version)
}

/// The version of a file that has taken all of these steps.
fn newest_version(steps: &[Step]) -> i64 {
    i64::try_from(steps.len()).unwrap_or(i64::MAX)
}

/// How many of the steps a file of this version has taken.
fn steps_taken(file: &Path, version: i64, steps: &[Step]) -> Result<usize, OpenError> {
    match usize::try_from(version) {
        Ok(taken) if taken <= steps.len() => Ok(taken),
        Ok(_) => {
            Err(OpenError::Newer { file: file.to_owned(), version, newest: newest_version(steps) })
        }
        Err(_) => Err(OpenError::Damaged(file.to_owned(), format!("its version is {version}"))),
    }
}

/// An open file with its thread. Fields are dropped in their order: the thread ends when nothing can be sent to it any
/// more, then it is waited for, then the directory is free.
pub(super) struct Database {
    /// The file's name, for the log.
    name: String,
    /// The version of the file's form.
    version: i64,
    jobs: SyncSender<Box<dyn Job>>,
    _thread: Thread,
    _lock: Arc<File>,
}

impl Database {
    /// Gives the connection a thread. `lock` is held for as long as the file is open.
    pub(super) fn start(opened: Opened, file: &Path, lock: &Arc<File>) -> Result<Self, OpenError> {
        let Opened { sqlite, version } = opened;
        let (jobs, queue) = sync_channel(QUEUE);
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let thread = std::thread::Builder::new()
            .name(name.clone())
            .spawn(move || work(sqlite, &queue))
            .map_err(|error| OpenError::inaccessible(file, &error))?;
        Ok(Self { name, version, jobs, _thread: Thread(Some(thread)), _lock: Arc::clone(lock) })
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
            Err(TrySendError::Full(_)) => {
                return unavailable("more is to be written than the disk can take");
            }
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
        let version = self.version;
        self.run(move |sqlite| Ok(write_version(sqlite, version)?)).await.is_ok()
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
    let mut empty_at = Some(Instant::now() + REST);
    loop {
        let next = match empty_at {
            Some(at) => queue.recv_timeout(at.saturating_duration_since(Instant::now())),
            None => queue.recv().map_err(Into::into),
        };
        match next {
            Ok(first) => {
                let mut jobs = vec![first];
                jobs.extend(queue.try_iter().take(TOGETHER - 1));
                let changes = sqlite.total_changes();
                let committed = transact(&mut sqlite, &mut jobs);
                for job in jobs {
                    job.answer(committed.clone());
                }
                if sqlite.total_changes() != changes {
                    empty_at = empty_at.or_else(|| Some(Instant::now() + REST));
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if empty_at.is_some_and(|at| at <= Instant::now()) {
            empty_at = if empty_journal(&sqlite) { None } else { Some(Instant::now() + REST) };
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::sync::mpsc;
    use std::task::Poll;

    use rocket::futures::future::join_all;
    use rocket::tokio::runtime::{self, Runtime};
    use tempfile::{TempDir, tempdir};

    use super::*;

    const STEPS: &[Step] = &[|sqlite| {
        sqlite
            .execute_batch("CREATE TABLE row (number INTEGER NOT NULL UNIQUE, filling BLOB) STRICT")
    }];

    struct Stage {
        runtime: Runtime,
        folder: TempDir,
        database: Database,
    }

    /// Polls once, which is enough to ask for it.
    async fn ask(mut what: Pin<&mut impl Future>) {
        poll_fn(|context| {
            assert!(what.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }

    impl Stage {
        fn new() -> Self {
            let folder = tempdir().expect("a folder");
            let file = folder.path().join("test.sqlite");
            let lock = Arc::new(create(&folder.path().join("lock")).expect("a file"));
            let opened = connect(&file, STEPS, Flush::Later).expect("opened");
            let runtime =
                runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
            Self {
                runtime,
                database: Database::start(opened, &file, &lock).expect("a thread"),
                folder,
            }
        }

        fn wait<T>(&self, what: impl Future<Output = T>) -> T {
            self.runtime.block_on(what)
        }

        /// Holds the thread up until something is sent, so that what is asked for meanwhile waits together.
        fn hold(&self) -> (mpsc::Sender<()>, impl Future<Output = Result<(), StateError>>) {
            let (started, start) = mpsc::channel();
            let (release, released) = mpsc::channel();
            let mut held = Box::pin(self.database.run(move |_| {
                started.send(()).expect("listens");
                released.recv().expect("is released");
                Ok(())
            }));
            self.wait(ask(held.as_mut()));
            start.recv().expect("it has begun");
            (release, held)
        }

        async fn insert(&self, number: u32, filling: usize) -> Result<(), StateError> {
            self.database
                .run(move |sqlite| {
                    sqlite
                        .execute("INSERT INTO row VALUES (?1, zeroblob(?2))", (number, filling))?;
                    Ok(())
                })
                .await
        }

        fn reader(&self) -> Connection {
            connect_to_read(&self.folder.path().join("test.sqlite"), STEPS).expect("opened").0
        }
    }

    fn numbers(sqlite: &Connection) -> Vec<u32> {
        let mut select = sqlite.prepare("SELECT number FROM row ORDER BY number").expect("a query");
        let rows = select.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<rusqlite::Result<_>>().expect("numbers")
    }

    #[test]
    fn what_waits_together_is_one_transaction_and_a_failure_undoes_its_own_job_alone() {
        let stage = Stage::new();
        let reader = stage.reader();
        let (release, held) = stage.hold();
        let failing = stage.database.run(|sqlite| {
            sqlite.execute("INSERT INTO row (number) VALUES (2)", [])?;
            Ok(sqlite.execute("INSERT INTO row (number) VALUES (1)", []).map(|_| ())?)
        });
        let looking = stage.database.run(move |sqlite| Ok((numbers(sqlite), numbers(&reader))));
        stage.wait(async {
            let release = async { release.send(()).expect("it waits") };
            let (held, first, failed, seen, last, ()) = rocket::tokio::join!(
                held,
                stage.insert(1, 0),
                failing,
                looking,
                stage.insert(3, 0),
                release
            );
            assert_eq!((held, first, last), (Ok(()), Ok(()), Ok(())));
            let words = "UNIQUE constraint failed: row.number".to_owned();
            assert_eq!(failed, Err(StateError::Unavailable(words)));
            assert_eq!(seen, Ok((vec![1], vec![])), "inside of the transaction, and outside");
        });
        assert_eq!(numbers(&stage.reader()), [1, 3]);
    }

    #[test]
    fn on_a_full_disk_nobody_is_told_that_something_is_written_which_is_not() {
        let stage = Stage::new();
        let limit = |pages: u32| {
            stage
                .database
                .run(move |sqlite| Ok(sqlite.pragma_update(None, "max_page_count", pages)?))
        };
        stage.wait(limit(20)).expect("set");
        let (release, held) = stage.hold();
        let all = stage.wait(async {
            let inserts =
                join_all((0..40).map(|number| stage.insert(number, 1000 * number as usize)));
            let release = async { release.send(()).expect("it waits") };
            rocket::tokio::join!(inserts, held, release).0
        });
        let told: Vec<u32> =
            (0..).zip(&all).filter(|(_, told)| told.is_ok()).map(|(number, _)| number).collect();
        assert_eq!(numbers(&stage.reader()), told);
        let full = StateError::Unavailable("database or disk is full".to_owned());
        assert_eq!(all.last(), Some(&Err(full.clone())));
        assert_eq!(stage.wait(stage.insert(50, 100_000)), Err(full));
        stage.wait(limit(1000)).expect("set");
        assert_eq!(stage.wait(stage.insert(50, 100_000)), Ok(()));
    }

    #[test]
    fn more_than_can_wait_is_refused_and_what_waits_is_done() {
        let stage = Stage::new();
        let (release, held) = stage.hold();
        let most = u32::try_from(QUEUE).expect("few");
        let all = stage.wait(async {
            let inserts = join_all((0..=most).map(|number| stage.insert(number, 0)));
            let release = async { release.send(()).expect("it waits") };
            rocket::tokio::join!(inserts, held, release).0
        });
        assert_eq!(all.iter().filter(|told| told.is_ok()).count(), QUEUE);
        let words = "more is to be written than the disk can take".to_owned();
        assert_eq!(all.last(), Some(&Err(StateError::Unavailable(words))));
        assert_eq!(numbers(&stage.reader()), (0..most).collect::<Vec<_>>());
        assert!(stage.wait(stage.database.is_reachable()));
    }

    #[test]
    fn what_nobody_waits_for_any_more_is_done_before_the_file_is_closed() {
        let stage = Stage::new();
        let (release, held) = stage.hold();
        let mut insert = Box::pin(stage.insert(1, 0));
        stage.wait(ask(insert.as_mut()));
        drop((insert, held));
        release.send(()).expect("it waits");
        let Stage { folder, database, .. } = stage;
        drop(database);
        assert!(!folder.path().join("test.sqlite-wal").exists(), "closed");
        let (reader, _) =
            connect_to_read(&folder.path().join("test.sqlite"), STEPS).expect("opened");
        assert_eq!(numbers(&reader), [1]);
    }

    #[test]
    fn a_file_takes_the_steps_that_it_has_not_taken_and_none_twice() {
        let folder = tempdir().expect("a folder");
        let file = folder.path().join("test.sqlite");
        let add = |sqlite: &Connection| sqlite.execute_batch("INSERT INTO row VALUES (1, NULL)");
        let connect = |steps: &[Step]| connect(&file, steps, Flush::Later).expect("opened");
        let three: [Step; 3] =
            [STEPS[0], add, |sqlite| sqlite.execute_batch("INSERT INTO row VALUES (2, NULL)")];
        assert_eq!(numbers(connect(STEPS).sqlite()), [0; 0]);
        for _ in 0..2 {
            let opened = connect(&three);
            assert_eq!(numbers(opened.sqlite()), [1, 2]);
            assert_eq!((opened.version, version(opened.sqlite())), (3, Ok(3)));
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let folder = tempdir().expect("a folder");
        let file = folder.path().join("test.sqlite");
        drop(connect(&file, STEPS, Flush::Later).expect("opened"));
        let three: [Step; 3] = [
            STEPS[0],
            |sqlite| sqlite.execute_batch("INSERT INTO row VALUES (1, NULL)"),
            |sqlite| sqlite.execute_batch("INSERT INTO row VALUES (1, NULL)"),
        ];
        assert!(connect(&file, &three, Flush::Later).is_err());
        let opened = connect(&file, STEPS, Flush::Later).expect("opened");
        assert_eq!((numbers(opened.sqlite()), version(opened.sqlite())), (vec![], Ok(1)));
    }

    #[test]
    fn a_file_of_a_newer_release_or_of_no_release_is_not_opened() {
        let folder = tempdir().expect("a folder");
        let file = folder.path().join("test.sqlite");
        let open = |found: i64| {
            let opened = connect(&file, STEPS, Flush::Later).expect("opened");
            write_version(opened.sqlite(), found).expect("written");
            drop(opened);
            let errors =
                [connect(&file, STEPS, Flush::Later).err(), connect_to_read(&file, STEPS).err()];
            let sqlite = Connection::open(&file).expect("a file");
            assert_eq!(version(&sqlite), Ok(found), "unchanged");
            write_version(&sqlite, 1).expect("written");
            errors
        };
        let newer = OpenError::Newer { file: file.clone(), version: 2, newest: 1 };
        assert_eq!(open(2), [Some(newer.clone()), Some(newer)]);
        let damaged = OpenError::Damaged(file.clone(), "its version is -1".to_owned());
        assert_eq!(open(-1), [Some(damaged.clone()), Some(damaged)]);
    }
}
