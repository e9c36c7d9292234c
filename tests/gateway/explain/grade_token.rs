//! `explain` says why an accepted launch receives no grade token.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::{Form, write};

const TOOLS: &str = r#"
[gateway]
public_url = "https://tool.example"
secret = "the gateway's own, of 32 characters"
outcome_hosts = ["lms.example"]

[tools.graded]
key = "key-1"
secret = "s3cret"
upstream = "http://127.0.0.1:1"
grades = true

[tools.gradeless]
key = "key-2"
secret = "s3cret-2"
upstream = "http://127.0.0.1:1"
"#;

/// The report on this launch of a tool.
#[track_caller]
fn report(tools: &str, tool: &str, form: Form<'_>) -> String {
    let folder = tempfile::tempdir().expect("a temporary directory");
    write(folder.path(), "tools.toml", tools);
    let url = format!("https://tool.example/lti/{tool}");
    let (key, secret) = if tool == "graded" { ("key-1", "s3cret") } else { ("key-2", "s3cret-2") };
    let body = Form { url: &url, key, secret, ..form }.sign();
    let mut child = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
        .args(["explain", "--tool", tool, "-"])
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    child.stdin.take().expect("a pipe").write_all(body.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("the program ends");
    let report = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(i32::from(!report.contains("\nAccepted, "))), "{report}");
    report
}

fn launch() -> Form<'static> {
    Form::default().with(&[
        ("lis_outcome_service_url", "https://lms.example/o"),
        ("lis_result_sourcedid", "the-learner"),
    ])
}

/// The reason and the fix in a report.
fn missing(report: &str) -> Option<(&str, &str)> {
    let (_, rest) = report.split_once(
        "\n\nAccepted, if it arrives on time and for the first time.\n\nno grade token: ",
    )?;
    rest.split_once("\n\n")?.0.split_once("\n  = help: ")
}

#[test]
fn explain_says_why_a_launch_receives_no_grade_token() {
    let long = format!("https://lms.example/{}", "x".repeat(1024));
    let long_id = "x".repeat(1025);
    let own_url = "set the platform's own URL (site URL, base URL) with https:// and its host";
    let proxy = "check the platform's own URL, and a proxy or plugin that changes launches";
    let not_allowed = "compare the host in the platform's own URL with `outcome_hosts` in \
                       tools.toml, and name it there if it is the right one; \
                       `outcome_url_rewrite` replaces a URL that the gateway cannot reach";
    let url = "lis_outcome_service_url";
    for (name, value, reason, help) in [
        (
            url,
            "",
            "the platform sent no lis_outcome_service_url",
            "if this activity is graded, turn grades on for it in the platform: edX's Scored, \
             Moodle's accept grades, Canvas's assignment of the type External Tool",
        ),
        (
            "lis_result_sourcedid",
            "",
            "the platform sent no lis_result_sourcedid",
            "launch as a learner of the course: most platforms send no result id for teachers \
             and guests",
        ),
        (
            url,
            "/mod/lti/service.php",
            "lis_outcome_service_url is relative: it has no scheme and host",
            own_url,
        ),
        (url, "ftp://lms.example/o", "lis_outcome_service_url is neither http nor https", own_url),
        (url, "https://lms.example/o#part", "lis_outcome_service_url has a fragment (#)", proxy),
        (
            url,
            "https://user:word@lms.example/o",
            "lis_outcome_service_url has a user name or a password before its host",
            "remove the user name and the password from the platform's own URL: the grade is \
             signed, and the platform does not need them",
        ),
        (url, &long, "lis_outcome_service_url is longer than 1024 bytes", proxy),
        (
            url,
            "https://other.example/o",
            "the gateway does not send grades to lis_outcome_service_url: its host is not in \
             `outcome_hosts`",
            not_allowed,
        ),
        (
            "lis_result_sourcedid",
            &long_id,
            "lis_result_sourcedid is longer than 1024 bytes",
            "report it to the platform: a result id is a short text",
        ),
    ] {
        let report = report(TOOLS, "graded", launch().but(&[(name, value)]));
        assert_eq!(missing(&report), Some((reason, help)), "{report}");
        for private in ["user:word", "other.example", "the-learner", "xxxx"] {
            assert!(!report.contains(private), "{private}: {report}");
        }
    }
}

#[test]
fn explain_checks_the_network_address_of_a_grade_url_without_outcome_hosts() {
    let tools = TOOLS.replace("outcome_hosts = [\"lms.example\"]\n", "");
    let changed = |url| launch().but(&[("lis_outcome_service_url", url)]);
    let report_on = |url| report(&tools, "graded", changed(url));
    let private = report_on("http://10.0.0.1/o");
    let reason = "the gateway does not send grades to lis_outcome_service_url: its host has no \
                  public network address, and `outcome_hosts` does not name it";
    assert_eq!(missing(&private).map(|(reason, _)| reason), Some(reason), "{private}");
    for allowed in ["https://other.example/o", "http://lms.example:8080/o"] {
        let report = report_on(allowed);
        assert!(!report.contains("no grade token"), "{report}");
    }
}

/// A launch that has a token, a tool without grades, and a launch that is rejected anyway.
#[test]
fn explain_says_nothing_about_a_grade_token_that_is_not_missing() {
    let without = || launch().without("lis_outcome_service_url");
    for (tool, form) in [
        ("graded", launch()),
        ("gradeless", without()),
        ("graded", without().without("resource_link_id")),
    ] {
        let report = report(TOOLS, tool, form);
        assert!(!report.contains("no grade token"), "{report}");
    }
    // In development, the practice platform needs no entry in `outcome_hosts`.
    let practice = "http://practice.localhost/dev/platform/graded/block/handler_noauth/x";
    let form = launch().but(&[("lis_outcome_service_url", practice)]);
    let report = report(TOOLS, "graded", form);
    assert!(report.contains("\nAccepted, ") && !report.contains("no grade token"), "{report}");
}
