//! The state survives crashes and restarts: spent nonces and queued grades.

mod access;
mod clock;
mod crash;
mod discard;
mod failure;
mod listing;
mod marker;
mod order;
mod privacy;
mod removed;
mod restart;
mod share;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use lti::oauth1::SignatureMethod;
use lti::{Account, GradePlace, Nonce, OutcomeService, Score, Sender, upstream_user_hash};
use lti_gateway::clock::{Millis, Moment};
use lti_gateway::state::{
    Action, AttemptResult, ClaimLimits, Directory, Grade, HostLimit, OpenError, Outbox as _,
    QueuedGrade, StateError, StateLimits, StoredGrade,
};

use crate::support::NOW;

/// Large limits, for all tests that do not test them.
const LIMITS: StateLimits =
    StateLimits { nonces: 100_000, queued: 100_000, queued_per_sender: 100_000, finished: 100_000 };
/// [`NOW`] in milliseconds.
const ACCEPTED: Millis = Millis::from_seconds(NOW);
const DAY: u64 = 24 * 60 * 60;

/// This wall clock, without a running time.
fn moment(now: u64) -> Moment {
    Moment { now, running: 0 }
}

/// Runs a future to its end.
fn wait<T>(what: impl Future<Output = T>) -> T {
    let runtime = rocket::tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(what)
}

/// Opens a directory at `now`. Retries while it is locked: if another test starts a program, the
/// new process briefly inherits all open files, and so also the lock of a closed directory.
fn open(path: &Path, now: u64, limits: StateLimits) -> Directory {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match Directory::open(path, now, limits) {
            Ok(directory) => return directory,
            Err(OpenError::InUse(_)) if Instant::now() < deadline => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// A score for a learner (a slot) at a host.
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
        person: Some(upstream_user_hash(&format!("course-a:{slot}"))),
        action: Action::Replace {
            score: Some(Score::parse(score).expect("a score")),
            comment: None,
            progress: None,
        },
    }
}

/// Writes a grade whose lease ends at once.
fn write(directory: &Directory, grade: Grade) -> QueuedGrade {
    wait(directory.outbox.write(grade, ACCEPTED, 0, NOW)).expect("written")
}

fn settle(directory: &Directory, grade: &QueuedGrade, result: AttemptResult, now: u64) {
    wait(directory.outbox.settle(grade, result, true, moment(now))).expect("settled");
}

/// Limits of a claim without limits per host.
fn everything() -> ClaimLimits {
    ClaimLimits {
        total: 100,
        probes: 100,
        hosts: HashMap::new(),
        other_hosts: HostLimit::Flow(100),
        busy_slots: HashSet::new(),
        latest: u64::MAX,
    }
}

/// Claims all due grades.
fn claim(directory: &Directory, now: u64, until: u64) -> Result<Vec<QueuedGrade>, StateError> {
    wait(directory.outbox.claim(now, until, everything()))
}

fn find(directory: &Directory, id: &str) -> Option<StoredGrade> {
    wait(directory.outbox.find(id)).expect("looked up")
}

fn retry(at: u64) -> AttemptResult {
    AttemptResult::Retry { at, message: "Bad Gateway".to_owned(), arrived: true }
}

fn refused() -> AttemptResult {
    AttemptResult::Refused { message: "no such course".to_owned() }
}

fn expired() -> AttemptResult {
    AttemptResult::Expired { message: "Service Unavailable".to_owned() }
}

fn nonce(consumer: u8, text: &str, acceptable_until: u64) -> Nonce {
    let account = Account::new("notebook", &Sender::Consumer(consumer.to_string().into()));
    Nonce::new(
        account,
        [consumer; 16],
        acceptable_until.saturating_sub(300),
        text,
        acceptable_until,
    )
}
