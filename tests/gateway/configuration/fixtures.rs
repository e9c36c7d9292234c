//! The problems of invalid files.
//!
//! Each directory of `tests/fixtures/configuration/` contains a tools file with its templates, and
//! the expected output of `check` in `expected.txt`. All secrets contain `hunter2`, and no expected
//! output does. `UPDATE_FIXTURES=1 cargo test configuration` rewrites the expected outputs. Review
//! the diff.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lti_gateway::cli::load;
use lti_gateway::config::{Environment, Problem, print};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/configuration");

/// The source of `Fault`, with all its variants.
const FAULTS: &str = include_str!("../../../src/config/fault.rs");

/// A part of every secret in the fixtures.
const SECRET: &str = "hunter2";

/// The environment of a fixture without a file `environment`.
const ENVIRONMENT: &str = "GATEWAY_SECRET=hunter2 hunter2 hunter2 hunter2 hunter2\n\
    HELLO_SECRET=hunter2 hunter2 hunter2\n";

/// Parses lines of `NAME=value`. A value may be other bytes than UTF-8.
fn environment(lines: &[u8]) -> Environment {
    let mut environment = Environment::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let Some(at) = line.iter().position(|byte| *byte == b'=') else { continue };
        let name = String::from_utf8(line[..at].to_vec()).expect("a name in UTF-8");
        match String::from_utf8(line[at + 1..].to_vec()) {
            Ok(value) => environment.insert(name, value),
            Err(_) => environment.insert_malformed(name),
        }
    }
    environment
}

pub(super) fn fixtures() -> Vec<PathBuf> {
    let entries = fs::read_dir(FIXTURES).expect("the directory of fixtures");
    let mut directories: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    directories.sort();
    directories
}

/// The problems of a fixture, and their output if its directory is the current one.
pub(super) fn load_fixture(directory: &Path) -> (Vec<Problem>, String) {
    let environment = environment(
        &fs::read(directory.join("environment")).unwrap_or(ENVIRONMENT.as_bytes().to_vec()),
    );
    let development = directory.join("development").exists();
    let file = directory.join("tools.toml");
    let problems = load(&file, &environment, development).expect("a readable file").problems;
    let printed = print(&file.display().to_string(), &problems);
    (problems, printed.replace(&format!("{}/", directory.display()), ""))
}

#[test]
fn every_fixture_reports_exactly_the_expected_problems() {
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    let directories = fixtures();
    let mut wrong = String::new();
    for directory in &directories {
        let (_, printed) = load_fixture(directory);
        let path = directory.join("expected.txt");
        if update {
            fs::write(&path, &printed).expect("a written file");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if printed != expected {
            wrong += &format!(
                "--- {}\nexpected:\n{expected}\nprinted:\n{printed}\n",
                directory.display()
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(directories.len() >= 25, "{} fixtures", directories.len());
}

#[test]
fn every_fault_occurs_in_a_fixture() {
    let variants: BTreeSet<&str> = FAULTS
        .split_once("faults! {\n")
        .and_then(|(_, rest)| rest.split_once("\n}\n"))
        .map(|(variants, _)| variants)
        .expect("the declaration of Fault")
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(|line| {
            line.split(|character: char| !character.is_ascii_alphanumeric())
                .next()
                .unwrap_or_default()
        })
        .collect();
    assert!(variants.len() > 30, "{variants:?}");
    let mut seen = BTreeSet::new();
    for directory in fixtures() {
        for problem in load_fixture(&directory).0 {
            let fault = format!("{:?}", problem.fault);
            let name = fault.split(|character: char| !character.is_ascii_alphanumeric()).next();
            seen.insert(name.unwrap_or_default().to_owned());
        }
    }
    let unseen: Vec<_> = variants.into_iter().filter(|variant| !seen.contains(*variant)).collect();
    assert!(unseen.is_empty(), "no fixture has {unseen:?}");
}

#[test]
fn no_problem_shows_a_secret() {
    for directory in fixtures() {
        let (problems, printed) = load_fixture(&directory);
        for (number, line) in printed.lines().enumerate() {
            assert!(!line.contains(SECRET), "{}, line {}: {line}", directory.display(), number + 1);
        }
        for problem in problems {
            let debug = format!("{problem:?}");
            assert!(!debug.contains(SECRET), "{}: {debug}", directory.display());
        }
    }
}
