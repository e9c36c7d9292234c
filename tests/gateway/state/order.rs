use std::collections::HashMap;

use lti::Score;
use lti_gateway::state::{
    Action, AttemptResult, Grade, Outbox as _, QueuedGrade, Status, StoredGrade,
};
use tempfile::tempdir;

use super::{
    ACCEPTED, LIMITS, claim, expired, find, open, refused, retry, score, settle, wait, write,
};
use crate::support::NOW;

/// Steps with grades, which have letters as names. Timestamps are seconds after [`NOW`].
enum Step {
    /// Write the grade for this slot.
    Write(&'static str, u8),
    Deliver(&'static str),
    DeliverAt(u64, &'static str),
    Refuse(&'static str),
    /// The attempt failed; the grade comes due at this time.
    Retry(&'static str, u64),
    Expire(&'static str),
    /// A claim at this time returns exactly these, in this order, and leases them for 100 s.
    Claim(u64, &'static [&'static str]),
    /// The next grade comes due at this time.
    Due(Option<u64>),
    Is(&'static str, Status),
    /// The outbox has no grade with this id.
    Missing(&'static str),
}

fn check(name: &str, steps: &[Step]) {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    let mut grades: HashMap<&str, QueuedGrade> = HashMap::new();
    for (index, step) in steps.iter().enumerate() {
        let at = format!("{name}, step {index}");
        match step {
            Step::Write(letter, slot) => {
                grades.insert(letter, write(&directory, score(*slot, "lms.example", "0.5")));
            }
            Step::Deliver(letter) => {
                settle(&directory, &grades[letter], AttemptResult::Delivered, NOW)
            }
            Step::DeliverAt(after, letter) => {
                settle(&directory, &grades[letter], AttemptResult::Delivered, NOW + after);
            }
            Step::Refuse(letter) => settle(&directory, &grades[letter], refused(), NOW),
            Step::Retry(letter, at_time) => {
                settle(&directory, &grades[letter], retry(NOW + at_time), NOW)
            }
            Step::Expire(letter) => settle(&directory, &grades[letter], expired(), NOW),
            Step::Claim(after, letters) => {
                let now = NOW + after;
                let claimed = claim(&directory, now, now + 100).expect("claimed");
                let claimed: Vec<&str> = claimed
                    .iter()
                    .map(|one| {
                        assert!(matches!(one.status, Status::Kept | Status::Delivered), "{at}");
                        assert_eq!(one.next_try, now + 100, "{at}");
                        *grades.iter().find(|(_, other)| other.id == one.id).expect("a letter").0
                    })
                    .collect();
                assert_eq!(claimed, *letters, "{at}");
            }
            Step::Due(after) => {
                let due = wait(directory.outbox.next_due()).expect("asked");
                assert_eq!(due, after.map(|after| NOW + after), "{at}");
            }
            Step::Is(letter, status) => {
                let found = find(&directory, &grades[letter].id).map(|found| found.status());
                assert_eq!(found, Some(*status), "{at}");
            }
            Step::Missing(letter) => {
                assert!(find(&directory, &grades[letter].id).is_none(), "{at}")
            }
        }
    }
}

#[test]
fn the_newest_grade_of_a_slot_counts_and_no_older_one_overtakes_it() {
    use Status::{Delivered, Expired, Kept, Refused, Superseded};
    use Step::{Claim, Deliver, DeliverAt, Due, Expire, Is, Missing, Refuse, Retry, Write};
    let scenarios: &[(&str, &[Step])] = &[
        (
            "delivered at the first attempt",
            &[Write("A", 1), Is("A", Kept), Deliver("A"), Missing("A"), Due(None)],
        ),
        (
            "delivered at the second attempt",
            &[
                Write("A", 1),
                Retry("A", 5),
                Is("A", Kept),
                Due(Some(5)),
                Claim(4, &[]),
                Claim(5, &["A"]),
                Due(Some(105)),
                Claim(104, &[]),
                Deliver("A"),
                Is("A", Delivered),
                Due(None),
            ],
        ),
        (
            "refused at the first attempt",
            &[Write("A", 1), Refuse("A"), Is("A", Refused), Due(None), Claim(9, &[])],
        ),
        (
            "the result of the attempt is unknown",
            &[Write("A", 1), Claim(0, &["A"]), Claim(99, &[]), Claim(100, &["A"])],
        ),
        (
            "a newer grade is refused, and the older one comes due again",
            &[
                Write("A", 1),
                Retry("A", 5),
                Write("B", 1),
                Claim(5, &["B"]),
                Due(Some(105)),
                Refuse("B"),
                Is("B", Refused),
                Is("A", Kept),
                Due(Some(5)),
                Claim(5, &["A"]),
            ],
        ),
        (
            "a newer grade expires, and the older one comes due again",
            &[
                Write("A", 1),
                Retry("A", 5),
                Write("B", 1),
                Expire("B"),
                Is("B", Expired),
                Claim(5, &["A"]),
            ],
        ),
        (
            "a newer grade is delivered at once",
            &[
                Write("A", 1),
                Retry("A", 5),
                Write("B", 1),
                Deliver("B"),
                Is("A", Superseded),
                Is("B", Delivered),
                Due(Some(300)),
                Claim(299, &[]),
                Claim(300, &["B"]),
                Deliver("B"),
                Is("B", Delivered),
                Due(None),
            ],
        ),
        (
            "a newer grade is delivered long after the older one was superseded",
            &[
                Write("A", 1),
                Retry("A", 5),
                Write("B", 1),
                Retry("B", 5),
                DeliverAt(300, "B"),
                Due(Some(600)),
                Write("C", 2),
                Retry("C", 5),
                Write("D", 2),
                Retry("D", 5),
                DeliverAt(301, "D"),
                Is("D", Delivered),
                Due(Some(600)),
            ],
        ),
        (
            "an older grade was delivered after a failed attempt",
            &[
                Write("A", 1),
                Retry("A", 5),
                Deliver("A"),
                Is("A", Delivered),
                Write("B", 1),
                Deliver("B"),
                Is("B", Delivered),
                Due(Some(300)),
            ],
        ),
        (
            "an older grade was delivered after an attempt with an unknown result",
            &[
                Write("A", 1),
                Claim(0, &["A"]),
                Deliver("A"),
                Is("A", Delivered),
                Write("B", 1),
                Deliver("B"),
                Due(Some(300)),
            ],
        ),
        (
            "an older delivered grade was sent again without success",
            &[
                Write("A", 1),
                Retry("A", 5),
                Write("B", 1),
                Deliver("B"),
                Retry("B", 310),
                Write("C", 1),
                DeliverAt(305, "C"),
                Is("B", Delivered),
                Is("C", Delivered),
                Due(Some(605)),
            ],
        ),
        (
            "a newer grade supersedes a delivered one that waits to be sent again",
            &[
                Write("A", 1),
                Retry("A", 5),
                Write("B", 1),
                Deliver("B"),
                Write("C", 1),
                Claim(310, &["C"]),
                Retry("C", 7),
                Is("B", Delivered),
                Claim(500, &["C"]),
            ],
        ),
        (
            "a grade that is sent again stays delivered, with any result",
            &[
                Write("A", 1),
                Retry("A", 5),
                Write("B", 1),
                Deliver("B"),
                Retry("B", 400),
                Is("B", Delivered),
                Due(Some(400)),
                Refuse("B"),
                Is("B", Delivered),
                Due(None),
            ],
        ),
        (
            "a newer grade is queued too",
            &[
                Write("A", 1),
                Retry("A", 5),
                Write("B", 1),
                Retry("B", 7),
                Is("A", Superseded),
                Is("B", Kept),
                Due(Some(7)),
                Claim(9, &["B"]),
                Deliver("B"),
                Is("B", Delivered),
                Is("A", Superseded),
                Due(Some(300)),
            ],
        ),
        (
            "a newer grade hides the older one until its result is known",
            &[
                Write("A", 1),
                Retry("A", 5),
                Write("B", 1),
                Claim(20, &["B"]),
                Claim(20, &[]),
                Due(Some(120)),
                Claim(120, &["B"]),
            ],
        ),
        (
            "a delivered older grade does not finish a newer one",
            &[
                Write("A", 1),
                Write("B", 1),
                Deliver("A"),
                Missing("A"),
                Is("B", Kept),
                Claim(0, &["B"]),
            ],
        ),
        (
            "an older grade that waits for a retry does not finish a newer one",
            &[
                Write("A", 1),
                Write("B", 1),
                Retry("A", 5),
                Is("A", Kept),
                Is("B", Kept),
                Claim(9, &["B"]),
            ],
        ),
        (
            "a finished grade keeps its status, with any later result",
            &[
                Write("A", 1),
                Retry("A", 5),
                Write("B", 1),
                Retry("B", 5),
                Is("A", Superseded),
                Deliver("A"),
                Is("A", Superseded),
                Refuse("A"),
                Retry("A", 1),
                Is("A", Superseded),
                Is("B", Kept),
                Deliver("B"),
                Deliver("B"),
                Retry("B", 1),
                Is("B", Delivered),
                Due(None),
            ],
        ),
        (
            "a deleted grade finishes no other one",
            &[
                Write("A", 1),
                Write("B", 1),
                Deliver("B"),
                Deliver("B"),
                Is("A", Superseded),
                Write("C", 1),
                Deliver("B"),
                Is("C", Kept),
            ],
        ),
        (
            "a grade does not affect other slots",
            &[
                Write("A", 1),
                Write("B", 2),
                Retry("A", 3),
                Retry("B", 2),
                Write("C", 1),
                Deliver("C"),
                Is("A", Superseded),
                Is("B", Kept),
                Claim(9, &["B"]),
            ],
        ),
        (
            "the longest due grade is first, then the order of arrival",
            &[
                Write("A", 1),
                Write("B", 2),
                Write("C", 3),
                Retry("A", 7),
                Retry("B", 5),
                Retry("C", 5),
                Due(Some(5)),
                Claim(8, &["B", "C", "A"]),
            ],
        ),
    ];
    for (name, steps) in scenarios {
        check(name, steps);
    }
}

#[test]
fn a_grade_is_found_as_it_was_written() {
    let temp = tempdir().expect("a directory");
    let directory = open(temp.path(), NOW, LIMITS);
    let commented = Grade {
        action: Action::Replace {
            score: Some(Score::parse("0.10").expect("a score")),
            comment: Some("gut <é>\0\n".to_owned()),
            progress: None,
        },
        ..score(1, "lms.example", "1")
    };
    let deletion = Grade { action: Action::Delete, ..score(2, "[::1]", "1") };
    for grade in [commented, deletion, score(3, "lms.example", "1")] {
        let written =
            wait(directory.outbox.write(grade.clone(), ACCEPTED, 0, NOW + 30)).expect("written");
        assert!(written.grade == grade);
        assert_eq!((written.status, written.accepted, written.tries), (Status::Kept, ACCEPTED, 0));
        assert_eq!(written.next_try, NOW + 30);
        assert_eq!((written.message.as_str(), written.id.len()), ("", 22));
        let queued = || match find(&directory, &written.id) {
            Some(StoredGrade::Queued(queued)) => queued,
            _ => panic!("{} is not queued", written.id),
        };
        assert!(queued() == written);
        settle(&directory, &written, retry(NOW + 40), NOW + 1);
        let found = queued();
        assert!(found.grade == grade);
        assert_eq!(
            (found.tries, found.next_try, found.message.as_str()),
            (1, NOW + 40, "Bad Gateway")
        );
        settle(&directory, &written, AttemptResult::Delivered, NOW + 50);
        let found = find(&directory, &written.id).expect("found");
        assert_eq!(
            (found.status(), found.accepted(), found.tries(), found.next_try()),
            (Status::Delivered, ACCEPTED, 2, None)
        );
        assert_eq!((found.finished(), found.message()), (Some(NOW + 50), ""));
    }
    assert!(find(&directory, "").is_none());
    assert!(find(&directory, "%").is_none());
}

#[test]
fn ids_are_unique_and_sequence_numbers_increase_also_after_a_restart() {
    let temp = tempdir().expect("a directory");
    let mut last = 0;
    let mut ids = std::collections::HashSet::new();
    for _ in 0..3 {
        let directory = open(temp.path(), NOW, LIMITS);
        for _ in 0..5 {
            let grades = write(&directory, score(1, "lms.example", "1"));
            assert!(grades.sequence > last);
            last = grades.sequence;
            assert!(ids.insert(grades.id.clone()));
            settle(&directory, &grades, AttemptResult::Delivered, NOW);
        }
    }
}
