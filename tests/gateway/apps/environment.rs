//! What a program receives, and what it cannot see.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::host::{Host, OPEN_FILES, OTHER_SECRET, SECRET, python, shell};

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn an_app_receives_its_port_its_variables_and_these_of_the_gateway() {
    let own = "[tools.a.environment]\nMODE = \"exam on {port}\"\n\
               PLOTS_TOKEN = { env = \"PLOTS_TOKEN\" }\n";
    let host = Host::start(&[python("a", &["{port}"]), own.to_owned(), python("b", &[])]);
    let (a, b) = (host.app("a"), host.app("b"));
    let expected = ["HOME", "LC_CTYPE", "LTI_GATEWAY_APP", "MODE", "PATH", "PLOTS_TOKEN", "PORT"];
    let received: Vec<&str> = names(&a["environment"]).into_iter().collect();
    assert_eq!(received, expected);
    let port = a["port"].as_i64().expect("a port").to_string();
    assert_eq!(a["environment"]["PORT"], *port);
    assert_eq!(a["environment"]["MODE"], *format!("exam on {port}"));
    assert_eq!(a["environment"]["PLOTS_TOKEN"], "token-of-the-app");
    assert_eq!(a["arguments"], serde_json::json!(["app.py", port, port]));
    // Neither the neighbor's port nor its variables.
    assert_ne!(a["port"], b["port"]);
    assert!(!names(&b["environment"]).contains("PLOTS_TOKEN"));
    assert_ne!(b["port"], host.address.port());
    let directory = fs::canonicalize(host.path("")).expect("a directory");
    assert_eq!(a["directory"], *directory.to_str().expect("UTF-8"));
    for secret in [SECRET, OTHER_SECRET] {
        assert!(!a.to_string().contains(secret), "{secret}");
    }
}

#[test]
fn an_app_inherits_no_descriptor_and_its_arguments_contain_no_secret() {
    let own = "[tools.a.environment]\nPLOTS_TOKEN = { env = \"PLOTS_TOKEN\" }\n";
    let host = Host::start(&[python("a", &[]), own.to_owned()]);
    let app = host.app("a");
    let files = app["files"].as_object().expect("an object");
    assert_eq!(files.keys().collect::<Vec<_>>(), ["0", "1", "2"], "{files:?}");
    assert_eq!(files["0"], "/dev/null");
    assert!(files["1"].as_str().expect("a link").starts_with("pipe:"));
    let process = app["process"].as_i64().expect("an id");
    let arguments = fs::read(format!("/proc/{process}/cmdline")).expect("a process");
    let arguments = String::from_utf8_lossy(&arguments).into_owned();
    assert!(arguments.contains("app.py"), "{arguments}");
    for secret in [SECRET, OTHER_SECRET, "token-of-the-app", "key-1", "s3cret"] {
        assert!(!arguments.contains(secret), "{arguments}");
    }
    // The gateway raises its own limit.
    assert_eq!(app["open_files"], OPEN_FILES);
    // The gateway's own memory and variables stay closed (decision 34), also for its apps.
    let own = fs::metadata(format!("/proc/{}/environ", host.id())).expect("a process");
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&own), 0);
}

#[test]
fn only_the_gateway_itself_can_turn_its_program_into_an_app() {
    let refused = |arguments: &[&str], message: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
            .arg("start-app")
            .args(arguments)
            .output()
            .expect("the program starts");
        assert_eq!(output.status.code(), Some(127), "{arguments:?}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(message) && output.stdout.is_empty(), "{text}");
    };
    refused(&[], "is for the gateway itself");
    refused(&["x", "100", "echo"], "is for the gateway itself");
    // A gateway that ended before the app could ask for its signal.
    refused(&["1", "100", "echo", "started"], "the gateway has ended");
}

#[test]
fn the_output_of_an_app_is_in_the_log_without_its_secrets() {
    let script = "echo \"token: $PLOTS_TOKEN\"; printf 'no end of line' >&2; \
                  exec python3 app.py {port}";
    let own = "[tools.a.environment]\nPLOTS_TOKEN = { env = \"PLOTS_TOKEN\" }\n";
    let host = Host::start(&[shell("a", script), own.to_owned()]);
    host.wait_until_ready("a");
    let line = host.wait_for_log(&["token: "]);
    assert!(line.contains("tool=\"a\" from=\"stdout\" line=\"token: …\""), "{line}");
    super::host::signal("KILL", host.started("a", "process"));
    host.wait_for_log(&["from=\"stderr\" line=\"no end of line\""]);
    assert!(!host.log().iter().any(|line| line.contains("token-of-the-app")));
}
