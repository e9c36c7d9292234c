//! The protocol crate stays pure.

use std::fs;
use std::path::Path;

use super::files::files;

/// The crates that the protocol may use: none of them does I/O. The last three are for the RSA keys
/// of LTI 1.3.
const ALLOWED: [&str; 14] = [
    "base64",
    "encoding_rs",
    "hkdf",
    "hmac",
    "quick-xml",
    "serde",
    "serde_json",
    "sha1",
    "sha2",
    "thiserror",
    "zeroize",
    "crypto-bigint",
    "crypto-primes",
    "ring",
];

#[test]
fn the_protocol_crate_has_no_io_no_clock_and_no_environment() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/lti");
    let manifest: toml::Table =
        fs::read_to_string(root.join("Cargo.toml")).expect("text").parse().expect("TOML");
    let dependencies: Vec<&String> =
        manifest["dependencies"].as_table().expect("a table").keys().collect();
    for dependency in dependencies {
        assert!(ALLOWED.contains(&dependency.as_str()), "crates/lti depends on {dependency}");
    }
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
