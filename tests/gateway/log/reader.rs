//! The reader of the log stops, leaves, or was never there.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, pipe};
use std::os::fd::AsRawFd as _;
use std::process::{Command, Stdio};

use super::process::{OVERFLOW, Process, append, launches, lost, signal};
use crate::support::wait_until;

#[test]
fn a_log_that_nobody_reads_delays_no_request_and_no_stop() {
    let (reader, writer) = pipe().expect("a pipe");
    let gateway = Process::start(writer, Stdio::null());
    gateway.launch(OVERFLOW + 1000);
    gateway.is_up();
    assert_eq!(gateway.stop().code(), Some(0));
    drop(reader);
}

#[test]
fn launches_are_accepted_after_the_reader_of_the_log_has_left() {
    let (reader, writer) = pipe().expect("a pipe");
    let (errors, error_writer) = pipe().expect("a pipe");
    let gateway = Process::start(writer, error_writer);
    let mut line = String::new();
    BufReader::new(reader).read_line(&mut line).expect("a line");
    assert!(line.contains("serving "), "{line}");
    drop(errors);
    gateway.launch(100);
    gateway.is_up();
    assert_eq!(gateway.stop().code(), Some(0));
}

#[test]
fn a_reader_that_continues_learns_exactly_how_many_lines_are_lost() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("log");
    let (reader, writer) = pipe().expect("a pipe");
    let mut cat =
        Command::new("cat").stdin(reader).stdout(append(&file)).spawn().expect("cat runs");
    let gateway = Process::start(writer, Stdio::null());
    let log = || fs::read_to_string(&file).expect("a log");
    wait_until("the reader reads", || log().contains("serving "));
    signal(cat.id(), "STOP");
    let count = OVERFLOW + 1000;
    gateway.launch(count);
    signal(cat.id(), "CONT");
    wait_until("the loss is reported", || lost(&log()) > 0);
    assert!(lost(&log()) >= 1000 - 1, "{}", lost(&log()));
    gateway.launch(10);
    assert_eq!(gateway.stop().code(), Some(0));
    assert!(cat.wait().expect("a child").success());
    let log = log();
    assert_eq!(launches(&log) + lost(&log), count + 10);
    assert!(log.lines().all(|line| line.starts_with("20")), "no line is torn");
    assert!(log.lines().last().is_some_and(|line| line.contains("stopped; every request")));
}

#[test]
fn a_pipe_that_does_not_block_loses_no_line_that_fits() {
    // `dd` sets the flag on the pipe that is its standard output, for all who write to it.
    let (mut reader, writer) = pipe().expect("a pipe");
    let copy = writer.try_clone().expect("a copy");
    let dd = Command::new("dd")
        .args(["if=/dev/null", "oflag=nonblock", "status=none"])
        .stdout(copy)
        .status()
        .expect("dd runs");
    assert!(dd.success());
    let flags = format!("/proc/self/fdinfo/{}", writer.as_raw_fd());
    let flags = fs::read_to_string(flags).expect("the flags");
    const NONBLOCK: &str = "4001";
    assert!(flags.lines().any(|line| line.starts_with("flags:") && line.ends_with(NONBLOCK)));
    let gateway = Process::start(writer, Stdio::null());
    // More than a pipe holds.
    gateway.launch(100);
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        reader.read_to_string(&mut log).expect("a log");
        log
    });
    gateway.launch(10);
    assert_eq!(gateway.stop().code(), Some(0));
    let log = log.join().expect("a log");
    assert_eq!((launches(&log), lost(&log)), (110, 0));
}

#[test]
fn a_gateway_without_standard_output_and_error_serves() {
    let directory = super::process::directory(1);
    let mut command = Command::new("sh");
    command
        .args(["-c", "exec \"$0\" >&- 2>&-", env!("CARGO_BIN_EXE_lti-gateway")])
        .current_dir(directory.path())
        .env_clear()
        .env("PORT", "0")
        .stdin(Stdio::null());
    let gateway = Process::spawn(command, directory);
    gateway.launch(10);
    gateway.is_up();
    assert_eq!(gateway.stop().code(), Some(0));
}
