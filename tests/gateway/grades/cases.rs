//! The tests of the numbered cases of grades, 132 to 148.

use std::collections::BTreeSet;

use crate::checklist::cases;

/// The sources with numbered cases: here, and in the crate `lti`.
const SOURCES: [&str; 5] = [
    include_str!("../../../crates/lti/tests/outcome.rs"),
    include_str!("failure.rs"),
    include_str!("launched.rs"),
    include_str!("result.rs"),
    include_str!("signature.rs"),
];

/// Cases that the tests cover in part, and the reason.
const IN_PART: [(&str, &str); 1] =
    [("148", "the run of the certification is missing; its requirements for grades are tested")];

#[test]
fn every_case_of_grades_has_a_test() {
    let tested: BTreeSet<String> = SOURCES.iter().flat_map(|source| cases(source)).collect();
    assert_eq!(tested, (132..=148).map(|id| id.to_string()).collect());
    for (id, reason) in IN_PART {
        assert!(tested.contains(id) && !reason.is_empty(), "{id}");
    }
}
