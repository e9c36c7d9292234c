//! What must survive: nonces that were spent, and grades on their way.

mod crash;
mod failure;
mod listing;
mod order;
mod privacy;
mod restart;
mod share;

use std::path::Path;
use std::time::{Duration, Instant};

use lti::oauth1::SignatureMethod;
use lti::{GradePlace, Nonce, OutcomeService, Sender};
use lti_gateway::state::{Action, Bounds, Directory, Fate, Grade, Kept, OpenError, Outbox as _};

use crate::support::NOW;

/// Enough for every test that is not about it.
const BOUNDS: Bounds = Bounds {
    nonces: 100_000,
    nonces_per_consumer: 100_000,
    kept: 100_000,
    kept_per_consumer: 100_000,
    finished: 100_000,
};
const DAY: u64 = 24 * 60 * 60;

/// Waits for what the state does.
fn wait<T>(what: impl Future<Output = T>) -> T {
    let runtime = rocket::tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(what)
}

/// Opens a directory at this time. While another test starts a program, the program holds all that this process has open
/// for a moment, and so the lock of a directory that was given up.
fn open(path: &Path, now: u64, bounds: Bounds) -> Directory {
    let patience = Instant::now() + Duration::from_secs(10);
    loop {
        match Directory::open(path, now, bounds) {
            Ok(directory) => return directory,
            Err(OpenError::InUse(_)) if Instant::now() < patience => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// A score of a learner (a slot) at a host.
fn score(slot: u8, host: &str, score: &str) -> Grade {
    Grade {
        slot: [slot; 16],
        tool: "notebook".to_owned(),
        sender: Sender::Consumer("course-a".into()),
        host: host.to_owned(),
        place: GradePlace::Outcome(OutcomeService {
            url: format!("https://{host}/outcome"),
            sourcedid: format!("sourcedid of {slot}"),
            method: SignatureMethod::HmacSha256,
        }),
        action: Action::Replace { score: score.to_owned(), comment: None },
    }
}

/// Writes a grade of which the first try ends at once.
fn write(directory: &Directory, grade: Grade) -> Kept {
    wait(directory.outbox.write(grade, NOW, NOW)).expect("written")
}

fn settle(directory: &Directory, kept: &Kept, fate: Fate, now: u64) {
    wait(directory.outbox.settle(kept, fate, now)).expect("settled");
}

fn find(directory: &Directory, id: &str) -> Option<Kept> {
    wait(directory.outbox.find(id)).expect("looked up")
}

fn postponed(until: u64) -> Fate {
    Fate::Postponed { until, words: "Bad Gateway".to_owned() }
}

fn refused() -> Fate {
    Fate::Refused { words: "no such course".to_owned() }
}

fn expired() -> Fate {
    Fate::Expired { words: "Service Unavailable".to_owned() }
}

fn nonce(consumer: u8, text: &str, acceptable_until: u64) -> Nonce {
    Nonce::new([consumer; 16], acceptable_until - 300, text, acceptable_until)
}
