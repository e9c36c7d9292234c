//! Wall clocks that jump, and the running time of all processes together.

use lti::Sender;
use lti_gateway::clock::{Millis, Moment};
use lti_gateway::state::{
    AttemptResult, ClaimLimits, Expiry, Grade, Outbox as _, Status, StoredGrade, list,
};
use tempfile::tempdir;

use super::{
    ACCEPTED, DAY, LIMITS, claim, everything, find, moment, open, retry, score, settle, wait, write,
};
use crate::support::NOW;

const EXPIRY: Expiry = Expiry { age: 3 * DAY, tries: 100, of_delivered: false };

/// The start of the epoch, the end of 32-bit and of 64-bit numbers, and one before each.
const CLOCKS: [u64; 10] = [
    0,
    1,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    i64::MAX as u64,
    i64::MAX as u64 + 1,
    u64::MAX - 1,
    u64::MAX,
];

#[test]
fn the_outbox_works_at_any_time_of_the_clock() {
    for now in CLOCKS {
        let temp = tempdir().expect("a directory");
        let later = now.saturating_add(60);
        let open = |now: u64| open(temp.path(), now.min(i64::MAX as u64), LIMITS);
        let ids: Vec<String> = {
            let directory = open(now);
            let write = |slot, until| {
                let accepted = Millis::new(now.saturating_mul(1000));
                let grade = score(slot, "lms.example", "1");
                wait(directory.outbox.write(grade, accepted, 7, until)).expect("written")
            };
            let older = write(1, now);
            settle(&directory, &older, retry(later), now);
            let newer = write(1, now);
            // Both wait for a retry or to be sent once more.
            settle(&directory, &newer, AttemptResult::Delivered, now);
            let kept = write(2, later);
            let expired = wait(directory.outbox.expire(
                "lms.example",
                EXPIRY,
                "No",
                Moment { now, running: 9 },
            ));
            assert_eq!(expired, Ok(0), "{now}: it has an attempt in progress, or is delivered");
            [older, newer, kept].into_iter().map(|grade| grade.id).collect()
        };
        for clock in CLOCKS {
            let directory = open(clock);
            assert!(wait(directory.outbox.next_due()).expect("asked").is_some());
            let limits = ClaimLimits { latest: clock.saturating_add(5400), ..everything() };
            let until = clock.saturating_add(55);
            let claimed = wait(directory.outbox.claim(clock, until, limits)).expect("claimed");
            assert!(claimed.iter().any(|grade| grade.id == ids[2]), "{now}, then {clock}");
            for grade in claimed {
                settle(&directory, &grade, retry(clock.saturating_add(5400)), clock);
            }
            let due = wait(directory.outbox.next_due()).expect("asked").expect("a grade");
            assert!(due <= clock.saturating_add(5400), "{now}, then {clock}: {due}");
            assert_eq!(list(temp.path()).expect("listed").len(), 1);
        }
        let directory = open(u64::MAX);
        assert_eq!(find(&directory, &ids[1]).map(|found| found.status()), Some(Status::Delivered));
        assert_eq!(find(&directory, &ids[2]).map(|found| found.status()), Some(Status::Kept));
    }
}

#[test]
fn a_grade_expires_by_its_running_time_or_by_the_clock_after_many_attempts() {
    let accepted = Moment { now: NOW, running: 1000 };
    for (tries, now, running, expires) in [
        (1, NOW, 1000 + 3 * DAY, true),
        (1, NOW, 1000 + 3 * DAY - 1, false),
        (1, NOW + 4 * DAY, 1300, false),
        (99, NOW + 4 * DAY, 1300, false),
        (100, NOW + 3 * DAY, 1300, true),
        (100, NOW + 3 * DAY - 1, 1300, false),
        (u32::MAX, NOW - 30 * DAY, 1300, false),
        (u32::MAX, 0, 0, false),
        (1, 0, u64::MAX, true),
        (1, u64::MAX, 0, false),
        (100, u64::MAX, 0, true),
    ] {
        let moment = Moment { now, running };
        assert_eq!(EXPIRY.is_reached(accepted, tries, moment), expires, "{tries} {moment:?}");
    }
}

#[test]
fn the_running_time_continues_after_a_restart_and_downtime_does_not_count() {
    let temp = tempdir().expect("a directory");
    let running = |now, at: Option<u64>| {
        let directory = open(temp.path(), now, LIMITS);
        let earlier = directory.outbox.earlier_running();
        if let Some(at) = at {
            let grade = score(1, "lms.example", "1");
            let queued = wait(directory.outbox.write(grade, ACCEPTED, at, now)).expect("written");
            assert_eq!(queued.accepted_running, at);
            let moment = Moment { now, running: at.saturating_add(5) };
            wait(directory.outbox.settle(&queued, retry(now), true, moment)).expect("settled");
        }
        earlier
    };
    assert_eq!(running(NOW, Some(100)), 0);
    assert_eq!(running(NOW + 30 * DAY, None), 105);
    assert_eq!(running(NOW + 30 * DAY, Some(50)), 105);
    assert_eq!(running(0, Some(200)), 105, "it never decreases");
    assert_eq!(running(0, Some(u64::MAX)), 205);
    assert_eq!(running(0, None), i64::MAX as u64);
}

