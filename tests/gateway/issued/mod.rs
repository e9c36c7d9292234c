//! Values that an older version issued stay valid: cookies, tickets, receipts, grade tokens and
//! state.
//!
//! `tests/fixtures/issued/README.md` describes the values.

mod delivery;
mod launch;
mod session;
mod state;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Recorder, Server, Setup};

/// The secret from which the older version derived its keys.
const SECRET: &str = "the gateway's own, of 32 characters";

/// The directory of the fixtures.
fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/issued")
}

/// The entries of a JSON file, which must have this number of entries.
#[track_caller]
fn entries(file: &str, count: usize) -> Vec<Value> {
    let text = fs::read_to_string(directory().join(file)).expect("a fixture");
    let Value::Array(entries) = serde_json::from_str(&text).expect("JSON") else {
        panic!("{file} is not a list")
    };
    assert_eq!(entries.len(), count, "{file}");
    entries
}

/// A string of a fixture.
#[track_caller]
fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// A slot in hexadecimal, like in the fixtures.
fn hexadecimal(bytes: [u8; 16]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The tools file of the fixtures, with an upstream and a platform of this test.
fn tools(upstream: &Recorder, platform: &Recorder) -> String {
    let tools = fs::read_to_string(directory().join("tools.toml")).expect("a fixture");
    tools.replace("UPSTREAM", &upstream.url()).replace("PLATFORM", &platform.origin())
}

/// Starts a gateway with this tools file.
fn start(tools: &str) -> Server {
    Server::start(&Setup { tools, ..Setup::default() })
}

/// A copy of the state directory that the older version wrote.
fn copied_state() -> TempDir {
    let copy = tempfile::tempdir().expect("a temporary directory");
    for name in ["grades.sqlite", "replay.sqlite"] {
        fs::copy(directory().join("state").join(name), copy.path().join(name)).expect("copied");
    }
    copy
}
