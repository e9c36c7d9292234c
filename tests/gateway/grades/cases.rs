//! Which test holds which numbered case of grades, 132 to 148.

use std::collections::BTreeSet;

/// The sources with numbered tests: here, and where no gateway is needed.
const SOURCES: [&str; 5] = [
    include_str!("../../../crates/lti/tests/outcome.rs"),
    include_str!("failure.rs"),
    include_str!("launched.rs"),
    include_str!("result.rs"),
    include_str!("signature.rs"),
];

/// Cases whose tests leave a part out, and why.
const IN_PART: [(&str, &str); 1] =
    [("148", "the certification's own run is not repeated; what it asks for of grades is")];

/// The cases that the names of tests in a source begin with.
fn named_in(source: &str) -> Vec<u32> {
    let names = source.lines().filter_map(|line| line.strip_prefix("fn f1_"));
    names
        .flat_map(|name| {
            let words =
                name.split('_').take_while(|word| *word == "and" || word.parse::<u32>().is_ok());
            words.filter_map(|word| word.parse().ok()).collect::<Vec<u32>>()
        })
        .collect()
}

#[test]
fn every_case_of_grades_is_a_test() {
    assert_eq!(
        named_in("fn f1_007_a() {}\nfn f1_008_and_009_b() {}\n    fn f1_010_c() {}"),
        [7, 8, 9]
    );
    let tested: BTreeSet<u32> = SOURCES.iter().flat_map(|source| named_in(source)).collect();
    assert_eq!(tested, (132..=148).collect());
    for (id, reason) in IN_PART {
        assert!(tested.contains(&id.parse().expect("a number")) && !reason.is_empty(), "{id}");
    }
}
