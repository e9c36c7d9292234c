//! The allowlist for grades (SSRF): public network addresses, and hosts that `tools.toml` names.

use crate::support::Upstream;

use super::*;

const SCORE: &str = r#"{"score":1}"#;

/// A gateway with these `outcome_hosts`, and a port of this machine that must receive no
/// connection.
fn stage(hosts: &str) -> (Stage, Upstream) {
    (Stage::with(Recorder::start(), &format!("outcome_hosts = {hosts}"), ""), Upstream::start())
}

fn port(platform: &Upstream) -> String {
    platform.origin().rsplit(':').next().expect("a port").to_owned()
}

/// Asserts that launches with these hosts have no token, and that the gateway does not connect.
#[track_caller]
fn no_token(stage: &Stage, platform: &Upstream, hosts: &[&str]) {
    for host in hosts {
        let url = format!("http://{host}:{}/o", port(platform));
        let form = Form { nonce: host, ..launch(&url) };
        assert_eq!(stage.token_of(&form), None, "{host}");
    }
    assert!(platform.saw_nothing());
}

#[test]
fn no_spelling_of_a_private_address_accepts_a_grade() {
    let (stage, platform) = stage("[\"*\"]");
    no_token(
        &stage,
        &platform,
        &[
            "127.0.0.1",
            "127.0.0.1.",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f.1",
            "0x7f000001",
            "0X7F.0.0.1",
            "017700000001",
            "0177.0.0.1",
            "%31%32%37.0.0.1",
            "127.0.0.%31",
            "１２７.0.0.1",
            "127。0。0。1",
            "0.0.0.0",
            "0",
            "127.255.255.254",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[2002:7f00:1::]",
            "[fe80::1]",
            "[fd00::1]",
            "169.254.169.254",
            "[::ffff:169.254.169.254]",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "168.63.129.16",
            "168.63.33040",
            "0xa83f8110",
            "[::ffff:168.63.129.16]",
            "[64:ff9b::a83f:8110]",
            "[2600::5efe:168.63.129.16]",
            "166.11.255.255",
            "34.118.224.1",
            "[2600:2d00:0:4::1]",
            "224.0.0.1",
            "255.255.255.255",
        ],
    );
    let lines = log_lines("lis_outcome_service_url: its host has no public network address");
    assert!(
        lines.iter().all(|line| line.contains(" launch: ") && !line.contains("127.0.0.1")),
        "{lines:?}"
    );
    assert!(!lines.is_empty());
}

#[test]
fn a_name_with_a_private_address_is_refused_before_the_connection() {
    for hosts in ["[\"*\"]", "[\"127.0.0.1\", \"*\"]", "[\"*\", \"::1\"]"] {
        let (stage, platform) = stage(hosts);
        for host in ["localhost", "LOCALHOST", "LocalHost"] {
            let url = format!("http://{host}:{}/o", port(&platform));
            let token =
                stage.token_of(&Form { nonce: host, ..launch(&url) }).expect("a grade token");
            for (method, body) in [("POST", SCORE), ("GET", ""), ("DELETE", "")] {
                assert_eq!(
                    refused(&stage.call(method, &token, body), 409, "outcome-not-allowed"),
                    json!({
                        "message": "the gateway does not use the platform's grade URL: its host \
                            has no public network address, and `outcome_hosts` does not name it",
                    })
                );
            }
        }
        // Not all resolvers know the name with a trailing dot.
        let url = format!("http://localhost.:{}/o", port(&platform));
        let token = stage.token_of(&Form { nonce: "dot", ..launch(&url) }).expect("a grade token");
        assert!(matches!(stage.call("POST", &token, SCORE).status, 409 | 503));
        assert!(platform.saw_nothing());
    }
}

