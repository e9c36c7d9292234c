use lti::Sender;
use lti_gateway::state::{
    AttemptResult, ClaimLimits, Grade, HostLimit, Outbox as _, StateError, StateLimits, Status,
};
use tempfile::tempdir;

use super::{
    ACCEPTED, DAY, LIMITS, everything, find, open, refused, retry, score, settle, wait, write,
};
use crate::support::NOW;

/// A dead host has the most grades, and the longest due. The other hosts get their share.
#[test]
fn a_host_does_not_delay_the_grades_of_others() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    for (slot, host) in
        ["dead", "dead", "dead", "dead", "dead", "b", "b", "a"].into_iter().enumerate()
    {
        let queued = write(&directory, score(slot as u8, host, "1"));
        settle(&directory, &queued, retry(NOW + slot as u64), NOW);
    }
    let claim = |now, limit, per_host, full: &[&str]| {
        let limits = ClaimLimits {
            total: limit,
            other_hosts: HostLimit::Flow(per_host),
            hosts: full.iter().map(|host| ((*host).to_owned(), HostLimit::Wait)).collect(),
            ..everything()
        };
        let claimed = wait(directory.outbox.claim(now, NOW + 1000, limits)).expect("claimed");
        claimed
            .iter()
            .map(|queued| (queued.grade.host.clone(), queued.grade.slot[0]))
            .collect::<Vec<_>>()
    };
    let named = |expected: &[(&str, u8)]| -> Vec<_> {
        expected.iter().map(|(host, slot)| ((*host).to_owned(), *slot)).collect()
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
    assert_eq!(claim(NOW + 9, 9, 9, &[]), [], "all are leased");
    assert_eq!(claim(NOW + 1000, 9, 9, &[]).len(), 8);
}

#[test]
fn a_consumer_does_not_use_up_the_space_of_others() {
    let temp = tempdir().expect("a directory");
    let limits = StateLimits { queued_per_sender: 2, ..LIMITS };
    let directory = open(temp.path(), NOW, limits);
    for slot in [1, 2] {
        write(&directory, score(slot, "dead.example", "1"));
    }
    let full = wait(directory.outbox.write(score(3, "dead.example", "1"), ACCEPTED, 0, NOW)).err();
    assert_eq!(full, Some(StateError::Full));
    let other =
        Grade { sender: Sender::Consumer("course-b".into()), ..score(3, "lms.example", "1") };
    write(&directory, other);
}

#[test]
fn dead_letters_are_deleted_after_superseded_grades() {
    let temp = tempdir().expect("a directory");
    let limits = StateLimits { finished: 2, ..LIMITS };
    let directory = open(temp.path(), NOW, limits);
    let dead_letter = write(&directory, score(1, "lms.example", "1"));
    settle(&directory, &dead_letter, refused(), NOW);
    let mut superseded = Vec::new();
    for after in 1..5 {
        let grade = write(&directory, score(2, "lms.example", "1"));
        settle(&directory, &grade, retry(NOW + 10), NOW + after);
        superseded.push(grade.id);
    }
    assert_eq!(
        find(&directory, &dead_letter.id).map(|found| found.status()),
        Some(Status::Refused)
    );
    assert!(find(&directory, &superseded[0]).is_none(), "the superseded one is deleted first");
}

#[test]
fn a_full_outbox_accepts_no_grade() {
    let temp = tempdir().expect("a directory");
    let limits = StateLimits { queued: 2, ..LIMITS };
    let directory = open(temp.path(), NOW, limits);
    let first = write(&directory, score(1, "lms.example", "1"));
    let second = write(&directory, score(1, "lms.example", "1"));
    let full = wait(directory.outbox.write(score(2, "lms.example", "1"), ACCEPTED, 0, NOW)).err();
    assert_eq!(full, Some(StateError::Full));
    assert!(wait(directory.outbox.is_reachable()));
    assert!(find(&directory, &first.id).is_some(), "no queued grade is dropped");
    settle(&directory, &second, AttemptResult::Delivered, NOW);
    write(&directory, score(2, "lms.example", "1"));
}

#[test]
fn finished_grades_are_deleted_after_seven_days_and_above_the_limit() {
    let temp = tempdir().expect("a directory");
    let limits = StateLimits { finished: 3, ..LIMITS };
    let directory = open(temp.path(), NOW, limits);
    let finish = |now| {
        let queued = write(&directory, score(1, "lms.example", "1"));
        settle(&directory, &queued, refused(), now);
        queued.id
    };
    let stored = |ids: &[String]| {
        ids.iter().filter(|id| find(&directory, id).is_some()).cloned().collect::<Vec<_>>()
    };
    let old = finish(NOW);
    let ids = [finish(NOW + 1), finish(NOW + 7 * DAY), finish(NOW + 7 * DAY)];
    assert!(find(&directory, &old).is_none(), "the oldest one above the limit");
    assert_eq!(stored(&ids), ids);
    let newest = finish(NOW + 7 * DAY + 2);
    assert_eq!(stored(&ids), ids[1..], "the first is seven days old");
    assert_eq!(find(&directory, &newest).map(|found| found.status()), Some(Status::Refused));

    drop(directory);
    let directory = open(temp.path(), NOW + 14 * DAY + 1, limits);
    assert!(
        ids.iter().all(|id| find(&directory, id).is_none()),
        "also when the directory is opened"
    );
    assert!(find(&directory, &newest).is_some());
}
