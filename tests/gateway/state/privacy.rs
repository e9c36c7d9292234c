use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use lti::{GradePlace, OutcomeService, Score};
use lti_gateway::state::{Action, Directory, Fate, Grade, Outbox as _, QueuedGrade, StoredGrade};
use tempfile::tempdir;

use super::{BOUNDS, expired, find, open, postponed, refused, score, settle, wait, write};
use crate::support::NOW;

/// What must be nowhere once a grade is finished. The comment is longer than a page of the file.
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
    let GradePlace::Outcome(OutcomeService { method, .. }) = like.place;
    Grade {
        place: GradePlace::Outcome(OutcomeService { url, sourcedid, method }),
        action: Action::Replace {
            score: Score::parse(&text).expect("a score"),
            comment: Some(comment),
        },
        ..like
    }
}

/// All that lies in a directory, one file after the other.
fn bytes(directory: &Path) -> Vec<u8> {
    let files = fs::read_dir(directory).expect("a folder").flatten();
    files.flat_map(|file| fs::read(file.path()).expect("a file")).collect()
}

/// Which of these grades have left something in the directory.
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

/// Waits until the journal is empty, which it is soon after the last change, whatever is asked meanwhile.
fn at_rest(path: &Path, directory: &Directory) {
    let patience = Instant::now() + Duration::from_secs(20);
    while fs::metadata(path.join("grades.sqlite-wal")).is_ok_and(|journal| journal.len() > 0) {
        assert!(Instant::now() < patience, "the journal is emptied");
        wait(directory.outbox.next_due()).expect("asked");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_finished_grade_leaves_nothing_personal_behind() {
    let folder = tempdir().expect("a folder");
    let path = folder.path();
    let directory = open(path, NOW, BOUNDS);
    let postponed_once = |slot, number| -> QueuedGrade {
        let kept = write(&directory, grade(slot, number));
        settle(&directory, &kept, postponed(NOW + 1), NOW);
        kept
    };
    let at_once = write(&directory, grade(0, 0));
    let delivered = postponed_once(1, 1);
    let refusal = postponed_once(2, 2);
    let too_old = postponed_once(3, 3);
    let superseded = postponed_once(4, 4);
    let newer = postponed_once(4, 5);
    at_rest(path, &directory);
    assert_eq!(
        traces(path, 0..6).len(),
        5 * 4,
        "what is kept stands there, and the superseded one does not"
    );

    settle(&directory, &at_once, Fate::Delivered, NOW);
    settle(&directory, &delivered, Fate::Delivered, NOW);
    settle(&directory, &refusal, refused(), NOW);
    settle(&directory, &too_old, expired(), NOW);
    settle(&directory, &newer, Fate::Delivered, NOW);
    // Once more, because an older one gave way to it.
    settle(&directory, &newer, Fate::Delivered, NOW + 300);
    at_rest(path, &directory);
    assert_eq!(traces(path, 0..6), [""; 0]);

    for kept in [delivered, refusal, too_old, superseded, newer] {
        let found = find(&directory, &kept.id).expect("remembered");
        // Its type has neither URL and learner nor score and comment.
        let StoredGrade::Finished(found) = found else { panic!("{} is queued", kept.id) };
        assert!(!found.deletes);
        assert_eq!(found.slot, kept.grade.slot);
        assert_eq!(
            (found.host.as_str(), found.tool.as_str(), found.sender.encode().as_str()),
            ("lms.example", "notebook", "course-a")
        );
    }
    drop(directory);
    assert_eq!(traces(path, 0..6), [""; 0], "closed");
}

#[test]
fn the_directory_and_its_files_are_for_their_owner_alone() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("made/state");
    let directory = open(&path, NOW, BOUNDS);
    write(&directory, grade(1, 1));
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(path.parent().expect("made")), 0o700);
    let mut names = Vec::new();
    for file in fs::read_dir(&path).expect("a folder").flatten() {
        assert_eq!(mode(&file.path()), 0o600, "{}", file.path().display());
        names.push(file.file_name().into_string().expect("text"));
    }
    names.sort();
    let wanted = [
        "grades.sqlite",
        "grades.sqlite-shm",
        "grades.sqlite-wal",
        "lock",
        "replay.sqlite",
        "replay.sqlite-shm",
        "replay.sqlite-wal",
    ];
    assert_eq!(names, wanted);
    let Directory { replay, outbox } = directory;
    drop((replay, outbox));
}
