//! The SQLite files of the older version.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lti::oauth1::SignatureMethod;
use lti::{Account, GradePlace, Nonce, OutcomeService, Score, Sender, Spent};
use lti_gateway::clock::Millis;
use lti_gateway::state::{
    Action, Directory, FinishedGrade, Grade, ListedGrade, Outbox as _, QueuedGrade, Replay as _,
    StateLimits, Status, StoredGrade, list,
};
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::Value;

use super::{copied_state, directory, entries, hexadecimal, text};
use crate::support::NOW;

/// The number of nonces and of grades in the fixtures.
const NONCES: usize = 6;
pub(super) const GRADES: usize = 12;

/// The variable with the directory for the child process.
const DIRECTORY: &str = "TEST_ISSUED_STATE";

fn wait<T>(what: impl Future<Output = T>) -> T {
    let runtime = rocket::tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(what)
}

#[track_caller]
fn open(path: &Path) -> Directory {
    Directory::open(path, NOW, StateLimits::default()).expect("opened")
}

/// A number of a fixture. `None` if it is missing.
fn number(value: &Value, name: &str) -> Option<u64> {
    value[name].as_u64()
}

/// The version of `grades.sqlite` in a directory.
fn version(path: &Path) -> i64 {
    version_of(path, "grades.sqlite")
}

fn version_of(path: &Path, name: &str) -> i64 {
    let sqlite = Connection::open(path.join(name)).expect("a file");
    sqlite.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a number")
}

/// An expired nonce is `Expired`: the file records that it deleted nonces.
#[test]
fn a_nonce_that_the_older_version_spent_cannot_be_spent_again() {
    let temp = copied_state();
    let Directory { replay, outbox: _outbox } = open(temp.path());
    let spend = |consumer: u64, timestamp: u64, text: &str, until: u64| {
        let account = Account::new("nb", &Sender::Consumer(consumer.to_string().into()));
        let issuer = [u8::try_from(consumer).expect("a byte"); 16];
        wait(replay.spend(&Nonce::new(account, issuer, timestamp, text, until), NOW))
    };
    for nonce in entries("nonces.json", NONCES) {
        let [consumer, timestamp, until] = ["consumer", "timestamp", "acceptable_until"]
            .map(|name| number(&nonce, name).expect("a number"));
        let text = text(&nonce, "nonce");
        let expected = if until >= NOW { Spent::Before } else { Spent::Expired };
        assert_eq!(spend(consumer, timestamp, text, until), expected, "{nonce}");
        assert_eq!(spend(consumer + 10, NOW, text, NOW + 300), Spent::Now, "{nonce}");
    }
}

/// A grade of the fixtures as the current version reads it.
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
            score: Some(Score::parse(text(issued, "score")).expect("a score")),
            comment: issued["comment"].as_str().map(str::to_owned),
            progress: None,
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
        grade: Grade { slot, tool, sender, host, place, person: None, action },
        status,
        accepted,
        accepted_running: 0,
        timestamp: None,
        arrived: false,
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
    let temp = copied_state();
    assert_eq!(version(temp.path()), 1);
    let opened = open(temp.path());
    has_every_grade(&opened);
    drop(opened);
    assert_eq!(version(temp.path()), 4);
    assert_eq!(version_of(temp.path(), "replay.sqlite"), 1, "it has a version of its own");
    // Also after the migration.
    has_every_grade(&open(temp.path()));
}

