//! A process that is killed in the middle of its work: whatever it was told that it is written must be there.

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

use super::{ACCEPTED, LIMITS, find, nonce, open, postponed, refused, score, wait};
use crate::support::NOW;

/// Tells the child which directory is meant, and which process of the test it is.
const DIRECTORY: &str = "TEST_STATE_DIRECTORY";
const ROUND: &str = "TEST_STATE_ROUND";
/// How many are killed one after the other.
const ROUNDS: u8 = 12;

/// The child: writes without end, and says what it was told that it is written.
#[test]
#[ignore = "the test below runs it as a process of its own, and kills it"]
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
        say(&format!("spent {worker} {text}"));
        let kept = outbox
            .write(score(slot, "lms.example", &text), ACCEPTED, NOW + 60)
            .await
            .expect("written");
        let id = &kept.id;
        say(&format!("kept {id} {text}"));
        if number % 4 > 0 {
            outbox.settle(&kept, postponed(NOW + 9), NOW).await.expect("settled");
            say(&format!("postponed {id} {text}"));
        }
        match number % 4 {
            2 => {
                outbox.settle(&kept, refused(), NOW).await.expect("settled");
                say(&format!("refused {id} -"));
            }
            3 => {
                outbox.settle(&kept, AttemptResult::Delivered, NOW).await.expect("settled");
                say(&format!("delivered {id} -"));
            }
            _ => {}
        }
    }
}

fn say(line: &str) {
    // A line in one piece: others write, too, and the end may come at any moment.
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
fn a_process_that_is_killed_loses_nothing_that_it_was_told_is_written() {
    let folder = tempdir().expect("a folder");
    let mut grades: BTreeMap<String, (Status, String)> = BTreeMap::new();
    let mut nonces = Vec::new();
    for round in 0..ROUNDS {
        let mut child = start(folder.path(), round);
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        // Some are killed while they begin, others in full flight.
        let mut random = [0; 1];
        getrandom::fill(&mut random).expect("random");
        let mut left = usize::from(random[0]);
        let mut next = || lines.next().map(|line| line.expect("text"));
        while let Some(line) = next() {
            if let Some(said) = line.strip_prefix("> ") {
                remember(said, &mut grades, &mut nonces);
                if left == 40 {
                    let second = Directory::open(folder.path(), NOW, LIMITS).err();
                    assert_eq!(second, Some(OpenError::InUse(folder.path().to_owned())));
                }
                left = left.saturating_sub(1);
            }
            if left == 0 {
                // What it had said before it died is read to the end.
                child.kill().expect("it was alive");
            }
        }
        child.wait().expect("it has ended");
        inspect(folder.path(), &grades, &nonces);
    }
    assert!(grades.len() > 50, "{}", grades.len());
    assert!(nonces.len() > 50, "{}", nonces.len());
}

fn remember(
    said: &str,
    grades: &mut BTreeMap<String, (Status, String)>,
    nonces: &mut Vec<(u8, String)>,
) {
    let mut words = said.splitn(3, ' ');
    let mut word = || words.next().expect("three words");
    let (what, name, text) = (word(), word(), word());
    match what {
        "spent" => nonces.push((name.parse().expect("a number"), text.to_owned())),
        "kept" | "postponed" => {
            grades.insert(name.to_owned(), (Status::Kept, text.to_owned()));
        }
        "refused" => grades.get_mut(name).expect("it was kept").0 = Status::Refused,
        "delivered" => grades.get_mut(name).expect("it was kept").0 = Status::Delivered,
        other => panic!("{other}"),
    }
}

/// Everything is there, in the newest state that was told or in a later one.
fn inspect(path: &Path, grades: &BTreeMap<String, (Status, String)>, nonces: &[(u8, String)]) {
    // As the process left it, with its journal.
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
        let found = find(&directory, id).unwrap_or_else(|| panic!("{id} {text} is gone"));
        match status {
            Status::Kept if found.status() == Status::Kept => {
                let StoredGrade::Queued(queued) = found else { panic!("{text} is finished") };
                assert!(queued.grade == score(queued.grade.slot[0], "lms.example", text), "{text}");
            }
            Status::Kept => {}
            told => assert_eq!(found.status(), *told, "{text}"),
        }
    }
    drop(directory);
    for file in ["replay.sqlite", "grades.sqlite"] {
        let sqlite = rusqlite::Connection::open(path.join(file)).expect("a file");
        let sound: String =
            sqlite.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an answer");
        assert_eq!(sound, "ok", "{file}");
    }
}
