//! Both SQLite files of the older version.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lti::oauth1::SignatureMethod;
use lti::{GradePlace, Nonce, OutcomeService, Score, Sender, Spent};
use lti_gateway::clock::Millis;
use lti_gateway::state::{
    Action, Directory, FinishedGrade, Grade, ListedGrade, Outbox as _, QueuedGrade, Replay as _,
    StateLimits, Status, StoredGrade, list,
};
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::Value;

use super::{copied_state, entries, folder, hexadecimal, text};
use crate::support::NOW;

/// The number of nonces and of grades in the fixtures.
const NONCES: usize = 6;
pub(super) const GRADES: usize = 12;

/// Tells the child which directory to open.
const DIRECTORY: &str = "TEST_ISSUED_STATE";

fn wait<T>(what: impl Future<Output = T>) -> T {
    let runtime = rocket::tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(what)
}

#[track_caller]
fn open(path: &Path) -> Directory {
    Directory::open(path, NOW, StateLimits::default()).expect("opened")
}

/// A number of a fixture, if there is one.
fn number(value: &Value, name: &str) -> Option<u64> {
    value[name].as_u64()
}

/// The version of the grades' file in a directory.
fn version(path: &Path) -> i64 {
    version_of(path, "grades.sqlite")
}

fn version_of(path: &Path, name: &str) -> i64 {
    let sqlite = Connection::open(path.join(name)).expect("a file");
    sqlite.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a number")
}

/// A nonce whose last second is over is refused as well: the file knows that it forgot some of them.
#[test]
fn a_nonce_that_the_older_version_spent_is_not_spent_again() {
    let folder = copied_state();
    let Directory { replay, outbox: _outbox } = open(folder.path());
    let spend = |consumer: u64, timestamp: u64, text: &str, until: u64| {
        let consumer = [u8::try_from(consumer).expect("a byte"); 16];
        wait(replay.spend(&Nonce::new(consumer, timestamp, text, until), NOW))
    };
    for nonce in entries("nonces.json", NONCES) {
        let [consumer, timestamp, until] = ["consumer", "timestamp", "acceptable_until"]
            .map(|name| number(&nonce, name).expect("a number"));
        let text = text(&nonce, "nonce");
        let expected = if until >= NOW { Spent::Before } else { Spent::Unknown };
        assert_eq!(spend(consumer, timestamp, text, until), expected, "{nonce}");
        assert_eq!(spend(consumer + 10, NOW, text, NOW + 300), Spent::Now, "{nonce}");
    }
}

/// A grade of the fixtures as the current version reads it after it has opened the directory.
fn expected(issued: &Value) -> StoredGrade {
    let slot = (0..16)
        .map(|at| {
            u8::from_str_radix(&text(issued, "slot")[2 * at..2 * at + 2], 16).expect("a byte")
        })
        .collect::<Vec<u8>>()
        .try_into()
        .expect("16 bytes");
    let sender = Sender::Consumer(text(issued, "consumer_key").into());
    let status = Status::named(text(issued, "status")).expect("a status");
    let deletes = issued["deletes"].as_bool().expect("yes or no");
    let id = text(issued, "id").to_owned();
    let sequence = number(issued, "sequence").expect("a number");
    let tries = number(issued, "tries").and_then(|tries| tries.try_into().ok()).expect("a number");
    let accepted = Millis::from_seconds(number(issued, "accepted").expect("a number"));
    let (tool, host) = (text(issued, "tool").to_owned(), text(issued, "host").to_owned());
    let message = text(issued, "platform").to_owned();
    if let Some(finished) = number(issued, "finished") {
        return StoredGrade::Finished(FinishedGrade {
            id,
            sequence,
            slot,
            tool,
            sender,
            host,
            deletes,
            status,
            accepted,
            tries,
            message,
            finished,
        });
    }
    let action = match deletes {
        true => Action::Delete,
        false => Action::Replace {
            score: Score::parse(text(issued, "score")).expect("a score"),
            comment: issued["comment"].as_str().map(str::to_owned),
        },
    };
    let place = GradePlace::Outcome(OutcomeService {
        url: text(issued, "url").to_owned(),
        sourcedid: text(issued, "sourcedid").to_owned(),
        method: SignatureMethod::named(text(issued, "method")).expect("a method"),
    });
    // Queued grades come due when a process opens the directory.
    let latest = if status == Status::Delivered { NOW + 300 } else { NOW };
    StoredGrade::Queued(QueuedGrade {
        id,
        sequence,
        grade: Grade { slot, tool, sender, host, place, action },
        status,
        accepted,
        tries,
        next_try: number(issued, "next_try").expect("a number").min(latest),
        message,
    })
}

