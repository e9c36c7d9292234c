//! The conformance cases of grades, 132 to 148, and their tests.

use std::collections::BTreeSet;

/// The sources of the tests: of this module, and of the crate `lti`.
const SOURCES: [&str; 5] = [
    include_str!("../../../crates/lti/tests/outcome.rs"),
    include_str!("failure.rs"),
    include_str!("launched.rs"),
    include_str!("result.rs"),
    include_str!("signature.rs"),
];

/// Cases that the tests cover in part, and the reason.
const IN_PART: [(&str, &str); 1] =
    [("148", "the tests repeat the certification's requirements for grades, not its test run")];

/// The cases that comments of test functions name, such as `F1.h 144 and 145`.
fn cases_in(source: &str) -> Vec<u32> {
    let mut cases = Vec::new();
    let mut above = Vec::new();
    for line in source.lines().map(str::trim_start) {
        if line.starts_with("//") {
            if let Some((_, rest)) = line.split_once("F1.h ") {
                let words = rest.split([' ', ',', '.', ':']).filter(|word| !word.is_empty());
                let numbers =
                    words.take_while(|word| *word == "and" || word.parse::<u32>().is_ok());
                above.extend(numbers.filter_map(|word| word.parse::<u32>().ok()));
            }
        } else if line.starts_with("fn ") {
            cases.append(&mut above);
        } else if !line.starts_with("#[") {
            above.clear();
        }
    }
    cases
}

#[test]
fn every_case_of_grades_has_a_test() {
    let source = "/// F1.h 7: a\n#[test]\nfn a() {}\n\n// F1.h 8 and 9.\n#[test]\nfn b() {}\n\
                  // F1.h 10: without a function\n\nfn c() {}";
    assert_eq!(cases_in(source), [7, 8, 9]);
    let tested: BTreeSet<u32> = SOURCES.iter().flat_map(|source| cases_in(source)).collect();
    assert_eq!(tested, (132..=148).collect());
    for (id, reason) in IN_PART {
        assert!(tested.contains(&id.parse().expect("a number")) && !reason.is_empty(), "{id}");
    }
}
