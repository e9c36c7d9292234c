//! The conformance cases of grades, 132 to 148, and their tests.

use std::collections::BTreeSet;

use crate::checklist::cases;

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

#[test]
fn every_case_of_grades_has_a_test() {
    let tested = SOURCES.iter().flat_map(|source| cases(source));
    let tested: BTreeSet<u32> = tested.map(|id| id.parse().expect("a number")).collect();
    assert_eq!(tested, (132..=148).collect());
    for (id, reason) in IN_PART {
        assert!(tested.contains(&id.parse().expect("a number")) && !reason.is_empty(), "{id}");
    }
}
