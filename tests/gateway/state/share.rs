use lti::Sender;
use lti_gateway::state::{AttemptResult, Grade, Outbox as _, StateError, StateLimits, Status};
use tempfile::tempdir;

use super::{ACCEPTED, DAY, LIMITS, find, open, postponed, refused, score, settle, wait, write};
use crate::support::NOW;

/// A host that answers nothing has the most, and the longest due; the others get their turn all the same.
#[test]
fn no_host_takes_the_turns_of_others() {
    let folder = tempdir().expect("a folder");
    let directory = open(folder.path(), NOW, LIMITS);
    for (slot, host) in
        ["dead", "dead", "dead", "dead", "dead", "b", "b", "a"].into_iter().enumerate()
    {
        let kept = write(&directory, score(slot as u8, host, "1"));
        settle(&directory, &kept, postponed(NOW + slot as u64), NOW);
    }
    let claim = |now, limit, per_host, full: &[&str]| {
        let full: Vec<String> = full.iter().map(|host| (*host).to_owned()).collect();
        let claimed =
            wait(directory.outbox.claim(now, NOW + 1000, limit, per_host, &full)).expect("claimed");
        claimed.iter().map(|kept| (kept.grade.host.clone(), kept.grade.slot[0])).collect::<Vec<_>>()
    };
    let named = |wanted: &[(&str, u8)]| -> Vec<_> {
        wanted.iter().map(|(host, slot)| ((*host).to_owned(), *slot)).collect()
    };
    assert_eq!(claim(NOW + 9, 0, 2, &[]), []);
    assert_eq!(claim(NOW + 9, 9, 0, &[]), []);
    assert_eq!(claim(NOW + 9, 9, 1, &["dead", "b"]), named(&[("a", 7)]));
    assert_eq!(claim(NOW + 5, 9, 2, &[]), named(&[("dead", 0), ("dead", 1), ("b", 5)]));
    assert_eq!(
        claim(NOW + 9, 2, 2, &[]),
        named(&[("dead", 2), ("dead", 3)]),
        "the longest due first"
    );
    assert_eq!(claim(NOW + 9, 9, 9, &["dead"]), named(&[("b", 6)]));
    assert_eq!(claim(NOW + 9, 9, 9, &["\"]", "b"]), named(&[("dead", 4)]));
    assert_eq!(claim(NOW + 9, 9, 9, &[]), [], "all are claimed");
    assert_eq!(claim(NOW + 1000, 9, 9, &[]).len(), 8);
}

#[test]
fn one_consumer_does_not_use_up_the_space_of_the_others() {
    let folder = tempdir().expect("a folder");
    let limits = StateLimits { queued_per_sender: 2, ..LIMITS };
    let directory = open(folder.path(), NOW, limits);
    for slot in [1, 2] {
        write(&directory, score(slot, "dead.example", "1"));
    }
    let full = wait(directory.outbox.write(score(3, "dead.example", "1"), ACCEPTED, NOW)).err();
    assert_eq!(full, Some(StateError::Full));
    let other =
        Grade { sender: Sender::Consumer("course-b".into()), ..score(3, "lms.example", "1") };
    write(&directory, other);
}

#[test]
fn what_failed_for_good_is_remembered_longer_than_what_gave_way() {
    let folder = tempdir().expect("a folder");
    let limits = StateLimits { finished: 2, ..LIMITS };
    let directory = open(folder.path(), NOW, limits);
    let lost = write(&directory, score(1, "lms.example", "1"));
    settle(&directory, &lost, refused(), NOW);
    let mut gone = Vec::new();
    for after in 1..5 {
        let grade = write(&directory, score(2, "lms.example", "1"));
        settle(&directory, &grade, postponed(NOW + 10), NOW + after);
        gone.push(grade.id);
    }
    assert_eq!(find(&directory, &lost.id).map(|found| found.status()), Some(Status::Refused));
    assert!(find(&directory, &gone[0]).is_none(), "it gave way first");
}

#[test]
fn when_as_much_is_kept_as_may_be_no_more_is_taken() {
    let folder = tempdir().expect("a folder");
    let limits = StateLimits { kept: 2, ..LIMITS };
    let directory = open(folder.path(), NOW, limits);
    let first = write(&directory, score(1, "lms.example", "1"));
    let second = write(&directory, score(1, "lms.example", "1"));
    let full = wait(directory.outbox.write(score(2, "lms.example", "1"), ACCEPTED, NOW)).err();
    assert_eq!(full, Some(StateError::Full));
    assert!(wait(directory.outbox.is_reachable()));
    assert!(find(&directory, &first.id).is_some(), "nothing makes way");
    settle(&directory, &second, AttemptResult::Delivered, NOW);
    write(&directory, score(2, "lms.example", "1"));
}

#[test]
fn what_is_finished_is_forgotten_after_seven_days_and_when_it_is_too_much() {
    let folder = tempdir().expect("a folder");
    let limits = StateLimits { finished: 3, ..LIMITS };
    let directory = open(folder.path(), NOW, limits);
    let finish = |now| {
        let kept = write(&directory, score(1, "lms.example", "1"));
        settle(&directory, &kept, refused(), now);
        kept.id
    };
    let remembered = |ids: &[String]| {
        ids.iter().filter(|id| find(&directory, id).is_some()).cloned().collect::<Vec<_>>()
    };
    let old = finish(NOW);
    let ids = [finish(NOW + 1), finish(NOW + 7 * DAY), finish(NOW + 7 * DAY)];
    assert!(find(&directory, &old).is_none(), "one too many, and it is the oldest");
    assert_eq!(remembered(&ids), ids);
    let newest = finish(NOW + 7 * DAY + 2);
    assert_eq!(remembered(&ids), ids[1..], "the first is seven days old");
    assert_eq!(find(&directory, &newest).map(|found| found.status()), Some(Status::Refused));

    drop(directory);
    let directory = open(folder.path(), NOW + 14 * DAY + 1, limits);
    assert!(ids.iter().all(|id| find(&directory, id).is_none()), "also when it is opened");
    assert!(find(&directory, &newest).is_some());
}
