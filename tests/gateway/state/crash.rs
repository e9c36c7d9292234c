//! A killed process loses no write that the state has confirmed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use lti::Spent;
use lti_gateway::state::{
    AttemptResult, Directory, OpenError, Outbox as _, Replay as _, Status, StoredGrade, list,
};
use tempfile::tempdir;

use super::{ACCEPTED, LIMITS, find, moment, nonce, open, refused, retry, score, wait};
use crate::support::NOW;

/// The variables for the child process: its directory and the number of the round.
const DIRECTORY: &str = "TEST_STATE_DIRECTORY";
const ROUND: &str = "TEST_STATE_ROUND";
/// The number of processes that the test kills.
const ROUNDS: u8 = 12;

/// The child process: writes in an endless loop, and prints each confirmed write.
#[test]
#[ignore = "the test below runs it as a separate process and kills it"]
fn child() {
    let directory = std::env::var_os(DIRECTORY).expect("the test below runs this");
    let round: u8 = std::env::var(ROUND).expect("a number").parse().expect("a number");
    let directory = Arc::new(open(Path::new(&directory), NOW, LIMITS));
    let workers = (0..6).map(|worker| {
        let directory = Arc::clone(&directory);
        thread::spawn(move || wait(work(&directory, round, worker)))
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.join().expect("never");
    }
}

async fn work(directory: &Directory, round: u8, worker: u8) {
    let Directory { replay, outbox } = directory;
    for number in 0_u32.. {
        let text = format!("0.{round:02}{worker}{number}");
        let slot = worker * 8 + (number % 8) as u8;
        assert_eq!(replay.spend(&nonce(worker, &text, NOW + 300), NOW).await, Spent::Now);
        report(&format!("spent {worker} {text}"));
        let queued = outbox
            .write(score(slot, "lms.example", &text), ACCEPTED, 0, NOW + 60)
            .await
            .expect("written");
        let id = &queued.id;
        report(&format!("queued {id} {text}"));
        if number % 4 > 0 {
            outbox.settle(&queued, retry(NOW + 9), true, moment(NOW)).await.expect("settled");
            report(&format!("retry {id} {text}"));
        }
        match number % 4 {
            2 => {
                outbox.settle(&queued, refused(), true, moment(NOW)).await.expect("settled");
                report(&format!("refused {id} -"));
            }
            3 => {
                outbox
                    .settle(&queued, AttemptResult::Delivered, true, moment(NOW))
                    .await
                    .expect("settled");
                report(&format!("delivered {id} -"));
            }
            _ => {}
        }
    }
}

fn report(line: &str) {
    // One write per line: other threads print too, and the test may kill the process at any moment.
    let _ = std::io::stdout().lock().write_all(format!("\n> {line}\n").as_bytes());
}

fn start(directory: &Path, round: u8) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "state::crash::child", "--ignored", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .env(ROUND, round.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

#[test]
fn a_killed_process_loses_no_confirmed_write() {
    let temp = tempdir().expect("a directory");
    let mut grades: BTreeMap<String, (Status, String)> = BTreeMap::new();
    let mut nonces = Vec::new();
    for round in 0..ROUNDS {
        let mut child = start(temp.path(), round);
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        // The test kills some processes at their start, others later.
        let mut random = [0; 1];
        getrandom::fill(&mut random).expect("random");
        let mut left = usize::from(random[0]);
        let mut next = || lines.next().map(|line| line.expect("text"));
        while let Some(line) = next() {
            if let Some(event) = line.strip_prefix("> ") {
                record(event, &mut grades, &mut nonces);
                if left == 40 {
                    let second = Directory::open(temp.path(), NOW, LIMITS).err();
                    assert_eq!(second, Some(OpenError::InUse(temp.path().to_owned())));
                }
                left = left.saturating_sub(1);
            }
            if left == 0 {
                // The loop reads the rest of the output.
                child.kill().expect("it was alive");
            }
        }
        child.wait().expect("it has ended");
        inspect(temp.path(), &grades, &nonces);
    }
    assert!(grades.len() > 50, "{}", grades.len());
    assert!(nonces.len() > 50, "{}", nonces.len());
}

fn record(
    line: &str,
    grades: &mut BTreeMap<String, (Status, String)>,
    nonces: &mut Vec<(u8, String)>,
) {
    let mut parts = line.splitn(3, ' ');
    let mut part = || parts.next().expect("three parts");
    let (event, name, text) = (part(), part(), part());
    match event {
        "spent" => nonces.push((name.parse().expect("a number"), text.to_owned())),
        "queued" | "retry" => {
            grades.insert(name.to_owned(), (Status::Kept, text.to_owned()));
        }
        "refused" => grades.get_mut(name).expect("it was queued").0 = Status::Refused,
        "delivered" => grades.get_mut(name).expect("it was queued").0 = Status::Delivered,
        other => panic!("unknown event {other}"),
    }
}

/// Asserts that the directory has everything in its last confirmed state or a later one.
fn inspect(path: &Path, grades: &BTreeMap<String, (Status, String)>, nonces: &[(u8, String)]) {
    // The file still has the write-ahead log of the killed process.
    if !grades.is_empty() {
        let listed = list(path).expect("listed");
        for (id, _) in grades.iter().filter(|(_, (status, _))| *status == Status::Refused) {
            assert!(
                listed.iter().any(|one| one.id == *id && one.status == Status::Refused),
                "{id}"
            );
        }
    }
    let directory = open(path, NOW, LIMITS);
    for (worker, text) in nonces {
        let spent = wait(directory.replay.spend(&nonce(*worker, text, NOW + 300), NOW));
        assert_eq!(spent, Spent::Before, "{worker} {text}");
    }
    for (id, (status, text)) in grades {
        let found = find(&directory, id).unwrap_or_else(|| panic!("{id} {text} is missing"));
        match status {
            Status::Kept if found.status() == Status::Kept => {
                let StoredGrade::Queued(queued) = found else { panic!("{text} is finished") };
                assert!(queued.grade == score(queued.grade.slot[0], "lms.example", text), "{text}");
            }
            Status::Kept => {}
            confirmed => assert_eq!(found.status(), *confirmed, "{text}"),
        }
    }
    drop(directory);
    for file in ["replay.sqlite", "grades.sqlite"] {
        let sqlite = rusqlite::Connection::open(path.join(file)).expect("a file");
        let check: String =
            sqlite.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an answer");
        assert_eq!(check, "ok", "{file}");
    }
}
