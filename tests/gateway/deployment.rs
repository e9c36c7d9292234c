//! The files for Heroku and foreman agree with the program.

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

/// The names in `NAME=…` lines.
fn variables(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.to_owned()))
        .collect()
}

/// The problems of the repository's tools file in production with these variables.
fn problems(environment: &Environment) -> Vec<String> {
    let loaded =
        load(&root().join("tools.toml"), environment, false).expect("tools.toml can be read");
    loaded.problems.iter().map(|problem| problem.fault.to_string()).collect()
}

#[test]
fn all_files_name_the_same_rust_release() {
    let release = read("runtime.txt");
    let release = release.strip_prefix("rust-").expect("runtime.txt names Rust").trim_end();
    let toolchain: toml::Table = read("rust-toolchain.toml").parse().expect("TOML");
    assert_eq!(toolchain["toolchain"]["channel"].as_str(), Some(release));
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let wanted = manifest["workspace"]["package"]["rust-version"].as_str().expect("a rust-version");
    assert_eq!(format!("{wanted}.0"), release);
    assert_eq!(env!("CARGO_PKG_RUST_VERSION"), wanted);
}

/// Sources RustConfig as Rust's buildpack does, in a copy of the files that it reads. Returns the
/// output, and whether the copy still has runtime.txt.
fn source_rust_config(other_file: Option<&str>) -> (String, bool) {
    let build = tempfile::tempdir().expect("a directory");
    for name in ["RustConfig", "runtime.txt"] {
        fs::copy(root().join(name), build.path().join(name)).expect("a copy");
    }
    if let Some(name) = other_file {
        fs::write(build.path().join(name), "").expect("a file");
    }
    let output = std::process::Command::new("bash")
        .args([
            "-c",
            ". \"$BUILD_DIR/RustConfig\"; set -eu; echo \"$VERSION $RUST_CARGO_BUILD_FLAGS\"",
        ])
        .env("BUILD_DIR", build.path())
        .output()
        .expect("bash runs");
    assert!(output.status.success(), "{output:?}");
    (String::from_utf8(output.stdout).expect("UTF-8"), build.path().join("runtime.txt").exists())
}

#[test]
fn the_buildpack_reads_the_rust_release_from_runtime_txt() {
    let release = read("runtime.txt").trim_end().replace("rust-", "");
    let expected = format!("{release} --release --locked\n");
    assert_eq!(source_rust_config(None), (expected, true));
}

/// Python's buildpack takes its version from runtime.txt first, and fails if it names another
/// language. So Rust's buildpack is the first. It removes the file from an app that has Python's
/// packages.
#[test]
fn a_python_buildpack_after_rusts_does_not_see_runtime_txt() {
    let release = read("runtime.txt").trim_end().replace("rust-", "");
    for packages in ["requirements.txt", "uv.lock", "poetry.lock", "Pipfile.lock"] {
        let expected = format!("{release} --release --locked\n");
        assert_eq!(source_rust_config(Some(packages)), (expected, false), "{packages}");
    }
    let page = read("docs/heroku.md");
    let adds = "heroku buildpacks:add https://github.com/heroku/heroku-buildpack-python.git#v";
    assert!(page.contains(adds), "the command adds it after Rust's");
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
        "foreman does not run the release line"
    );
}

/// Heroku selects a buildpack by files in the root directory. Python's buildpack also reads
/// runtime.txt, so app.json and docs/heroku.md name ours. No other such file may exist.
#[test]
fn no_file_selects_another_buildpack() {
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
    let url = buildpacks[0]["url"].as_str().expect("a URL");
    let (_, commit) = url.split_once('#').expect("pinned to a commit");
    assert_eq!(commit.len(), 40, "a whole commit");
    assert!(read("docs/heroku.md").contains(url), "docs/heroku.md names the same buildpack");
}

/// Heroku removes the files of .slugignore before it builds.
#[test]
fn slugignore_removes_no_file_that_cargo_needs() {
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
            "/apps",
            "/requirements.txt",
            "/.python-version",
        ] {
            assert_ne!(ignored, needed);
        }
    }
}

/// Heroku runs a plain `cargo build`. `cargo run` starts the gateway.
#[test]
fn a_plain_build_excludes_the_examples() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let built = manifest["workspace"]["default-members"].as_array().expect("a list");
    assert_eq!(
        built.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>(),
        [".", "crates/lti"]
    );
    assert_eq!(manifest["package"]["default-run"].as_str(), Some("lti-gateway"));
}

#[test]
fn the_variables_of_app_json_are_necessary_and_sufficient() {
    let app: serde_json::Value = serde_json::from_str(&read("app.json")).expect("JSON");
    let named: BTreeSet<String> =
        app["env"].as_object().expect("a table").keys().cloned().collect();
    assert!(!named.is_empty());
    let mut environment: Environment = named
        .iter()
        .map(|name| (name.clone(), format!("0123456789abcdef0123456789abcdef of {name}")))
        .collect();
    environment.insert("DYNO".to_owned(), "web.1".to_owned());
    // The example `adder` does not run on Heroku.
    let adder = "on Heroku, this address is in the gateway's own dyno: no other dyno answers there";
    assert_eq!(problems(&environment), [adder], "these variables and Heroku's own are enough");
    for name in &named {
        let mut without = environment.clone();
        without.remove(name);
        let missing = format!("the environment variable {name} is not set");
        let found: BTreeSet<_> = problems(&without).into_iter().collect();
        assert_eq!(found, BTreeSet::from([adder.to_owned(), missing]));
    }
}

#[test]
fn the_variables_of_the_env_example_are_necessary_and_sufficient() {
    let named = variables(&read(".env.example"));
    let mut environment: Environment = named
        .iter()
        .map(|name| (name.clone(), format!("0123456789abcdef0123456789abcdef of {name}")))
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
        "a user may deploy an example secret"
    );
}
