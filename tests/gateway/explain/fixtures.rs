//! `tests/fixtures/explain/`: a launch for each mistake, and the exact report.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::mistake::{Mistaken, OLD_SECRET, mistaken};

/// If this variable is set, the test rewrites the fixtures.
const WRITE: &str = "WRITE_EXPLAIN_FIXTURES";

/// Additional fixtures of a cause: the fixture, and the cause.
const SEVERAL: [(&str, &str); 10] = [
    ("slash-sent", "slash"),
    ("path-below", "path"),
    ("unsigned-parameters", "unsigned-parameter"),
    ("plus-for-space-by-php", "plus-for-space"),
    ("unescaped-star", "unescaped"),
    ("tilde-and-blank", "tilde"),
    ("secret-as-key-split", "secret-as-key"),
    ("secret-case-mixed", "secret-case"),
    ("signature-text-blank", "signature-text"),
    ("signature-text-escaped", "signature-text"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/explain")
}

/// The report on a fixture, and the exit code. A constant replaces the age of the launch.
fn explained(name: &str) -> (String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
        .args(["explain", "--tool", "page", "--verbose", "--secret-env", "OLD_SECRET"])
        .arg(format!("{name}/launch"))
        .current_dir(folder())
        .env_clear()
        .env("OLD_SECRET", OLD_SECRET)
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    let error = String::from_utf8(output.stderr).expect("text");
    assert_eq!(error, "", "{name}");
    let report = String::from_utf8(output.stdout).expect("text");
    let report = match report.split_once("signed at 2023-11-14T22:13:20Z (") {
        Some((before, after)) => {
            let (_, after) = after.split_once(')').expect("its age");
            format!("{before}signed at 2023-11-14T22:13:20Z (long ago){after}")
        }
        None => report,
    };
    (report, output.status.code())
}

#[test]
fn the_report_on_every_mistake_is_the_fixture() {
    let write = std::env::var_os(WRITE).is_some();
    let all = mistaken();
    for Mistaken { name, launch } in &all {
        let fixture = folder().join(name);
        if write {
            fs::create_dir_all(&fixture).expect("a folder");
            fs::write(fixture.join("launch"), launch).expect("written");
        }
        let stored = fs::read(fixture.join("launch")).unwrap_or_default();
        assert_eq!(
            String::from_utf8_lossy(&stored),
            String::from_utf8_lossy(launch),
            "{name}/launch"
        );
        let (report, code) = explained(name);
        if write {
            fs::write(fixture.join("expected.txt"), &report).expect("written");
        }
        let expected = fs::read_to_string(fixture.join("expected.txt")).unwrap_or_default();
        assert_eq!(
            report, expected,
            "{name}/expected.txt; {WRITE}=1 rewrites it: review the difference"
        );
        let accepted = name.starts_with("accepted");
        assert_eq!((accepted, code), (accepted, Some(if accepted { 0 } else { 1 })), "{name}");
        assert_eq!(report.contains("\ncause: "), !accepted, "{name}");
        let is_unknown = report.contains("\ncause: most likely the secret: ");
        assert_eq!(is_unknown, *name == "not-found", "{name}");
        if !accepted && *name != "not-found" {
            let cause = report
                .split("\ncause: ")
                .nth(1)
                .and_then(|rest| rest.split(':').next())
                .expect("a cause");
            let expected = SEVERAL
                .iter()
                .find(|(variant, _)| variant == name)
                .map_or(*name, |(_, cause)| cause);
            assert_eq!(cause, expected, "{name}");
        }
        for secret in
            ["Salt &", "pepper", "the-secret-of", "own, of 32", "first-half", "other-half"]
        {
            assert!(
                !report.to_ascii_lowercase().contains(&secret.to_ascii_lowercase()),
                "{name} shows {secret}"
            );
        }
    }
    let folders =
        fs::read_dir(folder()).expect("a folder").flatten().filter(|entry| entry.path().is_dir());
    let folders: BTreeSet<String> =
        folders.map(|entry| entry.file_name().into_string().expect("text")).collect();
    assert_eq!(
        folders,
        all.iter().map(|mistaken| mistaken.name.to_owned()).collect(),
        "no fixture is left over"
    );
}

/// The codes of all causes, in the order of the source.
fn codes() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("crates/lti/src/v1p1/cause.rs")).expect("text");
    let (_, code) = text.split_once("pub fn code").expect("the function");
    let (code, _) = code.split_once("\n    }\n").expect("its end");
    code.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_cause_has_a_fixture() {
    let mut seen = BTreeSet::new();
    for Mistaken { name, .. } in mistaken() {
        let report = fs::read_to_string(folder().join(name).join("expected.txt")).expect("text");
        seen.extend(
            report
                .split("\ncause: ")
                .nth(1)
                .and_then(|rest| rest.split(':').next())
                .map(str::to_owned),
        );
    }
    seen.remove("most likely the secret");
    let codes = codes();
    assert!(codes.len() > 25, "{codes:?}");
    assert_eq!(
        seen,
        codes.iter().cloned().collect(),
        "a fixture for each cause of crates/lti/src/v1p1/cause.rs"
    );
}

#[test]
fn every_cause_has_a_heading_in_the_docs() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/explain.md");
    let docs = fs::read_to_string(docs).expect("the docs");
    let headings: Vec<&str> = docs.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(headings, codes(), "the headings of docs/explain.md");
}

/// A cause that nobody makes costs time in each search, and sends admins the wrong way.
#[test]
fn every_cause_names_who_makes_the_mistake() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_to_string(root.join("docs/explain.md")).expect("the docs");
    let sections: Vec<&str> = docs.split("\n### ").skip(1).collect();
    let count = codes().len();
    assert_eq!(sections.len(), count);
    for section in sections {
        let seen = section.split("\n- **Seen in:** ").nth(1).unwrap_or_default().trim();
        assert!(seen.len() > 10 && seen.ends_with('.'), "{section}");
    }
    let source = fs::read_to_string(root.join("crates/lti/src/v1p1/cause.rs")).expect("text");
    let (_, causes) = source.split_once("pub enum Cause {\n").expect("the causes");
    let (causes, _) = causes.split_once("\n}\n").expect("their end");
    let mut comment = String::new();
    let mut named = 0;
    for line in causes.lines().map(str::trim) {
        if line.starts_with("///") {
            comment.push_str(line);
            continue;
        }
        assert!(comment.contains("/// Seen in: "), "{line}");
        comment.clear();
        named += 1;
    }
    assert_eq!(named, count);
}