#[test]
fn grades_of_version_2_are_listed_and_migrated_with_every_value() {
    let temp = copied_state();
    drop(open(temp.path()));
    let to_version_2 = "BEGIN;
        DROP INDEX kept_by_person;
        ALTER TABLE kept DROP COLUMN person;
        ALTER TABLE kept DROP COLUMN link;
        ALTER TABLE kept DROP COLUMN progress;
        ALTER TABLE kept DROP COLUMN timestamp;
        ALTER TABLE kept DROP COLUMN arrived;
        DROP INDEX kept_by_tries;
        DROP TABLE running_time;
        ALTER TABLE kept DROP COLUMN queued;
        ALTER TABLE kept DROP COLUMN sending;
        ALTER TABLE kept DROP COLUMN accepted_running;
        PRAGMA user_version = 2;
        COMMIT";
    let sqlite = Connection::open(temp.path().join("grades.sqlite")).expect("a file");
    sqlite.execute_batch(to_version_2).expect("version 2");
    drop(sqlite);
    let listed = list(temp.path()).expect("listed");
    assert_eq!((version(temp.path()), listed.len()), (2, 8));
    has_every_grade(&open(temp.path()));
    assert_eq!(version(temp.path()), 4);
    assert_eq!(list(temp.path()), Ok(listed));
}

/// A first attempt without a result may have been sent. The id of any other grade may be known to
/// its upstream.
#[test]
fn the_migration_knows_which_first_attempts_have_no_result() {
    let temp = copied_state();
    drop(open(temp.path()));
    let sqlite = Connection::open(temp.path().join("grades.sqlite")).expect("a file");
    for issued in entries("grades.json", GRADES) {
        if text(&issued, "status") != "kept" {
            continue;
        }
        let stored = sqlite.query_row(
            "SELECT sending, queued, accepted_running FROM kept WHERE id = ?1",
            [text(&issued, "id")],
            |row| Ok((row.get::<_, u8>(0)?, row.get::<_, u8>(1)?, row.get::<_, u8>(2)?)),
        );
        let expected = if issued["tries"] == 0 { (1, 0, 0) } else { (0, 1, 0) };
        assert_eq!(stored.expect("a row"), expected, "{issued}");
    }
}

#[test]
fn grades_are_listed_before_and_after_the_migration_without_a_change() {
    let temp = copied_state();
    let before = fs::read(temp.path().join("grades.sqlite")).expect("a file");
    let listed = list(temp.path()).expect("listed");
    assert_eq!(fs::read(temp.path().join("grades.sqlite")).expect("a file"), before);
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

    let opened = open(temp.path());
    let due = |next_try: Option<u64>| next_try.map(|next_try| next_try.min(NOW));
    let expected: Vec<ListedGrade> = expected
        .into_iter()
        .map(|grade| ListedGrade { next_try: due(grade.next_try), ..grade })
        .collect();
    assert_eq!(list(temp.path()), Ok(expected.clone()), "while a process serves");
    drop(opened);
    assert_eq!(version(temp.path()), 4);
    assert_eq!(list(temp.path()), Ok(expected));
}

