use lti::{MemoryReplay, Spent};
use lti_gateway::state::{AttemptResult, Outbox as _, Replay, StateLimits};
use tempfile::tempdir;

use super::{ACCEPTED, LIMITS, find, nonce, open, postponed, score, settle, wait, write};
use crate::support::NOW;

fn spend(replay: &dyn Replay, text: &str, until: u64, now: u64) -> Spent {
    wait(replay.spend(&nonce(1, text, until), now))
}

#[test]
fn a_nonce_that_was_spent_before_a_restart_is_not_spent_again() {
    let folder = tempdir().expect("a folder");
    let directory = open(folder.path(), NOW, LIMITS);
    assert!(wait(directory.replay.is_reachable()));
    assert_eq!(spend(&directory.replay, "a", NOW + 300, NOW), Spent::Now);
    assert_eq!(spend(&directory.replay, "a", NOW + 300, NOW), Spent::Before);
    drop(directory);
    let directory = open(folder.path(), NOW + 300, LIMITS);
    assert_eq!(spend(&directory.replay, "a", NOW + 300, NOW + 300), Spent::Before);
    assert_eq!(spend(&directory.replay, "b", NOW + 300, NOW + 300), Spent::Now);
    assert_eq!(wait(directory.replay.spend(&nonce(2, "a", NOW + 300), NOW + 300)), Spent::Now);
}

#[test]
fn a_clock_that_is_set_back_over_a_restart_opens_no_way_for_a_replay() {
    let folder = tempdir().expect("a folder");
    let directory = open(folder.path(), NOW, LIMITS);
    assert_eq!(spend(&directory.replay, "a", NOW + 300, NOW), Spent::Now);
    drop(directory);
    // It is forgotten here, as the clock is far ahead.
    drop(open(folder.path(), NOW + 301, LIMITS));
    for _ in 0..2 {
        let directory = open(folder.path(), NOW, LIMITS);
        assert_eq!(spend(&directory.replay, "a", NOW + 300, NOW), Spent::Unknown);
        assert_eq!(spend(&directory.replay, "b", NOW + 299, NOW), Spent::Unknown);
    }
    let directory = open(folder.path(), NOW, LIMITS);
    assert_eq!(spend(&directory.replay, "a", NOW + 301, NOW), Spent::Now);
}

#[test]
fn what_expires_while_it_serves_is_taken_off_the_disk() {
    let folder = tempdir().expect("a folder");
    let count = || {
        let sqlite =
            rusqlite::Connection::open(folder.path().join("replay.sqlite")).expect("a file");
        let count = sqlite.query_row("SELECT COUNT(*) FROM nonce", [], |row| row.get::<_, u64>(0));
        count.expect("a table")
    };
    let directory = open(folder.path(), NOW, LIMITS);
    for number in 0..50 {
        assert_eq!(
            spend(&directory.replay, &format!("{number}"), NOW + 300 + number, NOW),
            Spent::Now
        );
    }
    assert_eq!(count(), 50);
    assert_eq!(spend(&directory.replay, "late", NOW + 700, NOW + 340), Spent::Now);
    assert_eq!(count(), 11, "those of the last ten seconds, and the new one");
    assert_eq!(spend(&directory.replay, "later", NOW + 700, NOW + 370), Spent::Now);
    assert_eq!(count(), 12, "not each time");
    drop(directory);
    let directory = open(folder.path(), NOW, LIMITS);
    assert_eq!(
        spend(&directory.replay, "0", NOW + 300, NOW),
        Spent::Unknown,
        "what was forgotten is known"
    );
}

