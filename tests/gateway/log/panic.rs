//! A panic has a line in the log, without its message.

use std::env;
use std::fs::{self, File};
use std::process::Command;
use std::time::Duration;

use log::LevelFilter;
use lti_gateway::log::Log;

const VARIABLE: &str = "LOG_OF_A_PANIC";

#[test]
fn a_panic_has_one_log_line_with_its_location_only() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("log");
    // A process has one log.
    let output = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "log::panic::in_a_process_of_its_own", "--ignored", "--nocapture"])
        .env(VARIABLE, &file)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let log = fs::read_to_string(&file).expect("a log");
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(lines[0].contains("ERROR gateway: "), "{log}");
    assert!(lines[0].contains("tests/gateway/log/panic.rs:"), "{log}");
    assert!(!log.contains("s3cret"), "{log}");
}

#[test]
#[ignore = "the test above runs it"]
fn in_a_process_of_its_own() {
    let Some(path) = env::var_os(VARIABLE) else { return };
    let log = Log::start(&File::create(path).expect("a file"), LevelFilter::Off).expect("a log");
    let panicked = std::thread::spawn(|| panic!("s3cret")).join();
    assert!(panicked.is_err());
    log.flush(Duration::from_secs(10));
}