#[test]
fn a_consumer_key_that_looks_like_a_platform_stays_a_consumer() {
    let temp = copied_state();
    let key = r#"["moodle","client","deployment"]"#;
    let sqlite = Connection::open(temp.path().join("grades.sqlite")).expect("a file");
    for table in ["kept", "finished"] {
        let sql = format!("UPDATE {table} SET consumer_key = ?1, accepted = ?2 WHERE tool = 'nb'");
        assert!(sqlite.execute(&sql, (key, i64::MAX)).expect("changed") > 1);
    }
    drop(sqlite);
    let opened = open(temp.path());
    let mut seen = 0;
    for issued in entries("grades.json", GRADES) {
        let found = wait(opened.outbox.find(text(&issued, "id"))).expect("asked");
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

/// Names and types of all columns, and the columns of each index.
fn schema(path: &Path) -> Vec<String> {
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

/// The SQL of docs/grades.md for the downgrade.
fn downgrade() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/grades.md");
    let page = fs::read_to_string(page).expect("the page");
    let (_, section) = page.split_once("## Going back to an older release\n").expect("the section");
    let (_, sql) = section.split_once("```sql\n").expect("SQL");
    sql.split_once("\n```").expect("its end").0.to_owned()
}

#[test]
fn the_documented_downgrade_restores_the_older_version() {
    let temp = copied_state();
    let sqlite = Connection::open(temp.path().join("grades.sqlite")).expect("a file");
    let keys = [
        r#"["moodle"]"#,
        r#"["moodle","client","deployment"]"#,
        // The newer form of the first key, as a key of its own.
        r#"["[\"moodle\"]"]"#,
        "[1]",
        "[null]",
    ];
    for key in keys {
        // The newer version writes some of these keys differently. The fixture has none.
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
    let (rows_before, schema_before) = (rows(temp.path()), schema(temp.path()));
    assert_eq!(rows_before.len(), GRADES + keys.len());
    drop(open(temp.path()));
    assert_ne!(schema(temp.path()), schema_before);
    let sqlite = Connection::open(temp.path().join("grades.sqlite")).expect("a file");
    // Opening the directory made the queued grades due.
    let due: Vec<(i64, i64)> = {
        let before =
            Connection::open(super::directory().join("state/grades.sqlite")).expect("a file");
        let mut select = before.prepare("SELECT sequence, next_try FROM kept").expect("a query");
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
        rows.map(|row| row.expect("a row")).collect()
    };
    for (sequence, next_try) in due {
        sqlite
            .execute("UPDATE kept SET next_try = ?2 WHERE sequence = ?1", (sequence, next_try))
            .expect("changed");
    }
    sqlite.execute_batch(&downgrade()).expect("converted");
    drop(sqlite);
    assert_eq!(version(temp.path()), 1);
    assert_eq!(schema(temp.path()), schema_before);
    assert_eq!(rows(temp.path()), rows_before);
    // The file can be migrated again.
    has_every_grade(&open(temp.path()));
}

/// The child process: migrates a directory.
#[test]
#[ignore = "the test below runs it as a separate process and kills it"]
fn child() {
    let path = std::env::var_os(DIRECTORY).expect("the test below runs this");
    drop(open(Path::new(&path)));
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

/// The test kills the migration of a large file at many moments. Each time, the whole file has the
/// old or the new version.
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
                SELECT 'copy-' || n, randomblob(16), tool, 'key-' || (n % 100), url, host,
                    sourcedid, method, '0.5', 1699999000 + n % 1000, tries, next_try, words,
                    delivered
                FROM kept, number WHERE sequence = 1",
            [COPIES],
        )
        .expect("copies");
    drop(sqlite);
    let fresh = || {
        let temp = tempfile::tempdir().expect("a directory");
        for name in ["grades.sqlite", "replay.sqlite"] {
            fs::copy(large.path().join(name), temp.path().join(name)).expect("copied");
        }
        temp
    };
    // The duration of a complete migration, with the start of the process.
    let whole = fresh();
    let started = Instant::now();
    assert!(start_child(whole.path()).wait().expect("it ends").success());
    let duration = started.elapsed();
    assert_eq!(version(whole.path()), 4);

    let mut versions = Vec::new();
    for round in 0..ROUNDS {
        let temp = fresh();
        let mut child = start_child(temp.path());
        std::thread::sleep(duration * round / ROUNDS);
        child.kill().expect("it was started");
        child.wait().expect("it ends");
        // The file still has the write-ahead log of the killed process.
        let sqlite = Connection::open(temp.path().join("grades.sqlite")).expect("a file");
        let version = version(temp.path());
        let (column, from, to) = match version {
            1 => ("consumer_key", 1_699_999_000_i64, 1_700_000_000_i64),
            4 => ("sender", 1_699_999_000_000, 1_700_000_000_000),
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
        let opened = open(temp.path());
        has_every_grade(&opened);
    }
    assert!(versions.contains(&1), "none was killed in time: {versions:?}, {duration:?}");
    assert!(duration < Duration::from_secs(60), "{duration:?}");
}

#[test]
fn the_fixtures_have_the_older_version() {
    for name in ["grades.sqlite", "replay.sqlite"] {
        let path = directory().join("state").join(name);
        let header = fs::read(path).expect("a file");
        assert_eq!(&header[60..64], 1_u32.to_be_bytes(), "its `user_version`");
    }
}
