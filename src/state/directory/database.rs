//! A SQLite file, and the one thread that reads and writes it.
//!
//! The thread runs all waiting jobs in one transaction, so that many launches share the cost of one
//! commit (group commit). A job returns its result after the commit, never before.

use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rocket::tokio::sync::oneshot;
use rocket::tokio::time::timeout;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::directory_lock::DirectoryLock;
use super::file::{create, regular};
use super::file_name::beside;
use super::health::FileHealth;
use super::job::{Job, Task};
use super::known_file::KnownFile;
use super::open_error::OpenError;
use super::sqlite::{BUSY_TIMEOUT, version, write_version};
use super::watch::Watch;
use super::worker::Worker;
use crate::state::error::StateError;

/// The most jobs that wait for the thread.
const QUEUE_LENGTH: usize = 4096;
/// The timeout of a job.
const JOB_TIMEOUT: Duration = Duration::from_secs(10);

/// A migration from one version of a schema to the next. Version 0 is an empty file, and the
/// version of a file is the number of its applied migrations.
pub(super) type Migration = fn(&Connection) -> rusqlite::Result<()>;

/// When a commit is flushed to the disk. A crash of the process loses no commit. A power failure
/// loses the commits that are not flushed.
#[derive(Clone, Copy)]
pub(super) enum Flush {
    /// Before the commit returns.
    AtOnce,
    /// At the next checkpoint.
    Later,
}

/// A file that is open for reading and writing, with the newest schema.
pub(super) struct OpenFile {
    sqlite: Connection,
    version: i64,
    known: KnownFile,
}

impl OpenFile {
    /// The connection, before a thread owns it.
    pub(super) fn sqlite(&self) -> &Connection {
        &self.sqlite
    }
}

/// Opens a file for reading and writing. Creates it if it is missing, and applies its missing
/// migrations.
///
/// All migrations are one transaction: after a crash, the file is unchanged.
pub(super) fn connect(
    file: &Path,
    migrations: &[Migration],
    flush: Flush,
) -> Result<OpenFile, OpenError> {
    // SQLite would create a world-readable file. Its other files get the permissions of this one.
    let (_, known) = create(file)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let of_sqlite = |error| OpenError::of_sqlite(file, &error);
    let mut sqlite = Connection::open_with_flags(file, flags).map_err(of_sqlite)?;
    set_up(&sqlite, flush).map_err(of_sqlite)?;
    let transaction =
        sqlite.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of_sqlite)?;
    let applied = applied(file, version(&transaction).map_err(of_sqlite)?, migrations)?;
    migrate(&transaction, migrations, applied).map_err(of_sqlite)?;
    transaction.commit().map_err(of_sqlite)?;
    Ok(OpenFile { sqlite, version: newest_version(migrations), known })
}

/// Applies the migrations after the first `applied` ones.
fn migrate(sqlite: &Connection, migrations: &[Migration], applied: usize) -> rusqlite::Result<()> {
    let missing = migrations.get(applied..).unwrap_or_default();
    for migration in missing {
        migration(sqlite)?;
    }
    if missing.is_empty() { Ok(()) } else { write_version(sqlite, newest_version(migrations)) }
}

/// Reads a file with a connection that cannot write. Another process may write it at the same time.
/// `read` also receives the file's version, which is at most the number of the migrations. It may
/// run more than once.
///
/// Creates no file. After a crash, SQLite may rebuild the index of the write-ahead log (`-shm`).
pub(super) fn read_only<T>(
    file: &Path,
    migrations: &[Migration],
    read: impl Fn(&Connection, i64) -> rusqlite::Result<T>,
) -> Result<T, OpenError> {
    let log = beside(file, "-wal");
    loop {
        let unused = regular(&log)?.is_none().then(|| regular(file)).transpose()?.flatten();
        let of_sqlite = |error| OpenError::of_sqlite(file, &error);
        let result = connect_to_read(file, unused.is_some(), migrations)
            .and_then(|(sqlite, version)| read(&sqlite, version).map_err(of_sqlite));
        let Some(before) = unused else { return result };
        // A gateway that starts creates the log before it changes the file.
        let stamp = |metadata: &Metadata| {
            (metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
        };
        let after = regular(file)?;
        if regular(&log)?.is_none() && after.is_some_and(|after| stamp(&after) == stamp(&before)) {
            return result;
        }
    }
}

/// Opens a file for reading only. If it is `unused`, no process has it open. Returns its version,
/// which is at most the number of the migrations.
fn connect_to_read(
    file: &Path,
    unused: bool,
    migrations: &[Migration],
) -> Result<(Connection, i64), OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        // SQLite creates a write-ahead log also for reading, unless the file is immutable.
        let sqlite = match unused {
            true => {
                Connection::open_with_flags(immutable(file), flags | OpenFlags::SQLITE_OPEN_URI)
            }
            false => Connection::open_with_flags(file, flags),
        }?;
        sqlite.busy_timeout(BUSY_TIMEOUT)?;
        // One transaction, so that no migration comes between the version and the rows.
        sqlite.execute_batch("BEGIN")?;
        let version = version(&sqlite)?;
        Ok((sqlite, version))
    };
    let (sqlite, version) = open().map_err(|error| OpenError::of_sqlite(file, &error))?;
    applied(file, version, migrations)?;
    Ok((sqlite, version))
}