/// Asserts that every grade of the fixtures is in a directory, with every value.
#[track_caller]
fn has_every_grade(directory: &Directory) {
    for issued in entries("grades.json", GRADES) {
        let found = wait(directory.outbox.find(text(&issued, "id"))).expect("asked");
        assert!(found == Some(expected(&issued)), "{issued}");
        assert_eq!(
            found.map(|found| hexadecimal(found.slot())).as_deref(),
            issued["slot"].as_str()
        );
    }
}

#[test]
fn grades_of_the_older_version_are_migrated_with_every_value() {
    let folder = copied_state();
    assert_eq!(version(folder.path()), 1);
    let directory = open(folder.path());
    has_every_grade(&directory);
    drop(directory);
    assert_eq!(version(folder.path()), 2);
    assert_eq!(version_of(folder.path(), "replay.sqlite"), 1, "it has a version of its own");
    // And once more, in the form of the newest version.
    has_every_grade(&open(folder.path()));
}

#[test]
fn the_older_version_is_listed_without_a_change_and_the_migrated_one_equally() {
    let folder = copied_state();
    let before = fs::read(folder.path().join("grades.sqlite")).expect("a file");
    let listed = list(folder.path()).expect("listed");
    assert_eq!(fs::read(folder.path().join("grades.sqlite")).expect("a file"), before);
    let expected: Vec<ListedGrade> = entries("grades.json", GRADES)
        .iter()
        .filter(|issued| ["kept", "refused", "expired"].contains(&text(issued, "status")))
        .map(|issued| ListedGrade {
            id: text(issued, "id").to_owned(),
            tool: text(issued, "tool").to_owned(),
            status: Status::named(text(issued, "status")).expect("a status"),
            accepted: number(issued, "accepted").expect("a number"),
            tries: number(issued, "tries").and_then(|tries| tries.try_into().ok()).expect("few"),
            next_try: number(issued, "next_try"),
            message: text(issued, "platform").to_owned(),
        })
        .collect();
    assert_eq!(expected.len(), 8);
    assert_eq!(listed, expected);

    let directory = open(folder.path());
    let due = |next_try: Option<u64>| next_try.map(|next_try| next_try.min(NOW));
    let expected: Vec<ListedGrade> = expected
        .into_iter()
        .map(|grade| ListedGrade { next_try: due(grade.next_try), ..grade })
        .collect();
    assert_eq!(list(folder.path()), Ok(expected.clone()), "while a process serves");
    drop(directory);
    assert_eq!(version(folder.path()), 2);
    assert_eq!(list(folder.path()), Ok(expected));
}

