use std::collections::HashMap;

use lti::Score;
use lti_gateway::state::{
    Action, AttemptResult, Grade, Outbox as _, QueuedGrade, Status, StoredGrade,
};
use tempfile::tempdir;

use super::{
    ACCEPTED, LIMITS, expired, find, open, postponed, refused, score, settle, wait, write,
};
use crate::support::NOW;

/// What happens to grades, which are called by letters. Times are seconds after [`NOW`].
enum Step {
    /// It is written down for this slot.
    Write(&'static str, u8),
    Deliver(&'static str),
    DeliverAt(u64, &'static str),
    Refuse(&'static str),
    /// It comes due then.
    Postpone(&'static str, u64),
    Expire(&'static str),
    /// Exactly these are claimed then, in this order, for 100 s.
    Claim(u64, &'static [&'static str]),
    /// The next one comes due then.
    Due(Option<u64>),
    Is(&'static str, Status),
    /// Nothing is remembered of it.
    Gone(&'static str),
}

fn check(name: &str, steps: &[Step]) {
    let folder = tempdir().expect("a folder");
    let directory = open(folder.path(), NOW, LIMITS);
    let mut kept: HashMap<&str, QueuedGrade> = HashMap::new();
    for (place, step) in steps.iter().enumerate() {
        let at = format!("{name}, step {place}");
        match step {
            Step::Write(letter, slot) => {
                kept.insert(letter, write(&directory, score(*slot, "lms.example", "0.5")));
            }
            Step::Deliver(letter) => {
                settle(&directory, &kept[letter], AttemptResult::Delivered, NOW)
            }
            Step::DeliverAt(after, letter) => {
                settle(&directory, &kept[letter], AttemptResult::Delivered, NOW + after);
            }
            Step::Refuse(letter) => settle(&directory, &kept[letter], refused(), NOW),
            Step::Postpone(letter, until) => {
                settle(&directory, &kept[letter], postponed(NOW + until), NOW)
            }
            Step::Expire(letter) => settle(&directory, &kept[letter], expired(), NOW),
            Step::Claim(after, letters) => {
                let now = NOW + after;
                let claimed =
                    wait(directory.outbox.claim(now, now + 100, 100, 100, &[])).expect("claimed");
                let claimed: Vec<&str> = claimed
                    .iter()
                    .map(|one| {
                        assert!(matches!(one.status, Status::Kept | Status::Delivered), "{at}");
                        assert_eq!(one.next_try, now + 100, "{at}");
                        *kept.iter().find(|(_, other)| other.id == one.id).expect("a letter").0
                    })
                    .collect();
                assert_eq!(claimed, *letters, "{at}");
            }
            Step::Due(after) => {
                let due = wait(directory.outbox.next_due()).expect("asked");
                assert_eq!(due, after.map(|after| NOW + after), "{at}");
            }
            Step::Is(letter, status) => {
                let found = find(&directory, &kept[letter].id).map(|found| found.status());
                assert_eq!(found, Some(*status), "{at}");
            }
            Step::Gone(letter) => assert!(find(&directory, &kept[letter].id).is_none(), "{at}"),
        }
    }
}

/// Of one learner at one link, the newest grade counts, and an older one never overtakes it.
#[test]
fn the_newest_grade_of_a_slot_counts() {
    use Status::{Delivered, Expired, Kept, Refused, Superseded};
    use Step::{Claim, Deliver, DeliverAt, Due, Expire, Gone, Is, Postpone, Refuse, Write};
    let scenarios: &[(&str, &[Step])] = &[
        (
            "delivered at the first try",
            &[Write("A", 1), Is("A", Kept), Deliver("A"), Gone("A"), Due(None)],
        ),
        (
            "delivered at the second try",
            &[
                Write("A", 1),
                Postpone("A", 5),
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
            "refused at the first try",
            &[Write("A", 1), Refuse("A"), Is("A", Refused), Due(None), Claim(9, &[])],
        ),
        (
            "nobody says what became of it",
            &[Write("A", 1), Claim(0, &["A"]), Claim(99, &[]), Claim(100, &["A"])],
        ),
        (
            "a newer one is refused, and the older comes due again",
            &[
                Write("A", 1),
                Postpone("A", 5),
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
            "a newer one expires, and the older comes due again",
            &[
                Write("A", 1),
                Postpone("A", 5),
                Write("B", 1),
                Expire("B"),
                Is("B", Expired),
                Claim(5, &["A"]),
            ],
        ),
        (
            "a newer one is delivered at once",
            &[
                Write("A", 1),
                Postpone("A", 5),
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
            "a newer one is delivered long after the older gave way",
            &[
                Write("A", 1),
                Postpone("A", 5),
                Write("B", 1),
                Postpone("B", 5),
                DeliverAt(300, "B"),
                Due(Some(600)),
                Write("C", 2),
                Postpone("C", 5),
                Write("D", 2),
                Postpone("D", 5),
                DeliverAt(301, "D"),
                Is("D", Delivered),
                Due(Some(600)),
            ],
        ),
        (
            "an older one was delivered when it had been tried in vain before",
            &[
                Write("A", 1),
                Postpone("A", 5),
                Deliver("A"),
                Is("A", Delivered),
                Write("B", 1),
                Deliver("B"),
                Is("B", Delivered),
                Due(Some(300)),
            ],
        ),
        (
            "an older one was delivered whose first try nobody knows of",
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
            "an older one was sent once more in vain",
            &[
                Write("A", 1),
                Postpone("A", 5),
                Write("B", 1),
                Deliver("B"),
                Postpone("B", 310),
                Write("C", 1),
                DeliverAt(305, "C"),
                Is("B", Delivered),
                Is("C", Delivered),
                Due(Some(605)),
            ],
        ),
        (
            "one that is to be sent once more gives way to a newer one, and was delivered",
            &[
                Write("A", 1),
                Postpone("A", 5),
                Write("B", 1),
                Deliver("B"),
                Write("C", 1),
                Claim(310, &["C"]),
                Postpone("C", 7),
                Is("B", Delivered),
                Claim(500, &["C"]),
            ],
        ),
        (
            "whatever comes of sending one once more, it was delivered",
            &[
                Write("A", 1),
                Postpone("A", 5),
                Write("B", 1),
                Deliver("B"),
                Postpone("B", 400),
                Is("B", Delivered),
                Due(Some(400)),
                Refuse("B"),
                Is("B", Delivered),
                Due(None),
            ],
        ),
        (
            "a newer one is kept, too",
            &[
                Write("A", 1),
                Postpone("A", 5),
                Write("B", 1),
                Postpone("B", 7),
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
            "a newer one hides the older until it is known what became of it",
            &[
                Write("A", 1),
                Postpone("A", 5),
                Write("B", 1),
                Claim(20, &["B"]),
                Claim(20, &[]),
                Due(Some(120)),
                Claim(120, &["B"]),
            ],
        ),
        (
            "an older one that is delivered does not end a newer one",
            &[
                Write("A", 1),
                Write("B", 1),
                Deliver("A"),
                Gone("A"),
                Is("B", Kept),
                Claim(0, &["B"]),
            ],
        ),
        (
            "an older one that is postponed does not end a newer one",
            &[
                Write("A", 1),
                Write("B", 1),
                Postpone("A", 5),
                Is("A", Kept),
                Is("B", Kept),
                Claim(9, &["B"]),
            ],
        ),
        (
            "what is finished stays so, whatever is said of it later",
            &[
                Write("A", 1),
                Postpone("A", 5),
                Write("B", 1),
                Postpone("B", 5),
                Is("A", Superseded),
                Deliver("A"),
                Is("A", Superseded),
                Refuse("A"),
                Postpone("A", 1),
                Is("A", Superseded),
                Is("B", Kept),
                Deliver("B"),
                Deliver("B"),
                Postpone("B", 1),
                Is("B", Delivered),
                Due(None),
            ],
        ),
        (
            "what is gone ends nothing",
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
            "other slots are none of its business",
            &[
                Write("A", 1),
                Write("B", 2),
                Postpone("A", 3),
                Postpone("B", 2),
                Write("C", 1),
                Deliver("C"),
                Is("A", Superseded),
                Is("B", Kept),
                Claim(9, &["B"]),
            ],
        ),
        (
            "the longest due comes first, and of those the first to arrive",
            &[
                Write("A", 1),
                Write("B", 2),
                Write("C", 3),
                Postpone("A", 7),
                Postpone("B", 5),
                Postpone("C", 5),
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
    let folder = tempdir().expect("a folder");
    let directory = open(folder.path(), NOW, LIMITS);
    let commented = Grade {
        action: Action::Replace {
            score: Score::parse("0.10").expect("a score"),
            comment: Some("gut <é>\0\n".to_owned()),
        },
        ..score(1, "lms.example", "1")
    };
    let deletion = Grade { action: Action::Delete, ..score(2, "[::1]", "1") };
    for grade in [commented, deletion, score(3, "lms.example", "1")] {
        let written =
            wait(directory.outbox.write(grade.clone(), ACCEPTED, NOW + 30)).expect("written");
        assert!(written.grade == grade);
        assert_eq!((written.status, written.accepted, written.tries), (Status::Kept, ACCEPTED, 0));
        assert_eq!(written.next_try, NOW + 30);
        assert_eq!((written.message.as_str(), written.id.len()), ("", 22));
        let queued = || match find(&directory, &written.id) {
            Some(StoredGrade::Queued(queued)) => queued,
            _ => panic!("{} is not queued", written.id),
        };
        assert!(queued() == written);
        settle(&directory, &written, postponed(NOW + 40), NOW + 1);
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
fn ids_differ_and_numbers_grow_also_after_all_are_gone() {
    let folder = tempdir().expect("a folder");
    let mut last = 0;
    let mut ids = std::collections::HashSet::new();
    for _ in 0..3 {
        let directory = open(folder.path(), NOW, LIMITS);
        for _ in 0..5 {
            let kept = write(&directory, score(1, "lms.example", "1"));
            assert!(kept.sequence > last);
            last = kept.sequence;
            assert!(ids.insert(kept.id.clone()));
            settle(&directory, &kept, AttemptResult::Delivered, NOW);
        }
    }
}
