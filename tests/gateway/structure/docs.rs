//! The docs explain every code of a refusal, and their links are valid.

use std::fs;
use std::path::Path;

use lti_gateway::proxy::client::UpstreamError;

use super::files::files;

/// Codes are a contract with people who read logs: each code has a heading, and each heading is a
/// code.
#[test]
fn the_headings_of_the_docs_are_the_codes_of_refusals() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_to_string(root.join("docs/rejections.md")).expect("the docs");
    let sections: Vec<(&str, &str)> =
        docs.split("\n### ").skip(1).filter_map(|section| section.split_once('\n')).collect();
    let read = |file: &str| fs::read_to_string(root.join(file)).expect("text");
    let refusals = read("src/web/refusal/table.rs");
    let (_, rows) = refusals.split_once("\nrefusals! {\n").expect("the table");
    let (rows, _) = rows.split_once("\n}\n").expect("its end");
    let mut codes: Vec<String> = lti::Rejection::CODES.iter().copied().map(str::to_owned).collect();
    codes.dedup();
    for row in rows.split("=> \"").skip(1) {
        let code = row.split('"').next().expect("a code").to_owned();
        // Two refusals share a code if they have the same fix.
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    // The row of upstreams' failures has a code for each.
    let at = codes.iter().position(|code| code == "upstream-slow").expect("the row after it");
    codes.splice(at..at, UpstreamError::CODES.iter().copied().map(str::to_owned));
    let sources = [
        read("crates/lti/src/rejection.rs"),
        refusals,
        read("src/proxy/client/error.rs"),
        read("src/proxy/client/certificate.rs"),
    ];
    let sources = sources.concat().replace("\\\"", "\"");
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
        // The source contains the quoted messages, except for the parts that vary.
        for quoted in
            log.split('`').skip(1).step_by(2).filter(|quoted| !quoted.starts_with("prefix = "))
        {
            for part in quoted.split('…') {
                assert!(sources.contains(part), "{code}: no log line contains {part:?}");
            }
        }
    }
}

/// Renaming a page or a heading breaks links.
#[test]
fn every_link_of_the_docs_leads_to_an_existing_file_and_heading() {
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
