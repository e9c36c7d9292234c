//! The files of this repository follow the rules.

use std::fs;
use std::path::Path;

use super::files::files;
use super::imports::Sources;
use super::rules::violations;

/// The smallest expected number of imports. Raise it as the code grows.
const FEWEST_IMPORTS: usize = 1400;

#[test]
fn imports_only_go_down_without_cycles_and_type_names_are_unique() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Sources::new();
    for directory in ["src", "crates/lti/src"] {
        for file in files(&root.join(directory), "rs") {
            let name = file.strip_prefix(root).expect("below the root");
            let name = name.to_str().expect("UTF-8").to_owned();
            sources.insert(name, fs::read_to_string(&file).expect("text"));
        }
    }
    let found = violations(&sources, FEWEST_IMPORTS);
    assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
}