#[test]
fn a_consumer_key_that_reads_as_another_sender_stays_a_consumer() {
    let folder = copied_state();
    let key = r#"["moodle","client","deployment"]"#;
    let sqlite = Connection::open(folder.path().join("grades.sqlite")).expect("a file");
    for table in ["kept", "finished"] {
        let sql = format!("UPDATE {table} SET consumer_key = ?1, accepted = ?2 WHERE tool = 'nb'");
        assert!(sqlite.execute(&sql, (key, i64::MAX)).expect("changed") > 1);
    }
    drop(sqlite);
    let directory = open(folder.path());
    let mut seen = 0;
    for issued in entries("grades.json", GRADES) {
        let found = wait(directory.outbox.find(text(&issued, "id"))).expect("asked");
        let (sender, accepted) = match found.expect("found") {
            StoredGrade::Queued(grade) => (grade.grade.sender, grade.accepted),
            StoredGrade::Finished(grade) => (grade.sender, grade.accepted),
        };
        if text(&issued, "tool") == "nb" {
            assert_eq!(sender, Sender::Consumer(key.into()));
            assert_eq!(accepted.get(), u64::try_from(i64::MAX / 1000 * 1000).expect("positive"));
            seen += 1;
        }
    }
    assert_eq!(seen, 9);
}

/// All rows of both tables, in the order of their columns.
fn rows(path: &Path) -> Vec<Vec<Cell>> {
    let sqlite = Connection::open(path.join("grades.sqlite")).expect("a file");
    let mut all = Vec::new();
    for table in ["kept", "finished"] {
        let mut select =
            sqlite.prepare(&format!("SELECT * FROM {table} ORDER BY sequence")).expect("a query");
        let columns = select.column_count();
        let rows = select.query_map([], |row| (0..columns).map(|at| row.get(at)).collect());
        all.extend(rows.expect("rows").map(|row| row.expect("a row")));
    }
    all
}

/// Names and types of all columns, and what each index covers.
fn form(path: &Path) -> Vec<String> {
    let sqlite = Connection::open(path.join("grades.sqlite")).expect("a file");
    let mut select = sqlite
        .prepare(
            "SELECT t.name || ' ' || c.cid || ' ' || c.name || ' ' || c.type || ' ' || c.\"notnull\"
                FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'
            UNION ALL SELECT i.tbl_name || ' ' || i.name || ' ' || c.seqno || ' ' || c.name
                FROM sqlite_schema i, pragma_index_info(i.name) c WHERE i.type = 'index'
            ORDER BY 1",
        )
        .expect("a query");
    let lines = select.query_map([], |row| row.get(0)).expect("rows");
    lines.map(|line| line.expect("text")).collect()
}

/// The SQL that docs/grades.md has for the way back.
fn way_back() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/grades.md");
    let page = fs::read_to_string(page).expect("the page");
    let (_, section) = page.split_once("## Going back to an older release\n").expect("the section");
    let (_, sql) = section.split_once("```sql\n").expect("SQL");
    sql.split_once("\n```").expect("its end").0.to_owned()
}

#[test]
fn the_documented_way_back_makes_the_file_what_the_older_version_wrote() {
    let folder = copied_state();
    let sqlite = Connection::open(folder.path().join("grades.sqlite")).expect("a file");
    for key in [r#"["moodle"]"#, r#"["moodle","client","deployment"]"#] {
        // No row of the fixture has such a key, which the newer version writes differently.
        sqlite
            .execute(
                "INSERT INTO finished SELECT sequence + 100 + length(?1), id || ?1, slot, tool, ?1,
                    host, method, deletes, status, accepted, tries, words, finished
                    FROM finished WHERE status = 'expired' AND length(id) = 22",
                [key],
            )
            .expect("a copy");
    }
    drop(sqlite);
    let (rows_before, form_before) = (rows(folder.path()), form(folder.path()));
    assert_eq!(rows_before.len(), GRADES + 2);
    drop(open(folder.path()));
    assert_ne!(form(folder.path()), form_before);
    let sqlite = Connection::open(folder.path().join("grades.sqlite")).expect("a file");
    // The test opened the directory, which made the queued grades due.
    let due: Vec<(i64, i64)> = {
        let before = Connection::open(super::folder().join("state/grades.sqlite")).expect("a file");
        let mut select = before.prepare("SELECT sequence, next_try FROM kept").expect("a query");
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
        rows.map(|row| row.expect("a row")).collect()
    };
    for (sequence, next_try) in due {
        sqlite
            .execute("UPDATE kept SET next_try = ?2 WHERE sequence = ?1", (sequence, next_try))
            .expect("changed");
    }
    sqlite.execute_batch(&way_back()).expect("converted");
    drop(sqlite);
    assert_eq!(version(folder.path()), 1);
    assert_eq!(form(folder.path()), form_before);
    assert_eq!(rows(folder.path()), rows_before);
    // And forward again.
    has_every_grade(&open(folder.path()));
}

