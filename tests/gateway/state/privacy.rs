use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use lti::{GradePlace, OutcomeService, Score};
use lti_gateway::state::{
    Action, AttemptResult, Directory, Grade, Outbox as _, QueuedGrade, StoredGrade,
};
use tempfile::tempdir;

use super::{LIMITS, expired, find, open, refused, retry, score, settle, wait, write};
use crate::support::NOW;

/// The personal data of a grade. The comment is longer than a page of the file.
fn personal(number: u8) -> [String; 4] {
    [
        format!("course-v1:x:block:learner-{number}-4711"),
        format!("https://lms.example/secret-handler-{number}"),
        format!("0.73{number}9182"),
        format!("well done, Zephyrine {number}! ").repeat(250),
    ]
}

fn grade(slot: u8, number: u8) -> Grade {
    let [sourcedid, url, text, comment] = personal(number);
    let like = score(slot, "lms.example", "1");
    let GradePlace::Outcome(OutcomeService { method, .. }) = like.place else { unreachable!() };
    Grade {
        place: GradePlace::Outcome(OutcomeService { url, sourcedid, method }),
        action: Action::Replace {
            score: Some(Score::parse(&text).expect("a score")),
            comment: Some(comment),
            progress: None,
        },
        ..like
    }
}

/// The bytes of all files of a directory.
fn bytes(directory: &Path) -> Vec<u8> {
    let files = fs::read_dir(directory).expect("a directory").flatten();
    files.flat_map(|file| fs::read(file.path()).expect("a file")).collect()
}

/// The personal data of these grades that the directory contains.
fn traces(directory: &Path, numbers: std::ops::Range<u8>) -> Vec<String> {
    let all = bytes(directory);
    let holds = |text: &str| all.windows(text.len()).any(|part| part == text.as_bytes());
    let mut found = Vec::new();
    for number in numbers {
        let [sourcedid, url, text, comment] = personal(number);
        found.extend(
            [sourcedid, url, text, comment[..26].to_owned()].into_iter().filter(|one| holds(one)),
        );
    }
    found
}

/// Waits for the checkpoint, which truncates the write-ahead log, also while the outbox is read.
fn wait_for_checkpoint(path: &Path, directory: &Directory) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while fs::metadata(path.join("grades.sqlite-wal")).is_ok_and(|log| log.len() > 0) {
        assert!(Instant::now() < deadline, "the log is not truncated");
        wait(directory.outbox.next_due()).expect("asked");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_finished_grade_leaves_no_personal_data() {
    let temp = tempdir().expect("a directory");
    let path = temp.path();
    let directory = open(path, NOW, LIMITS);
    let retried = |slot, number| -> QueuedGrade {
        let queued = write(&directory, grade(slot, number));
        settle(&directory, &queued, retry(NOW + 1), NOW);
        queued
    };
    let first_attempt = write(&directory, grade(0, 0));
    let delivered = retried(1, 1);
    let refusal = retried(2, 2);
    let expiry = retried(3, 3);
    let superseded = retried(4, 4);
    let newer = retried(4, 5);
    wait_for_checkpoint(path, &directory);
    assert_eq!(traces(path, 0..6).len(), 5 * 4, "only queued grades have personal data");

    settle(&directory, &first_attempt, AttemptResult::Delivered, NOW);
    settle(&directory, &delivered, AttemptResult::Delivered, NOW);
    settle(&directory, &refusal, refused(), NOW);
    settle(&directory, &expiry, expired(), NOW);
    settle(&directory, &newer, AttemptResult::Delivered, NOW);
    // Sent again, because it superseded an older grade.
    settle(&directory, &newer, AttemptResult::Delivered, NOW + 300);
    wait_for_checkpoint(path, &directory);
    assert_eq!(traces(path, 0..6), [""; 0]);

    for queued in [delivered, refusal, expiry, superseded, newer] {
        let found = find(&directory, &queued.id).expect("found");
        // Its type has no URL, learner, score or comment.
        let StoredGrade::Finished(found) = found else { panic!("{} is queued", queued.id) };
        assert!(!found.deletes);
        assert_eq!(found.slot, queued.grade.slot);
        assert_eq!(
            (found.host.as_str(), found.tool.as_str(), found.sender.encode().as_str()),
            ("lms.example", "notebook", "course-a")
        );
    }
    drop(directory);
    assert_eq!(traces(path, 0..6), [""; 0], "closed");
}

#[test]
fn only_the_owner_can_read_the_directory_and_its_files() {
    let temp = tempdir().expect("a directory");
    let path = temp.path().join("created/state");
    let directory = open(&path, NOW, LIMITS);
    write(&directory, grade(1, 1));
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(path.parent().expect("created")), 0o700);
    let mut names = Vec::new();
    for file in fs::read_dir(&path).expect("a directory").flatten() {
        assert_eq!(mode(&file.path()), 0o600, "{}", file.path().display());
        names.push(file.file_name().into_string().expect("text"));
    }
    names.sort();
    let expected = [
        "grades.sqlite",
        "grades.sqlite-shm",
        "grades.sqlite-wal",
        "lock",
        "replay.sqlite",
        "replay.sqlite-shm",
        "replay.sqlite-wal",
        "version",
    ];
    assert_eq!(names, expected);
    let Directory { replay, outbox } = directory;
    drop((replay, outbox));
}