/// The URI of a file that does not change while SQLite reads it.
fn immutable(file: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in file.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                uri.push(char::from(*byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri + "?immutable=1"
}

/// Sets up a connection for writing.
fn set_up(sqlite: &Connection, flush: Flush) -> rusqlite::Result<()> {
    sqlite.busy_timeout(BUSY_TIMEOUT)?;
    // Readers and the writer do not wait for each other, and a commit appends to one file.
    sqlite.pragma_update(None, "journal_mode", "wal")?;
    let synchronous = match flush {
        Flush::AtOnce => "full",
        Flush::Later => "normal",
    };
    sqlite.pragma_update(None, "synchronous", synchronous)?;
    // Overwrites deleted rows with zeros, and creates no temporary files.
    sqlite.pragma_update(None, "secure_delete", true)?;
    sqlite.pragma_update(None, "temp_store", "memory")
}

/// The version of a file with all of these migrations.
pub(super) fn newest_version(migrations: &[Migration]) -> i64 {
    i64::try_from(migrations.len()).unwrap_or(i64::MAX)
}

/// The number of migrations that a file of this version has applied.
fn applied(file: &Path, version: i64, migrations: &[Migration]) -> Result<usize, OpenError> {
    match usize::try_from(version) {
        Ok(applied) if applied <= migrations.len() => Ok(applied),
        Ok(_) => Err(OpenError::Newer {
            file: file.to_owned(),
            version,
            newest: newest_version(migrations),
            release: None,
        }),
        Err(_) => Err(OpenError::Damaged(file.to_owned(), format!("its version is {version}"))),
    }
}

/// An open file with its thread.
///
/// The order of the fields is the order of their drop: the queue closes and the thread ends; the
/// drop of the thread waits for that; the drop of the lock frees the directory.
pub(super) struct Database {
    health: Arc<FileHealth>,
    jobs: SyncSender<Box<dyn Job>>,
    _thread: Thread,
    _lock: Arc<DirectoryLock>,
}

impl Database {
    /// Starts the thread. The database holds `lock` as long as the file is open.
    pub(super) fn start(
        opened: OpenFile,
        file: &Path,
        lock: &Arc<DirectoryLock>,
    ) -> Result<Self, OpenError> {
        let OpenFile { sqlite, version, known } = opened;
        let (jobs, queue) = sync_channel(QUEUE_LENGTH);
        let name = known.name();
        let health = Arc::new(FileHealth::new(name.clone()));
        let watch = Watch::new(file, known, lock);
        let worker = Worker { sqlite, version, watch, health: Arc::clone(&health) };
        let thread = std::thread::Builder::new()
            .name(name)
            .spawn(move || worker.work(&queue))
            .map_err(|error| OpenError::inaccessible(file, &error))?;
        Ok(Self { health, jobs, _thread: Thread(Some(thread)), _lock: Arc::clone(lock) })
    }

    /// Runs a job in a transaction and returns after the commit.
    ///
    /// # Errors
    /// The error of the job, whose changes are then undone. [`StateError::Unavailable`] if the
    /// transaction fails, the files are not in place, the queue is full, or the timeout expires;
    /// after a timeout, the job may still be committed.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let (sender, receiver) = oneshot::channel();
        let why = match self.jobs.try_send(Box::new(Task::new(work, sender))) {
            Ok(()) => match timeout(JOB_TIMEOUT, receiver).await {
                Ok(Ok(result)) => return result,
                Ok(Err(_)) => "the thread of the file has ended",
                Err(_) => "the disk did not respond in time",
            },
            Err(TrySendError::Full(_)) => "too many writes wait for the disk",
            Err(TrySendError::Disconnected(_)) => "the thread of the file has ended",
        };
        self.health.failed(why);
        Err(StateError::Unavailable(why.to_owned()))
    }

    /// Whether the last write succeeded. Writes nothing. After a failure, the thread probes the
    /// file from time to time.
    pub(super) fn is_reachable(&self) -> bool {
        self.health.is_good()
    }
}

/// A thread. Its drop waits until it has ended.
struct Thread(Option<JoinHandle<()>>);

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            // Its jobs have returned all its errors.
            let _ = thread.join();
        }
    }
}

