//! The docs name every code of a refusal, and their links lead somewhere.

use std::fs;
use std::path::Path;

use super::files::files;

/// The codes of refusals are a contract with whoever reads logs, so each of them is explained, and nothing that is none.
#[test]
fn every_code_of_a_refusal_has_a_heading_in_the_docs_and_every_heading_a_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_to_string(root.join("docs/rejections.md")).expect("the docs");
    let sections: Vec<(&str, &str)> =
        docs.split("\n### ").skip(1).filter_map(|section| section.split_once('\n')).collect();
    let read = |file: &str| fs::read_to_string(root.join(file)).expect("text");
    let refusals = read("src/web/refusal/table.rs");
    let (_, rows) = refusals.split_once("\nrefusals! {\n").expect("the table");
    let (rows, _) = rows.split_once("\n}\n").expect("its end");
    let mut codes: Vec<String> = lti::Rejection::CODES.iter().copied().map(str::to_owned).collect();
    for row in rows.split("=> \"").skip(1) {
        let code = row.split('"').next().expect("a code").to_owned();
        // Two refusals share a code if an admin can do the same about both.
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    let sources = [read("crates/lti/src/rejection.rs"), refusals].concat().replace("\\\"", "\"");
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
        let (log, _, _) = (part("Log:** "), part("Causes"), part("Fix:** "));
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
