//! The protocol crate stays pure.

use std::fs;
use std::path::Path;

use super::files::files;

#[test]
fn the_protocol_crate_has_no_io_no_clock_and_no_environment() {
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
