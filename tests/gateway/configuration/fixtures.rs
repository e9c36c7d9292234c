//! What a bad file is told.
//!
//! Each folder of `tests/fixtures/configuration/` holds a file, what lies beside it, and in `expected.txt` what an
//! admin reads about it. Secrets in there all contain the word `hunter2`, and no expected text does.
//! `UPDATE_FIXTURES=1 cargo test configuration` writes the expected texts anew, to be read before they are kept.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lti_gateway::cli::load;
use lti_gateway::config::{Environment, Problem, print};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/configuration");

/// Every variant of `Fault` is declared there.
const FAULTS: &str = include_str!("../../../src/config/fault.rs");

/// What all secrets of the fixtures contain.
const SECRET: &str = "hunter2";

/// The environment of a fixture that has none of its own.
const ENVIRONMENT: &str =
    "GATEWAY_SECRET=hunter2 hunter2 hunter2 hunter2 hunter2\nHELLO_SECRET=hunter2\n";

/// `NAME=value` lines.
fn environment(lines: &str) -> Environment {
    lines
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

pub(super) fn fixtures() -> Vec<PathBuf> {
    let entries = fs::read_dir(FIXTURES).expect("the folder of fixtures");
    let mut folders: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    folders.sort();
    folders
}

/// The problems of a fixture, and how they are printed where its folder is the current one.
pub(super) fn load_fixture(folder: &Path) -> (Vec<Problem>, String) {
    let environment = environment(
        &fs::read_to_string(folder.join("environment")).unwrap_or(ENVIRONMENT.to_owned()),
    );
    let development = folder.join("development").exists();
    let file = folder.join("tools.toml");
    let problems = load(&file, &environment, development).expect("a readable file").problems;
    let printed = print(&file.display().to_string(), &problems);
    (problems, printed.replace(&format!("{}/", folder.display()), ""))
}

#[test]
fn every_bad_file_is_told_exactly_what_is_wrong_with_it() {
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    let folders = fixtures();
    let mut wrong = String::new();
    for folder in &folders {
        let (_, printed) = load_fixture(folder);
        let path = folder.join("expected.txt");
        if update {
            fs::write(&path, &printed).expect("a written file");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if printed != expected {
            wrong +=
                &format!("--- {}\nexpected:\n{expected}\nprinted:\n{printed}\n", folder.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(folders.len() >= 25, "{} fixtures", folders.len());
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
            line.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default()
        })
        .collect();
    assert!(variants.len() > 30, "{variants:?}");
    let mut seen = BTreeSet::new();
    for folder in fixtures() {
        for problem in load_fixture(&folder).0 {
            let fault = format!("{:?}", problem.fault);
            let name = fault.split(|letter: char| !letter.is_ascii_alphanumeric()).next();
            seen.insert(name.unwrap_or_default().to_owned());
        }
    }
    let unseen: Vec<_> = variants.into_iter().filter(|variant| !seen.contains(*variant)).collect();
    assert!(unseen.is_empty(), "no fixture has {unseen:?}");
}

#[test]
fn no_problem_shows_a_secret() {
    for folder in fixtures() {
        let (problems, printed) = load_fixture(&folder);
        for (number, line) in printed.lines().enumerate() {
            assert!(!line.contains(SECRET), "{}, line {}: {line}", folder.display(), number + 1);
        }
        for problem in problems {
            let debug = format!("{problem:?}");
            assert!(!debug.contains(SECRET), "{}: {debug}", folder.display());
        }
    }
}
