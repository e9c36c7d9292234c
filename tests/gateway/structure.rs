//! The rules of ARCHITECTURE.md that the compiler does not keep.

use std::fs;
use std::path::{Path, PathBuf};

/// The floors from below. Modules of one row may not import each other either, unless it is their own.
const FLOORS: [&[&str]; 5] = [
    &["cause", "clock", "config"],
    &["session", "state", "platform", "practice"],
    &["target", "grade"],
    &["web"],
    &["cli"],
];

/// The files of a kind below a folder.
fn files(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, kind));
        } else if path.extension().is_some_and(|extension| extension == kind) {
            found.push(path);
        }
    }
    found
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

#[test]
fn imports_go_down_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for path in files(&root, "rs") {
        let module =
            path.strip_prefix(&root).expect("below src").components().next().expect("a name");
        let module = module.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
        let Some(own) = floor(&module) else { continue };
        let text = fs::read_to_string(&path).expect("text");
        for used in text.split("crate::").skip(1) {
            let used: String = used
                .chars()
                .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                .collect();
            let Some(other) = floor(&used) else { continue };
            assert!(other < own || used == module, "{} imports crate::{used}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 10, "the test reads what it is meant to read");
}

#[test]
fn the_protocol_knows_no_server_no_clock_and_no_environment() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/lti");
    let manifest: toml::Table =
        fs::read_to_string(root.join("Cargo.toml")).expect("text").parse().expect("TOML");
    let dependencies: Vec<&String> =
        manifest["dependencies"].as_table().expect("a table").keys().collect();
    assert_eq!(
        dependencies,
        [
            "base64",
            "encoding_rs",
            "hmac",
            "quick-xml",
            "serde_json",
            "sha1",
            "sha2",
            "thiserror",
            "zeroize"
        ]
    );
    for path in files(&root.join("src"), "rs") {
        let text = fs::read_to_string(&path).expect("text");
        for foreign in [
            "std::env",
            "std::fs",
            "std::net",
            "std::io",
            "SystemTime",
            "Instant",
            "async fn",
            "println!",
        ] {
            assert!(!text.contains(foreign), "{} has {foreign}", path.display());
        }
    }
}

/// The codes of refusals are a contract with whoever reads logs, so each of them is explained, and nothing that is none.
#[test]
fn every_code_of_a_refusal_has_a_heading_in_the_docs_and_every_heading_a_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_to_string(root.join("docs/rejections.md")).expect("the docs");
    let sections: Vec<(&str, &str)> =
        docs.split("\n### ").skip(1).filter_map(|section| section.split_once('\n')).collect();
    let read = |file: &str| fs::read_to_string(root.join(file)).expect("text");
    let refusal = read("src/web/refusal.rs");
    let (_, code) = refusal.split_once("fn code").expect("the function");
    let (code, _) = code.split_once("\n    }\n").expect("its end");
    let mut codes: Vec<String> = lti::Rejection::CODES.iter().copied().map(str::to_owned).collect();
    codes.extend(code.split('"').skip(1).step_by(2).map(str::to_owned));
    let sources = [read("crates/lti/src/rejection.rs"), refusal].concat().replace("\\\"", "\"");
    assert!(codes.len() > 25);
    let documented: Vec<&str> = sections.iter().map(|(code, _)| *code).collect();
    assert_eq!(documented, codes, "the headings of docs/rejections.md");
    for (code, section) in sections {
        let part = |label: &str| {
            section.lines().find(|line| line.starts_with(&format!("- **{label}"))).unwrap_or_else(
                || {
                    panic!("{code} has no {label}");
                },
            )
        };
        let (log, _, _) = (part("Log:** "), part("Causes"), part("Cure:** "));
        // What the log is said to say stands in the source, around what differs from launch to launch.
        for quoted in
            log.split('`').skip(1).step_by(2).filter(|quoted| !quoted.starts_with("prefix = "))
        {
            for words in quoted.split('…') {
                assert!(sources.contains(words), "{code}: the log never says {words:?}");
            }
        }
    }
}

/// Pages of the docs lead to each other's headings, which are renamed now and then.
#[test]
fn every_link_of_the_docs_leads_to_a_file_or_a_heading() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = files(&root.join("docs"), "md");
    pages.extend(["README.md", "ARCHITECTURE.md"].map(|page| root.join(page)));
    let mut seen = 0;
    for page in pages {
        let text = fs::read_to_string(&page).expect("a page");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            assert!(file.exists(), "{} leads to {link}", page.display());
            seen += 1;
            if anchor.is_empty() {
                continue;
            }
            let text = fs::read_to_string(file).expect("a page of the docs");
            let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| {
                let kept = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
                line.trim_start_matches(['#', ' '])
                    .to_lowercase()
                    .chars()
                    .filter(kept)
                    .collect::<String>()
            });
            let found =
                headings.map(|heading| heading.replace(' ', "-")).any(|heading| heading == anchor);
            assert!(found, "{} leads to {link}", page.display());
        }
    }
    assert!(seen > 100, "{seen} links");
}
