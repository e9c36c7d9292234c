//! Commands whose output nobody takes: they end with their exit code and without a panic.

use std::fs::File;
use std::io::pipe;
use std::process::Stdio;

use super::process::{command, directory};

/// Checks the exit code of a command with a full disk, and with a reader that has left. What
/// remains readable contains no panic.
#[track_caller]
fn check(arguments: &[&str], code: i32) {
    let directory = directory(1);
    let full = || File::options().write(true).open("/dev/full").expect("a device");
    let gone = || {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        writer
    };
    let run = |stdout: Stdio, stderr: Stdio| {
        let mut command = command(directory.path());
        command.args(arguments).stdout(stdout).stderr(stderr);
        let output = command.output().expect("the program runs");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
        assert!(!errors.contains("panicked"), "{arguments:?}: {errors}");
    };
    run(full().into(), full().into());
    run(gone().into(), gone().into());
    run(full().into(), Stdio::piped());
    run(gone().into(), Stdio::piped());
}

#[test]
fn commands_whose_output_nobody_takes_end_with_their_exit_code() {
    check(&["check"], 0);
    check(&["check", "missing.toml"], 2);
    check(&["grades"], 0);
    check(&["grades", "--tools", "missing.toml"], 2);
    check(&["schema"], 0);
    check(&["--help"], 0);
    check(&["launch", "page", "--print", "curl"], 0);
    check(&["launch", "missing"], 2);
    check(&["explain", "--tool", "page", "missing.txt"], 2);
    check(&["new", "page", "--template", "page"], 1);
    check(&["serve", "--tools", "missing.toml"], 1);
}