#[test]
fn the_waiting_grades_of_one_host_expire_without_an_attempt() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    let write_at = |slot: u8, host: &str, running: u64| {
        let grade = Grade {
            sender: Sender::Consumer(format!("course-{slot}").as_str().into()),
            ..score(slot, host, "1")
        };
        let queued = wait(directory.outbox.write(grade, ACCEPTED, running, NOW)).expect("written");
        settle(&directory, &queued, retry(NOW + 1), NOW);
        queued.id
    };
    let old = write_at(1, "a", 0);
    let recent = write_at(2, "a", 100);
    let elsewhere = write_at(3, "b", 0);
    // A crash interrupted its only attempt.
    let without_result = write(&directory, score(5, "a", "1")).id;
    let in_progress = write_at(4, "a", 0);
    let busy_slots = [1, 2, 3, 5].map(|slot| [slot; 16]).into();
    let limits = ClaimLimits { busy_slots, ..everything() };
    let claimed = wait(directory.outbox.claim(NOW + 1, NOW + 60, limits)).expect("claimed");
    assert_eq!(claimed.iter().map(|grade| &grade.id).collect::<Vec<_>>(), [&in_progress]);
    let moment = Moment { now: NOW + 2, running: 3 * DAY };
    assert_eq!(wait(directory.outbox.expire("a", EXPIRY, "No", moment)), Ok(2));
    for (id, status) in [
        (&old, Status::Expired),
        (&recent, Status::Kept),
        (&elsewhere, Status::Kept),
        (&in_progress, Status::Kept),
    ] {
        let found = find(&directory, id).expect("found");
        assert_eq!((found.status(), found.tries()), (status, 1));
        assert_eq!(found.message(), "Bad Gateway", "its own");
    }
    let found = find(&directory, &without_result).expect("found");
    assert_eq!((found.status(), found.message()), (Status::Expired, "No"));
    assert_eq!(wait(directory.outbox.count("a")), Ok(2));
}

/// A timestamp beyond any wait is of a clock that was ahead.
#[test]
fn a_claim_brings_back_a_grade_that_a_clock_far_ahead_delayed() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    let far = write(&directory, score(1, "a", "1"));
    settle(&directory, &far, retry(NOW + 30 * DAY), NOW);
    let near = write(&directory, score(2, "a", "1"));
    settle(&directory, &near, retry(NOW + 5400), NOW);
    let limits = ClaimLimits { latest: NOW + 5400, ..everything() };
    let claimed = wait(directory.outbox.claim(NOW, NOW + 55, limits)).expect("claimed");
    assert_eq!(claimed.len(), 0);
    let due = |id: &str| find(&directory, id).and_then(|found| found.next_try());
    assert_eq!((due(&far.id), due(&near.id)), (Some(NOW + 55), Some(NOW + 5400)));
}

#[test]
fn only_attempts_that_were_sent_or_may_have_been_sent_count() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    let queued = write(&directory, score(1, "a", "1"));
    let tries = |directory: &_| find(directory, &queued.id).map(|found| found.tries());
    // It waited for its lock until the timeout.
    wait(directory.outbox.settle(&queued, retry(NOW), false, moment(NOW))).expect("settled");
    assert_eq!(tries(&directory), Some(0));
    // Its lock was not free.
    let claimed = claim(&directory, NOW, NOW + 9).expect("claimed");
    wait(directory.outbox.release(&claimed[0])).expect("released");
    // The URL is not allowed now.
    let claimed = claim(&directory, NOW + 9, NOW + 18).expect("claimed");
    wait(directory.outbox.settle(&claimed[0], retry(NOW + 18), false, moment(NOW)))
        .expect("settled");
    assert_eq!(tries(&directory), Some(0));
    // A crash during an attempt: it may have been sent.
    claim(&directory, NOW + 18, NOW + 27).expect("claimed");
    drop(directory);
    let directory = open(temp.path(), NOW, LIMITS);
    let claimed = claim(&directory, NOW, NOW + 9).expect("claimed");
    assert_eq!((claimed[0].tries, tries(&directory)), (1, Some(1)));
    settle(&directory, &claimed[0], AttemptResult::Delivered, NOW);
    let found = find(&directory, &queued.id).expect("its id is known to the upstream");
    assert!(matches!(found, StoredGrade::Finished(_)));
    assert_eq!((found.status(), found.tries()), (Status::Delivered, 2));
}

/// The number of a grade that always fails grows, and it no longer hides the others.
#[test]
fn a_probe_is_the_due_grade_with_the_fewest_attempts() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    for (slot, tries) in [(1, 3), (2, 1), (3, 2), (4, 1)] {
        let queued = write(&directory, score(slot, "a", "1"));
        for _ in 0..tries {
            settle(&directory, &queued, retry(NOW + u64::from(slot)), NOW);
        }
    }
    write(&directory, score(5, "b", "1"));
    let limits = |probes| ClaimLimits {
        other_hosts: lti_gateway::state::HostLimit::Probe,
        probes,
        ..everything()
    };
    let claim = |now, probes| {
        let claimed = wait(directory.outbox.claim(now, NOW + 1000, limits(probes)));
        claimed.expect("claimed").iter().map(|one| one.grade.slot[0]).collect::<Vec<_>>()
    };
    assert_eq!(claim(NOW + 9, 0), [0; 0]);
    assert_eq!(claim(NOW + 1, 1), [5], "the longest due host first");
    assert_eq!(claim(NOW + 1, 9), [1], "the only one that is due");
    assert_eq!(claim(NOW + 9, 9), [2]);
    assert_eq!(claim(NOW + 9, 9), [4]);
    assert_eq!(claim(NOW + 9, 9), [3]);
    assert_eq!(claim(NOW + 9, 9), [0; 0]);
}
