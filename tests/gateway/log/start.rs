//! The messages of the start, on standard error.

use std::io::{Read as _, pipe};
use std::process::Stdio;

use super::process::{Process, command, directory};

#[test]
fn messages_that_nobody_reads_do_not_keep_the_gateway_from_starting() {
    // More than a pipe holds: a warning has more than 100 bytes.
    let directory = directory(1000);
    let (mut reader, writer) = pipe().expect("a pipe");
    let mut command = command(directory.path());
    command.stdout(Stdio::null()).stderr(writer);
    let gateway = Process::spawn(command, directory);
    gateway.launch(10);
    assert_eq!(gateway.stop().code(), Some(0));
    let mut messages = Vec::new();
    reader.read_to_end(&mut messages).expect("messages");
    assert!(messages.len() >= 64 * 1024, "the pipe was full: {}", messages.len());
}

#[test]
fn errors_that_nobody_reads_do_not_keep_the_gateway_from_ending() {
    let directory = directory(1000);
    let (reader, writer) = pipe().expect("a pipe");
    let mut command = command(directory.path());
    // An error after more warnings than a pipe holds.
    command.env("LTI_GATEWAY_SESSION", "never").stdout(Stdio::null()).stderr(writer);
    let mut child = command.spawn().expect("the program starts");
    drop(command);
    let mut status = None;
    crate::support::wait_until("the program ends", || {
        status = child.try_wait().expect("a child");
        status.is_some()
    });
    assert_eq!(status.and_then(|status| status.code()), Some(1));
    drop(reader);
}

#[test]
fn rocket_writes_to_the_log_and_not_to_standard_output() {
    let (mut reader, writer) = pipe().expect("a pipe");
    let directory = directory(0);
    let mut command = command(directory.path());
    command.env("ROCKET_LOG_LEVEL", "normal").stdout(writer).stderr(Stdio::null());
    let gateway = Process::spawn(command, directory);
    gateway.is_up();
    assert_eq!(gateway.stop().code(), Some(0));
    let mut log = String::new();
    reader.read_to_string(&mut log).expect("a log");
    assert!(log.lines().any(|line| line.contains("INFO rocket: (is_up) GET /is_up")), "{log}");
    assert!(log.lines().all(|line| line.starts_with("20")), "{log}");
}

#[test]
fn rocket_does_not_panic_without_a_reader() {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let directory = directory(0);
    let mut command = command(directory.path());
    command.env("ROCKET_LOG_LEVEL", "debug").stdout(writer).stderr(Stdio::null());
    let gateway = Process::spawn(command, directory);
    gateway.launch(10);
    assert_eq!(gateway.stop().code(), Some(0));
}