impl From<rusqlite::Error> for StateError {
    /// SQLite's message names tables and columns, never their values.
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

    const MIGRATIONS: &[Migration] = &[|sqlite| {
        sqlite
            .execute_batch("CREATE TABLE row (number INTEGER NOT NULL UNIQUE, filling BLOB) STRICT")
    }];

    struct Stage {
        runtime: Runtime,
        directory: TempDir,
        database: Database,
    }

    /// Polls once, which enqueues the job.
    async fn enqueue(mut what: Pin<&mut impl Future>) {
        poll_fn(|context| {
            assert!(what.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }

    impl Stage {
        fn new() -> Self {
            let directory = tempdir().expect("a directory");
            let file = directory.path().join("test.sqlite");
            let lock = Arc::new(DirectoryLock::acquire(directory.path()).expect("a lock"));
            let opened = connect(&file, MIGRATIONS, Flush::Later).expect("opened");
            let runtime =
                runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
            Self {
                runtime,
                database: Database::start(opened, &file, &lock).expect("a thread"),
                directory,
            }
        }

        fn wait<T>(&self, what: impl Future<Output = T>) -> T {
            self.runtime.block_on(what)
        }

        /// Blocks the thread until the test sends a message, so that later jobs wait together.
        fn hold(&self) -> (mpsc::Sender<()>, impl Future<Output = Result<(), StateError>>) {
            let (started, start) = mpsc::channel();
            let (release, released) = mpsc::channel();
            let mut held = Box::pin(self.database.run(move |_| {
                started.send(()).expect("listens");
                released.recv().expect("is released");
                Ok(())
            }));
            self.wait(enqueue(held.as_mut()));
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
            connect_to_read(&self.directory.path().join("test.sqlite"), false, MIGRATIONS)
                .expect("opened")
                .0
        }
    }

    fn numbers(sqlite: &Connection) -> Vec<u32> {
        let mut select = sqlite.prepare("SELECT number FROM row ORDER BY number").expect("a query");
        let rows = select.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<rusqlite::Result<_>>().expect("numbers")
    }

    #[test]
    fn waiting_jobs_share_a_transaction_and_a_failure_undoes_only_its_own_job() {
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
            let message = "UNIQUE constraint failed: row.number".to_owned();
            assert_eq!(failed, Err(StateError::Unavailable(message)));
            assert_eq!(seen, Ok((vec![1], vec![])), "inside and outside of the transaction");
        });
        assert_eq!(numbers(&stage.reader()), [1, 3]);
    }

    #[test]
    fn on_a_full_disk_no_failed_write_is_reported_as_a_success() {
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
        let written: Vec<u32> = (0..)
            .zip(&all)
            .filter(|(_, result)| result.is_ok())
            .map(|(number, _)| number)
            .collect();
        assert_eq!(numbers(&stage.reader()), written);
        let full = StateError::Unavailable("database or disk is full".to_owned());
        assert_eq!(all.last(), Some(&Err(full.clone())));
        assert_eq!(stage.wait(stage.insert(50, 100_000)), Err(full));
        stage.wait(limit(1000)).expect("set");
        assert_eq!(stage.wait(stage.insert(50, 100_000)), Ok(()));
    }

    #[test]
    fn a_full_queue_refuses_a_job_and_completes_the_waiting_ones() {
        let stage = Stage::new();
        let (release, held) = stage.hold();
        let most = u32::try_from(QUEUE_LENGTH).expect("few");
        let all = stage.wait(async {
            let inserts = join_all((0..=most).map(|number| stage.insert(number, 0)));
            let release = async { release.send(()).expect("it waits") };
            rocket::tokio::join!(inserts, held, release).0
        });
        assert_eq!(all.iter().filter(|result| result.is_ok()).count(), QUEUE_LENGTH);
        let message = "too many writes wait for the disk".to_owned();
        assert_eq!(all.last(), Some(&Err(StateError::Unavailable(message))));
        assert_eq!(numbers(&stage.reader()), (0..most).collect::<Vec<_>>());
        assert!(stage.database.is_reachable());
    }

    #[test]
    fn abandoned_jobs_are_completed_before_the_file_is_closed() {
        let stage = Stage::new();
        let (release, held) = stage.hold();
        let mut insert = Box::pin(stage.insert(1, 0));
        stage.wait(enqueue(insert.as_mut()));
        drop((insert, held));
        release.send(()).expect("it waits");
        let Stage { directory, database, .. } = stage;
        drop(database);
        assert!(!directory.path().join("test.sqlite-wal").exists(), "closed");
        let (reader, _) = connect_to_read(&directory.path().join("test.sqlite"), true, MIGRATIONS)
            .expect("opened");
        assert_eq!(numbers(&reader), [1]);
    }

    #[test]
    fn a_missing_migration_is_applied_once() {
        let directory = tempdir().expect("a directory");
        let file = directory.path().join("test.sqlite");
        let add = |sqlite: &Connection| sqlite.execute_batch("INSERT INTO row VALUES (1, NULL)");
        let connect =
            |migrations: &[Migration]| connect(&file, migrations, Flush::Later).expect("opened");
        let three: [Migration; 3] =
            [MIGRATIONS[0], add, |sqlite| sqlite.execute_batch("INSERT INTO row VALUES (2, NULL)")];
        assert_eq!(numbers(connect(MIGRATIONS).sqlite()), [0; 0]);
        for _ in 0..2 {
            let opened = connect(&three);
            assert_eq!(numbers(opened.sqlite()), [1, 2]);
            assert_eq!((opened.version, version(opened.sqlite())), (3, Ok(3)));
        }
    }

    #[test]
    fn a_failed_migration_leaves_the_file_unchanged() {
        let directory = tempdir().expect("a directory");
        let file = directory.path().join("test.sqlite");
        drop(connect(&file, MIGRATIONS, Flush::Later).expect("opened"));
        let three: [Migration; 3] = [
            MIGRATIONS[0],
            |sqlite| sqlite.execute_batch("INSERT INTO row VALUES (1, NULL)"),
            |sqlite| sqlite.execute_batch("INSERT INTO row VALUES (1, NULL)"),
        ];
        assert!(connect(&file, &three, Flush::Later).is_err());
        let opened = connect(&file, MIGRATIONS, Flush::Later).expect("opened");
        assert_eq!((numbers(opened.sqlite()), version(opened.sqlite())), (vec![], Ok(1)));
    }

    #[test]
    fn a_file_with_an_unknown_version_is_not_opened() {
        let directory = tempdir().expect("a directory");
        let file = directory.path().join("test.sqlite");
        let open = |found: i64| {
            let opened = connect(&file, MIGRATIONS, Flush::Later).expect("opened");
            write_version(opened.sqlite(), found).expect("written");
            drop(opened);
            let errors = [
                connect(&file, MIGRATIONS, Flush::Later).err(),
                connect_to_read(&file, true, MIGRATIONS).err(),
            ];
            let sqlite = Connection::open(&file).expect("a file");
            assert_eq!(version(&sqlite), Ok(found), "unchanged");
            write_version(&sqlite, 1).expect("written");
            errors
        };
        let newer = OpenError::Newer { file: file.clone(), version: 2, newest: 1, release: None };
        assert_eq!(open(2), [Some(newer.clone()), Some(newer)]);
        let damaged = OpenError::Damaged(file.clone(), "its version is -1".to_owned());
        assert_eq!(open(-1), [Some(damaged.clone()), Some(damaged)]);
    }
}
