use lti::{FullShare, MemoryReplay, Spent};
use lti_gateway::state::{AttemptResult, Outbox as _, Replay, StateLimits};
use tempfile::tempdir;

use super::{ACCEPTED, LIMITS, find, nonce, open, retry, score, settle, wait, write};
use crate::support::NOW;

fn spend(replay: &dyn Replay, text: &str, until: u64, now: u64) -> Spent {
    wait(replay.spend(&nonce(1, text, until), now))
}

#[test]
fn a_nonce_that_was_spent_before_a_restart_cannot_be_spent_again() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    assert!(wait(directory.replay.is_reachable()));
    assert_eq!(spend(&directory.replay, "a", NOW + 300, NOW), Spent::Now);
    assert_eq!(spend(&directory.replay, "a", NOW + 300, NOW), Spent::Before);
    drop(directory);
    let directory = open(temp.path(), NOW + 300, LIMITS);
    assert_eq!(spend(&directory.replay, "a", NOW + 300, NOW + 300), Spent::Before);
    assert_eq!(spend(&directory.replay, "b", NOW + 300, NOW + 300), Spent::Now);
    assert_eq!(wait(directory.replay.spend(&nonce(2, "a", NOW + 300), NOW + 300)), Spent::Now);
}

#[test]
fn a_clock_that_is_set_back_during_a_restart_permits_no_replay() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    assert_eq!(spend(&directory.replay, "a", NOW + 300, NOW), Spent::Now);
    drop(directory);
    // This deletes the nonce, because the clock is far ahead.
    drop(open(temp.path(), NOW + 301, LIMITS));
    for _ in 0..2 {
        let directory = open(temp.path(), NOW, LIMITS);
        assert_eq!(spend(&directory.replay, "a", NOW + 300, NOW), Spent::ClockSetBack);
        assert_eq!(spend(&directory.replay, "b", NOW + 299, NOW), Spent::ClockSetBack);
    }
    let directory = open(temp.path(), NOW, LIMITS);
    assert_eq!(spend(&directory.replay, "a", NOW + 301, NOW), Spent::Now);
}

#[test]
fn expired_nonces_are_deleted_from_the_disk() {
    let temp = tempdir().expect("a directory");
    let count = || {
        let sqlite = rusqlite::Connection::open(temp.path().join("replay.sqlite")).expect("a file");
        let count = sqlite.query_row("SELECT COUNT(*) FROM nonce", [], |row| row.get::<_, u64>(0));
        count.expect("a table")
    };
    let directory = open(temp.path(), NOW, LIMITS);
    for number in 0..50 {
        assert_eq!(
            spend(&directory.replay, &format!("{number}"), NOW + 300 + number, NOW),
            Spent::Now
        );
    }
    assert_eq!(count(), 50);
    assert_eq!(spend(&directory.replay, "late", NOW + 700, NOW + 340), Spent::Now);
    assert_eq!(count(), 11, "ten that are not expired, and the new one");
    assert_eq!(spend(&directory.replay, "later", NOW + 700, NOW + 370), Spent::Now);
    assert_eq!(count(), 12, "no cleanup at every nonce");
    drop(directory);
    let directory = open(temp.path(), NOW, LIMITS);
    assert_eq!(
        spend(&directory.replay, "0", NOW + 300, NOW),
        Spent::ClockSetBack,
        "the latest expiry of deleted nonces is recorded"
    );
}

/// The years 2038 and 2106, and both ends of time. SQLite stores no number above 2^63.
#[test]
fn nonces_are_spent_once_whatever_the_clock_says() {
    let temp = tempdir().expect("a directory");
    let all = [0, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, u64::MAX];
    {
        let directory = open(temp.path(), NOW, LIMITS);
        for now in all {
            let until = now.saturating_add(300);
            assert_eq!(spend(&directory.replay, "n", until, now), Spent::Now, "{now}");
            assert_eq!(spend(&directory.replay, "n", until, now), Spent::Before, "{now}");
        }
        // Back at once: the store deleted all that had expired.
        for now in [0_u64, 1 << 31, 1 << 32] {
            let until = now.saturating_add(300);
            assert_eq!(spend(&directory.replay, "n", until, now), Spent::ClockSetBack, "{now}");
        }
    }
    let directory = open(temp.path(), NOW, LIMITS);
    assert_eq!(spend(&directory.replay, "n", u64::MAX, NOW), Spent::Before);
    assert_eq!(spend(&directory.replay, "n", NOW + 300, NOW), Spent::ClockSetBack);
}