#[test]
fn the_practice_platform_is_unreachable_outside_development() {
    let (stage, platform) = stage("[\"*\"]");
    let path = "/dev/platform/nb/unit-1/handler_noauth/outcome_service_handler";
    for authority in
        ["practice.localhost".to_owned(), format!("practice.localhost:{}", port(&platform))]
    {
        let url = format!("http://{authority}{path}");
        let token =
            stage.token_of(&Form { nonce: &authority, ..launch(&url) }).expect("a grade token");
        // Not all machines resolve names below `localhost`.
        assert!(matches!(stage.call("POST", &token, SCORE).status, 409 | 503));
    }
    assert!(platform.saw_nothing());
}

#[test]
fn a_grade_for_a_host_that_is_not_allowed_is_not_queued() {
    let platform = Upstream::start();
    let stage = Stage::durable(Recorder::start(), "");
    let url = format!("http://localhost:{}/o", port(&platform));
    let token = stage.token_of(&launch(&url)).expect("a grade token");
    refused(&stage.call("POST", &token, SCORE), 409, "outcome-not-allowed");
    assert!(platform.saw_nothing());
    let listed: usize = super::state::count(&stage, "kept");
    assert_eq!(listed, 0);
}

#[test]
fn a_named_host_accepts_grades_also_at_a_private_address() {
    for (named, host) in [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "127.1"),
        ("127.0.0.1", "0x7f000001"),
        ("localhost", "localhost"),
        ("localhost", "LocalHost"),
        ("localhost.", "localhost"),
    ] {
        let stage = Stage::with(
            Recorder::answering(success()),
            &format!("outcome_hosts = [\"{named}\"]"),
            "",
        );
        let authority = stage.platform.authority().replace("127.0.0.1", host);
        let url = format!("http://{authority}/o?a=b");
        let token = stage.token_of(&launch(&url)).expect("a grade token");
        stage.deliver(&token, "1");
        let request = stage.platform.request();
        assert_eq!(request.line(), "POST /o?a=b");
        // Signed as the platform wrote it, with its host in lower case (RFC 5849 §3.4.1.2).
        let origin = format!("http://{}", authority.to_lowercase());
        super::signature::verified(&request, &origin, "s3cret");
    }
}

#[test]
fn a_host_that_is_not_in_the_allowlist_accepts_no_grade() {
    for hosts in ["[\"lms.example\"]", "[\"*.lms.example\"]"] {
        let (stage, platform) = stage(hosts);
        let mut others = vec![
            "lms.example.evil.example",
            "evil-lms.example",
            "lmsxexample",
            "127.0.0.1",
            "localhost",
        ];
        if hosts.contains("*") {
            others.push("lms.example");
        } else {
            others.push("www.lms.example");
        }
        no_token(&stage, &platform, &others);
    }
    let (stage, platform) = stage("[\"lms.example\", \"*.lms.example\"]");
    for host in ["lms.example", "LMS.example", "lms.example.", "a.lms.example", "a.b.lms.example"] {
        let url = format!("http://{host}:{}/o", port(&platform));
        assert!(stage.token_of(&Form { nonce: host, ..launch(&url) }).is_some(), "{host}");
    }
}

#[test]
fn a_host_that_was_removed_from_the_allowlist_accepts_no_grade() {
    let stage = Stage::new(success());
    let token = stage.token();
    let server = stage
        .start_with("outcome_hosts = [\"*\", \"127.0.0.1\"]", "outcome_hosts = [\"lms.example\"]");
    assert_eq!(
        refused(&call(&server, "POST", "/grades", &token, SCORE), 409, "outcome-not-allowed"),
        json!({
            "message": "the gateway does not use the platform's grade URL: its host is not in \
                `outcome_hosts`",
        })
    );
    let server = stage.start_with("outcome_hosts = [\"*\", \"127.0.0.1\"]", "");
    assert_eq!(
        refused(&call(&server, "POST", "/grades", &token, SCORE), 409, "outcome-not-allowed"),
        json!({
            "message": "the gateway does not use the platform's grade URL: its host has \
                            no public network address, and `outcome_hosts` does not name it",
        })
    );
    stage.platform.saw_nothing();
}
