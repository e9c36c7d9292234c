//! `lti-gateway grades discard --user ID`: the queued grades of one user, from any sender.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::grades::Course;
use super::*;

fn run(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("the program runs")
}

#[test]
fn the_command_discards_the_grades_of_a_user_by_both_tokens() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let hosts = "outcome_hosts = [\"127.0.0.1\"]";
    let state = format!("{hosts}\nstate = \"{}/s\"", directory.path().display());
    let mut course = Course::new("grades = \"course\"");
    course.0.server = course.0.start_with(hosts, &state);
    let tools = course.0.tools.replace(hosts, &state);
    std::fs::write(directory.path().join("tools.toml"), tools).expect("a file");
    let staff = course.token();
    let own = course.launched("user-4711", LEARNER, |_| ()).header("x-lti-grade-token");
    let own = own.expect("a grade token");
    course.0.services.serve("POST /li/7/scores", "503 Busy", "", "");
    let id = |reply: &Reply| response_json(reply, 202)["id"].as_str().expect("an id").to_owned();
    let by_learner = id(&course.call("POST", "/grades", &own, r#"{"score":0.1}"#));
    course.0.server.set_now(NOW + 2);
    let by_staff = id(&course.grade(&staff, "moodle:user-4711"));
    let of_other = id(&course.grade(&staff, "moodle:user-4712"));

    let discarded = run(directory.path(), &["grades", "discard", "--user", "moodle:user-4711"]);
    let out = String::from_utf8_lossy(&discarded.stdout);
    assert_eq!(discarded.status.code(), Some(0), "{discarded:?}");
    // The grade of the staff superseded that of the learner only after its first attempt.
    assert!(out.starts_with("discarded 1 queued grade in "), "{out}");
    assert!(!out.contains("user-4711"), "{out}");
    let find = |id: &str, user: &str| {
        course.call("GET", &format!("/grades/{id}?user=moodle%3A{user}"), &staff, "")
    };
    refused(&find(&by_staff, "user-4711"), 404, "no-such-grade");
    assert_eq!(response_json(&find(&by_learner, "user-4711"), 200)["status"], "superseded");
    assert_eq!(response_json(&find(&of_other, "user-4712"), 200)["status"], "kept");
    let again = run(directory.path(), &["grades", "discard", "--user", "moodle:user-4711"]);
    assert!(String::from_utf8_lossy(&again.stdout).starts_with("discarded 0 queued grades in "));
    let listed = run(directory.path(), &["grades"]);
    let out = String::from_utf8_lossy(&listed.stdout);
    assert!(out.contains(&of_other) && !out.contains(&by_staff), "{out}");
    let without = run(directory.path(), &["grades", "discard"]);
    assert_eq!(without.status.code(), Some(2), "{without:?}");
}