#[test]
fn a_full_memory_refuses_and_what_it_refused_is_not_on_the_disk() {
    let folder = tempdir().expect("a folder");
    let limits = StateLimits { nonces: 3, nonces_per_sender: 2, ..LIMITS };
    for _ in 0..2 {
        let directory = open(folder.path(), NOW, limits);
        spend(&directory.replay, "a", NOW + 300, NOW);
        spend(&directory.replay, "b", NOW + 300, NOW);
        assert_eq!(spend(&directory.replay, "c", NOW + 300, NOW), Spent::Unknown);
    }
    let directory = open(folder.path(), NOW, LIMITS);
    assert_eq!(spend(&directory.replay, "a", NOW + 300, NOW), Spent::Before);
    assert_eq!(spend(&directory.replay, "b", NOW + 300, NOW), Spent::Before);
    assert_eq!(spend(&directory.replay, "c", NOW + 300, NOW), Spent::Now);
    drop(directory);
    let directory =
        open(folder.path(), NOW, StateLimits { nonces: 1, nonces_per_sender: 1, ..LIMITS });
    assert_eq!(
        spend(&directory.replay, "c", NOW + 300, NOW),
        Spent::Before,
        "none is dropped for a bound"
    );
}

#[test]
fn of_many_at_once_exactly_one_is_first() {
    let folder = tempdir().expect("a folder");
    let directory = open(folder.path(), NOW, LIMITS);
    let first = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| spend(&directory.replay, "n", NOW + 300, NOW) == Spent::Now))
            .collect();
        attempts.into_iter().map(|one| one.join().expect("no panic")).filter(|first| *first).count()
    });
    assert_eq!(first, 1);
}

#[test]
fn the_memory_of_one_process_is_a_replay_memory_like_any_other() {
    let memory: Box<dyn Replay> = Box::new(MemoryReplay::new(10, 10));
    assert!(wait(memory.is_reachable()));
    assert_eq!(spend(&*memory, "a", NOW + 300, NOW), Spent::Now);
    assert_eq!(spend(&*memory, "a", NOW + 300, NOW), Spent::Before);
}

/// Whoever was sending it is gone, and with it the promise to say what became of it; and a clock that was ahead said when it
/// was to be tried again.
#[test]
fn what_is_kept_comes_due_when_it_is_opened_again() {
    let folder = tempdir().expect("a folder");
    let directory = open(folder.path(), NOW, LIMITS);
    let sending =
        wait(directory.outbox.write(score(1, "a", "1"), ACCEPTED, NOW + 60)).expect("written");
    let tried =
        wait(directory.outbox.write(score(2, "a", "1"), ACCEPTED, NOW + 60)).expect("written");
    settle(&directory, &tried, postponed(NOW + 31_536_000), NOW);
    assert_eq!(wait(directory.outbox.next_due()), Ok(Some(NOW + 60)));
    drop(directory);

    let directory = open(folder.path(), NOW + 10, LIMITS);
    assert_eq!(wait(directory.outbox.next_due()), Ok(Some(NOW + 10)));
    let claimed = wait(directory.outbox.claim(NOW + 10, NOW + 70, 9, 9, &[])).expect("claimed");
    assert_eq!(claimed.iter().map(|kept| &kept.id).collect::<Vec<_>>(), [&sending.id, &tried.id]);
    assert_eq!(find(&directory, &tried.id).map(|found| found.tries()), Some(1));
}

#[test]
fn what_is_to_be_sent_once_more_waits_after_a_restart_too() {
    let folder = tempdir().expect("a folder");
    let directory = open(folder.path(), NOW, LIMITS);
    let older = write(&directory, score(1, "a", "0.5"));
    settle(&directory, &older, postponed(NOW + 1), NOW);
    let newer = write(&directory, score(1, "a", "1"));
    settle(&directory, &newer, AttemptResult::Delivered, NOW);
    drop(directory);
    let directory = open(folder.path(), NOW + 10, LIMITS);
    assert_eq!(wait(directory.outbox.next_due()), Ok(Some(NOW + 300)));
}

#[test]
fn what_was_due_before_a_restart_is_due_no_later_after_it() {
    let folder = tempdir().expect("a folder");
    let directory = open(folder.path(), NOW, LIMITS);
    let kept = write(&directory, score(1, "a", "1"));
    drop(directory);
    let directory = open(folder.path(), NOW + 10, LIMITS);
    assert_eq!(find(&directory, &kept.id).and_then(|found| found.next_try()), Some(NOW));
}