#[test]
fn a_full_replay_store_spends_no_nonce_and_writes_none() {
    let temp = tempdir().expect("a directory");
    let limits = StateLimits { nonces: 8, ..LIMITS };
    let full = Spent::Full(FullShare::Consumer);
    for _ in 0..2 {
        let directory = open(temp.path(), NOW, limits);
        spend(&directory.replay, "a", NOW + 300, NOW);
        spend(&directory.replay, "b", NOW + 300, NOW);
        assert_eq!(spend(&directory.replay, "c", NOW + 300, NOW), full);
    }
    let directory = open(temp.path(), NOW, LIMITS);
    assert_eq!(spend(&directory.replay, "a", NOW + 300, NOW), Spent::Before);
    assert_eq!(spend(&directory.replay, "b", NOW + 300, NOW), Spent::Before);
    assert_eq!(spend(&directory.replay, "c", NOW + 300, NOW), Spent::Now);
    drop(directory);
    let directory = open(temp.path(), NOW, StateLimits { nonces: 1, ..LIMITS });
    assert_eq!(
        spend(&directory.replay, "c", NOW + 300, NOW),
        Spent::Before,
        "a smaller limit drops no nonce"
    );
}

#[test]
fn concurrent_replays_spend_a_nonce_once() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    let first = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| spend(&directory.replay, "n", NOW + 300, NOW) == Spent::Now))
            .collect();
        attempts.into_iter().map(|one| one.join().expect("no panic")).filter(|first| *first).count()
    });
    assert_eq!(first, 1);
}

#[test]
fn the_replay_store_in_memory_spends_a_nonce_once() {
    let memory: Box<dyn Replay> = Box::new(MemoryReplay::new(10));
    assert!(wait(memory.is_reachable()));
    assert_eq!(spend(&*memory, "a", NOW + 300, NOW), Spent::Now);
    assert_eq!(spend(&*memory, "a", NOW + 300, NOW), Spent::Before);
}

/// The lease of the earlier process is void, and so is the time of a retry by a clock that was
/// ahead.
#[test]
fn queued_grades_come_due_after_a_restart() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    let sending =
        wait(directory.outbox.write(score(1, "a", "1"), ACCEPTED, NOW + 60)).expect("written");
    let tried =
        wait(directory.outbox.write(score(2, "a", "1"), ACCEPTED, NOW + 60)).expect("written");
    settle(&directory, &tried, retry(NOW + 31_536_000), NOW);
    assert_eq!(wait(directory.outbox.next_due()), Ok(Some(NOW + 60)));
    drop(directory);

    let directory = open(temp.path(), NOW + 10, LIMITS);
    assert_eq!(wait(directory.outbox.next_due()), Ok(Some(NOW + 10)));
    let claimed = wait(directory.outbox.claim(NOW + 10, NOW + 70, 9, 9, &[])).expect("claimed");
    assert_eq!(
        claimed.iter().map(|queued| &queued.id).collect::<Vec<_>>(),
        [&sending.id, &tried.id]
    );
    assert_eq!(find(&directory, &tried.id).map(|found| found.tries()), Some(1));
}

#[test]
fn a_grade_that_is_sent_again_waits_also_after_a_restart() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    let older = write(&directory, score(1, "a", "0.5"));
    settle(&directory, &older, retry(NOW + 1), NOW);
    let newer = write(&directory, score(1, "a", "1"));
    settle(&directory, &newer, AttemptResult::Delivered, NOW);
    drop(directory);
    let directory = open(temp.path(), NOW + 10, LIMITS);
    assert_eq!(wait(directory.outbox.next_due()), Ok(Some(NOW + 300)));
}

#[test]
fn a_restart_does_not_delay_a_due_grade() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    let queued = write(&directory, score(1, "a", "1"));
    drop(directory);
    let directory = open(temp.path(), NOW + 10, LIMITS);
    assert_eq!(find(&directory, &queued.id).and_then(|found| found.next_try()), Some(NOW));
}
