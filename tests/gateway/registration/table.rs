//! The table to paste, for every type of platform and for what a file may already have.

use lti::v1p3::{OpenidConfiguration, Registered};
use lti_gateway::config::{Config, registered_table};

use super::*;

const GATEWAY: &str = "[gateway]\npublic_url = \"https://tool.example\"\n\
                       secret = { env = \"GATEWAY_SECRET\" }\n\n";
const TOOL: &str = "\n[tools.nb]\nplatforms = \"lms\"\ntemplate = \"page\"\n";

/// The meaning of a file with this table. It may have warnings, but no errors.
#[track_caller]
fn config(table: &str) -> (Config, String) {
    let directory = tempfile::tempdir().expect("a directory");
    write(directory.path(), "tools.toml", &format!("{GATEWAY}{table}{TOOL}"));
    write(&directory.path().join("templates"), "page.html.tera", "");
    let file = directory.path().join("tools.toml");
    let pem = include_str!("../../../crates/lti/tests/keys/rsa_2048.pem");
    let variables = [("GATEWAY_SECRET", SECRET), ("LMS_PEM", pem)];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let loaded = load(&file, &Environment::from_iter(variables), false).expect("a readable file");
    assert!(loaded.is_sound(), "{table}\n{}", print("tools.toml", &loaded.problems));
    let problems = print("tools.toml", &loaded.problems);
    (loaded.config, problems)
}

fn configuration() -> OpenidConfiguration {
    let document = json!({
        "issuer": "https://lms.example",
        "authorization_endpoint": "https://lms.example/auth",
        "token_endpoint": "https://lms.example/token",
        "jwks_uri": "https://lms.example/jwks",
        "registration_endpoint": "https://lms.example/register",
        "authorization_server": "https://lms.example/audience",
    });
    OpenidConfiguration::read(document.to_string().as_bytes()).expect("a configuration")
}

/// The table after a registration of this client, which passes the check without a warning.
#[track_caller]
fn registered(before: &str, client: &str, deployment: Option<&str>) -> (String, Config) {
    let (config_before, _) = config(before);
    let platform = &config_before.platforms[0];
    let registered =
        Registered { client_id: client.into(), deployment_id: deployment.map(Into::into) };
    let table = registered_table(platform, &configuration(), &registered);
    let (after, problems) = config(&table);
    // The tool has no consumer, so each former key has a warning.
    assert_eq!(problems.is_empty(), platform.formerly.is_empty(), "{table}\n{problems}");
    // Nothing that the file had is lost.
    let (was, is) = (platform, &after.platforms[0]);
    for old in was.clients.iter().filter(|one| one.id.as_str() != client) {
        assert!(is.clients.contains(old), "{table}");
    }
    assert_eq!(was.issuer.clone().or(is.issuer.clone()), is.issuer, "{table}");
    assert_eq!(was.auth_url.clone().or(is.auth_url.clone()), is.auth_url, "{table}");
    assert_eq!((&was.formerly, was.anonymous), (&is.formerly, is.anonymous), "{table}");
    assert!(is.client(&client.into()).is_some(), "{table}");
    (table, after)
}

#[test]
fn every_type_has_a_valid_table() {
    for before in [
        "",
        "type = \"moodle\"\nurl = \"https://lms.example\"",
        "type = \"moodle\"\nurl = \"https://lms.example/sub\"\nissuer = \"http://lms.example/sub\"",
        "type = \"canvas\"\nurl = \"https://school.instructure.com\"",
        "type = \"canvas\"\nurl = \"https://lms.example\"\nissuer = \"https://lms.example\"",
        "type = \"blackboard\"",
        "type = \"brightspace\"\nurl = \"https://school.brightspace.com\"",
        "type = \"schoology\"",
        "issuer = \"https://lms.example\"\njwks_url = \"https://keys.example\"",
        "token_url = \"https://tokens.example\"\ntoken_audience = \"a\"\ndeployments = [\"1\", \"2\"]",
        "type = \"moodle\"\nurl = \"https://lms.example\"\ntoken_url = \"https://t.example/x\"",
    ] {
        for deployment in [None, Some("7")] {
            let before = format!("[platforms.lms]\n{before}\n");
            let (table, after) = registered(&before, "c-1", deployment);
            let client = &after.platforms[0].clients[0];
            if let Some(deployment) = deployment {
                let ids = client.deployments.as_ref().expect("deployments");
                assert!(ids.contains(&deployment.into()), "{table}");
            }
        }
    }
}

#[test]
fn written_urls_and_those_of_the_type_win_over_the_platforms() {
    let (_, after) = registered("[platforms.lms]\ntype = \"blackboard\"\n", "c 1", Some("7"));
    let client = &after.platforms[0].clients[0];
    assert_eq!(after.platforms[0].issuer.as_deref(), Some("https://blackboard.com"));
    assert!(client.jwks_url.ends_with("/applications/c%201/jwks.json"), "{}", client.jwks_url);
    let written = "[platforms.lms]\njwks_url = \"https://keys.example/k\"\n";
    let (table, after) = registered(written, "c-1", None);
    let client = &after.platforms[0].clients[0];
    assert_eq!(client.jwks_url, "https://keys.example/k", "{table}");
    assert_eq!(client.token_url, "https://lms.example/token");
    assert_eq!(client.token_audience, "https://lms.example/audience");
}

#[test]
fn a_file_with_clients_keeps_them() {
    let moodle = "[platforms.lms]\ntype = \"moodle\"\nurl = \"https://lms.example\"\n";
    for (clients, deployment) in [
        ("client_id = \"a\"", None),
        ("client_id = [\"a\", \"b\"]", None),
        ("client_id = [\"a\", \"b\"]", Some("7")),
        ("client_id = \"a\"\ndeployments = \"3\"", Some("7")),
        ("client_id = \"a\"\ndeployments = \"3\"", None),
        ("client_id = \"c-1\"\nformerly = [\"k\", \"l\"]\nanonymous = true", Some("7")),
        ("client_id = \"a\"\nalgorithms = [\"RS256\", \"ES384\"]", None),
        (
            "[[platforms.lms.clients]]\nclient_id = \"a\"\njwks_url = \"https://a.example/k\"\n\
             [[platforms.lms.clients]]\nclient_id = \"b\"\ndeployments = [\"1\", \"2\"]",
            None,
        ),
        (
            "[[platforms.lms.clients]]\nclient_id = \"a\"\ntoken_url = \"https://a.example/t\"",
            Some("7"),
        ),
    ] {
        registered(&format!("{moodle}{clients}\n"), "c-1", deployment);
    }
}

#[test]
fn a_private_key_is_not_shown() {
    let before = "[platforms.lms]\nprivate_key = { env = \"LMS_PEM\" }\n";
    let (table, _) = registered(before, "c-1", None);
    assert!(table.contains("# Keep the line `private_key = …` of your file here."), "{table}");
    assert!(!table.contains("LMS_PEM") && !table.contains("BEGIN"), "{table}");
}
