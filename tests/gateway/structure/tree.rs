//! The rules hold for the files of this repository.

use std::fs;
use std::path::Path;

use super::files::files;
use super::imports::Sources;
use super::rules::violations;

/// How many imports there are at least. Raise it as the code grows.
const FEWEST_IMPORTS: usize = 1400;

#[test]
fn imports_go_down_only_and_never_in_a_circle_and_type_names_are_unique() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Sources::new();
    for folder in ["src", "crates/lti/src"] {
        for file in files(&root.join(folder), "rs") {
            let name = file.strip_prefix(root).expect("below the root");
            let name = name.to_str().expect("UTF-8").to_owned();
            sources.insert(name, fs::read_to_string(&file).expect("text"));
        }
    }
    let found = violations(&sources, FEWEST_IMPORTS);
    assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
}