/// The child: migrates a directory.
#[test]
#[ignore = "the test below runs it as a process of its own, and kills it"]
fn child() {
    let directory = std::env::var_os(DIRECTORY).expect("the test below runs this");
    drop(open(Path::new(&directory)));
}

fn start_child(directory: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "issued::state::child", "--ignored", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

/// A process is killed at many moments of the migration of a large file. Each time the file is of the old
/// version or of the new one, as a whole.
#[test]
fn a_migration_that_is_killed_leaves_one_version_or_the_other() {
    const COPIES: u64 = 20_000;
    const ROUNDS: u32 = 12;
    let large = copied_state();
    let sqlite = Connection::open(large.path().join("grades.sqlite")).expect("a file");
    sqlite
        .execute(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?1)
            INSERT INTO kept (id, slot, tool, consumer_key, url, host, sourcedid, method, score,
                    accepted, tries, next_try, words, delivered)
                SELECT 'copy-' || n, randomblob(16), tool, 'key-' || (n % 100), url, host, sourcedid,
                    method, '0.5', 1699999000 + n % 1000, tries, next_try, words, delivered
                FROM kept, number WHERE sequence = 1",
            [COPIES],
        )
        .expect("copies");
    drop(sqlite);
    let fresh = || {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["grades.sqlite", "replay.sqlite"] {
            fs::copy(large.path().join(name), folder.path().join(name)).expect("copied");
        }
        folder
    };
    // How long a migration takes that nobody kills, from the start of the process on.
    let whole = fresh();
    let started = Instant::now();
    assert!(start_child(whole.path()).wait().expect("it ends").success());
    let duration = started.elapsed();
    assert_eq!(version(whole.path()), 2);

    let mut versions = Vec::new();
    for round in 0..ROUNDS {
        let folder = fresh();
        let mut child = start_child(folder.path());
        std::thread::sleep(duration * round / ROUNDS);
        child.kill().expect("it was started");
        child.wait().expect("it ends");
        // As the process left it, with its journal.
        let sqlite = Connection::open(folder.path().join("grades.sqlite")).expect("a file");
        let version = version(folder.path());
        let (column, from, to) = match version {
            1 => ("consumer_key", 1_699_999_000_i64, 1_700_000_000_i64),
            2 => ("sender", 1_699_999_000_000, 1_700_000_000_000),
            other => panic!("version {other}"),
        };
        let count: u64 = sqlite
            .query_row(
                &format!(
                    "SELECT COUNT(*) FROM kept WHERE id LIKE 'copy-%' AND {column} LIKE 'key-%'
                        AND accepted BETWEEN {from} AND {to}"
                ),
                [],
                |row| row.get(0),
            )
            .expect("a number");
        assert_eq!(count, COPIES, "version {version}");
        drop(sqlite);
        versions.push(version);
        let directory = open(folder.path());
        has_every_grade(&directory);
    }
    assert!(versions.contains(&1), "none was killed in time: {versions:?}, {duration:?}");
    assert!(duration < Duration::from_secs(60), "{duration:?}");
}

#[test]
fn the_fixtures_stay_as_they_were_written() {
    for name in ["grades.sqlite", "replay.sqlite"] {
        let path = folder().join("state").join(name);
        let header = fs::read(path).expect("a file");
        assert_eq!(&header[60..64], 1_u32.to_be_bytes(), "its `user_version`");
    }
}
