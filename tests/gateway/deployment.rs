//! The files that Heroku, foreman and a fresh machine read, held against what the program does.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lti_gateway::cli::load;
use lti_gateway::config::Environment;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Variables that `NAME=…` lines set.
fn variables(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.to_owned()))
        .collect()
}

/// What production says to the repository's own tools file with these variables.
fn problems(environment: &Environment) -> Vec<String> {
    let loaded =
        load(&root().join("tools.toml"), environment, false).expect("tools.toml can be read");
    loaded.problems.iter().map(|problem| problem.fault.to_string()).collect()
}

#[test]
fn one_rust_release_is_named_everywhere() {
    let release = read("runtime.txt");
    let release = release.strip_prefix("rust-").expect("runtime.txt names Rust").trim_end();
    let toolchain: toml::Table = read("rust-toolchain.toml").parse().expect("TOML");
    assert_eq!(toolchain["toolchain"]["channel"].as_str(), Some(release));
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let wanted = manifest["workspace"]["package"]["rust-version"].as_str().expect("a rust-version");
    assert_eq!(format!("{wanted}.0"), release);
    assert_eq!(env!("CARGO_PKG_RUST_VERSION"), wanted);
}

/// The buildpack reads RustConfig as shell, so it is run as shell here.
#[test]
fn the_buildpack_takes_its_rust_from_runtime_txt() {
    let output = std::process::Command::new("bash")
        .args([
            "-c",
            "set -eu; . \"$BUILD_DIR/RustConfig\"; echo \"$VERSION $RUST_CARGO_BUILD_FLAGS\"",
        ])
        .env("BUILD_DIR", root())
        .output()
        .expect("bash runs");
    let release = read("runtime.txt").trim_end().replace("rust-", "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{release} --release --locked\n"));
}

#[test]
fn the_procfile_starts_the_program_that_cargo_builds() {
    let binary =
        Path::new(env!("CARGO_BIN_EXE_lti-gateway")).file_name().and_then(|name| name.to_str());
    let binary = binary.expect("a name");
    assert_eq!(
        read("Procfile"),
        format!("web: exec ./target/release/{binary}\nrelease: ./target/release/{binary} check\n")
    );
    assert!(
        read(".foreman").contains("\nformation: web=1\n"),
        "foreman leaves the release line alone"
    );
}

/// Heroku's buildpacks for other languages claim an app by files in its root. runtime.txt is one of Python's, which
/// is why app.json and docs/heroku.md name the buildpack; there must be no second one.
#[test]
fn no_other_buildpack_has_a_further_reason_to_claim_the_app() {
    for foreign in [
        "package.json",
        "requirements.txt",
        "pyproject.toml",
        "setup.py",
        "Pipfile",
        "poetry.lock",
        "uv.lock",
        "main.py",
        "app.py",
        "server.py",
        "manage.py",
        "rust-toolchain",
        "Gemfile",
        "pom.xml",
        "composer.json",
        "go.mod",
    ] {
        assert!(!root().join(foreign).exists(), "{foreign}");
    }
    let app: serde_json::Value = serde_json::from_str(&read("app.json")).expect("JSON");
    let buildpacks = app["buildpacks"].as_array().expect("a list");
    assert_eq!(buildpacks.len(), 1);
    let url = buildpacks[0]["url"].as_str().expect("an address");
    let (_, commit) = url.split_once('#').expect("pinned to a commit");
    assert_eq!(commit.len(), 40, "a whole commit");
    assert!(read("docs/heroku.md").contains(url), "docs/heroku.md names the same buildpack");
}

/// Heroku takes these out before it builds.
#[test]
fn nothing_that_cargo_needs_is_left_out_of_the_slug() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let benches = manifest["bench"].as_array().expect("benches");
    assert!(!benches.is_empty());
    for ignored in read(".slugignore").lines() {
        for needed in [
            "/benches",
            "/src",
            "/crates",
            "/examples",
            "/templates",
            "/static",
            "/Cargo.lock",
            "/tools.toml",
            "/runtime.txt",
        ] {
            assert_ne!(ignored, needed);
        }
    }
}

/// Heroku builds what a plain `cargo build` does, and `cargo run` starts the gateway.
#[test]
fn a_plain_build_leaves_the_examples_out() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let built = manifest["workspace"]["default-members"].as_array().expect("a list");
    assert_eq!(
        built.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>(),
        [".", "crates/lti"]
    );
    assert_eq!(manifest["package"]["default-run"].as_str(), Some("lti-gateway"));
}

#[test]
fn every_variable_of_app_json_is_read_and_no_other_is_needed() {
    let app: serde_json::Value = serde_json::from_str(&read("app.json")).expect("JSON");
    let named: BTreeSet<String> =
        app["env"].as_object().expect("a table").keys().cloned().collect();
    assert!(!named.is_empty());
    let mut environment: Environment = named
        .iter()
        .map(|name| (name.clone(), "0123456789abcdef0123456789abcdef".to_owned()))
        .collect();
    environment.insert("DYNO".to_owned(), "web.1".to_owned());
    assert_eq!(problems(&environment), [""; 0], "these variables and Heroku's own are enough");
    for name in &named {
        let mut without = environment.clone();
        without.remove(name);
        assert_eq!(problems(&without), [format!("the environment variable {name} is not set")]);
    }
}

#[test]
fn every_variable_of_the_example_is_read_and_no_other_is_needed() {
    let named = variables(&read(".env.example"));
    let mut environment: Environment = named
        .iter()
        .map(|name| (name.clone(), "0123456789abcdef0123456789abcdef".to_owned()))
        .collect();
    environment.insert("LTI_GATEWAY_PUBLIC_URL".to_owned(), "http://localhost:5000".to_owned());
    assert_eq!(problems(&environment), [""; 0]);
    for name in &named {
        let mut without = environment.clone();
        without.remove(name);
        assert_eq!(problems(&without).len(), 1, "{name}");
    }
    assert!(
        read(".env.example").lines().all(|line| !line.contains("SECRET=") || line.ends_with('=')),
        "an example secret would be used as it is"
    );
}
