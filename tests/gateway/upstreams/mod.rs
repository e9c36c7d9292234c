//! Web apps behind the gateway, tested from outside over real HTTP: from the launch to the last
//! byte that an app sends.
//!
//! A test checks both ends: the browser's response, and the request that the upstream received, or
//! that it received none.

mod app_cookie;
mod assertion;
mod body;
mod budget;
mod clock;
mod entry;
mod failure;
mod forgery;
mod forwarded;
mod host;
mod identity;
mod launch;
mod length;
mod limit;
mod method;
mod origin;
mod pass_host;
mod path;
mod person;
mod prefix;
mod response;
mod retry;
mod rotation;
mod session;
mod starting;
mod stray;
mod stream;
mod ticket;
mod trace;
mod user;
mod volume;
mod websocket;
mod window;
mod worker;

use crate::support::{Browser, Form, NOW, Recorder, Reply, Server, Setup, Visit, log_lines};

/// The whole of `[gateway]`.
const GATEWAY: &str = r#"
[gateway]
public_url = "https://tool.example"
secret = "the gateway's own, of 32 characters"
"#;

/// Strings that no response and no line of the log may contain: secrets, and the personal data of
/// [`launch`].
const PRIVATE: [&str; 7] =
    ["s3cret", "an0ther", "own, of 32", "user-4711", "Ada", "Lovelace", "uni.example"];

/// A `tools.toml` with one tool, `nb`, for an upstream, and further lines of its table.
fn tools(upstream: &str, more: &str) -> String {
    format!(
        "{GATEWAY}\n[tools.nb]\nkey = \"key-1\"\nsecret = \"s3cret\"\nupstream = \"{upstream}\"\n\
            {more}\n"
    )
}

/// A gateway with this `tools.toml`.
fn server(tools: &str) -> Server {
    Server::start(&Setup { tools, ..Setup::default() })
}

/// An upstream that responds `ok`, and a gateway in front of it.
fn recorded() -> (Recorder, Server) {
    recorded_with("")
}

/// The same with further lines in the tool's table.
fn recorded_with(more: &str) -> (Recorder, Server) {
    let recorder = Recorder::start();
    let server = server(&tools(&recorder.url(), more));
    (recorder, server)
}

/// A valid launch of `nb` by a learner with a name and an e-mail address.
fn launch() -> Form<'static> {
    Form { url: "https://tool.example/lti/nb", ..Form::default() }.with(&[
        ("user_id", "user-4711"),
        ("roles", "Learner"),
        ("lis_person_name_full", "Ada Lovelace"),
        ("lis_person_contact_email_primary", "ada@uni.example"),
        ("context_id", "course-1"),
    ])
}

/// The same launch with another nonce.
fn launch_again(nonce: &'static str) -> Form<'static> {
    Form { nonce, ..launch() }
}

/// A launch by Open edX in a course with nine custom parameters: 35 parameters with OAuth's.
pub(super) fn edx() -> Form<'static> {
    Form {
        url: "https://tool.example/lti/nb",
        nonce: "82144713217612904651700000000",
        params: vec![
            ("lti_message_type", "basic-lti-launch-request"),
            ("lti_version", "LTI-1p0"),
            ("launch_presentation_return_url", ""),
            (
                "resource_link_id",
                concat!(
                    "block-v1:DelftX+EX101x+3T2025+type@lti_consumer",
                    "+block@5a3c9f0b7e2d4186b0c1d2e3f4a5b6c7",
                ),
            ),
            ("user_id", "b7d2c1f09a8e4d53b6f7a1c2e3d4f5a6"),
            ("roles", "Student,Learner"),
            (
                "lis_result_sourcedid",
                concat!(
                    "course-v1%3ADelftX%2BEX101x%2B3T2025:",
                    "block-v1:DelftX+EX101x+3T2025+type@lti_consumer",
                    "+block@5a3c9f0b7e2d4186b0c1d2e3f4a5b6c7:b7d2c1f09a8e4d53b6f7a1c2e3d4f5a6",
                ),
            ),
            (
                "lis_outcome_service_url",
                concat!(
                    "https://courses.edx.example/courses/course-v1:DelftX+EX101x+3T2025/xblock/",
                    "block-v1:DelftX+EX101x+3T2025+type@lti_consumer",
                    "+block@5a3c9f0b7e2d4186b0c1d2e3f4a5b6c7",
                    "/handler_noauth/outcome_service_handler",
                ),
            ),
            ("lis_person_sourcedid", "grace_hopper_1906"),
            ("lis_person_name_full", "Grace Brewster Hopper"),
            ("lis_person_contact_email_primary", "grace.hopper@students.example"),
            ("context_id", "course-v1:DelftX+EX101x+3T2025"),
            ("context_title", "Data Analysis: Take It to the MAX()"),
            ("context_label", "DelftX"),
            ("launch_presentation_locale", "en"),
            ("tool_consumer_info_product_family_code", "Your Platform Name Here"),
            ("custom_component_display_name", "Week 3: pivot tables"),
            ("custom_component_due_date", "2025-11-30 23:30:00"),
            ("custom_component_graceperiod", "86400.0"),
            ("custom_chapter", "3"),
            ("custom_exercise", "pivot-tables/part-2"),
            ("custom_dataset", "https://data.example/ex101x/week3/sales.csv"),
            ("custom_language", "python"),
            ("custom_show_solution", "false"),
            ("custom_attempts", "5"),
            ("custom_theme", "light"),
            ("custom_version", "3T2025"),
            ("custom_hint", "Use the second sheet, not the first"),
        ],
        ..Form::default()
    }
}

/// A browser that sent [`launch`], and the session that it opened.
#[track_caller]
fn opened(server: &Server) -> (Browser<'_>, Visit) {
    let mut browser = Browser::new(server);
    let visit = browser.open(&launch());
    (browser, visit)
}

/// Requests JSON, so that the response of a refusal contains its code.
const JSON: (&str, &str) = ("Accept", "application/json");

/// Asserts a complete refusal: a JSON response with the code and nothing private, and one line in
/// the log with the reason.
#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    opened_nothing(reply);
    let json = reply.json();
    let object = json.as_object().expect("an object");
    assert_eq!(object.keys().collect::<Vec<_>>(), ["error", "message", "reference"]);
    assert_eq!(json["error"], code);
    let line = line_of(json["reference"].as_str().expect("a reference"));
    assert!(line.contains(&format!("code=\"{code}\"")), "not {code}: {line}");
}

/// Asserts the page of a refusal, and the line in the log with its reference.
#[track_caller]
fn refused_page(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    opened_nothing(reply);
    let line = line_of(reply.reference().expect("a reference"));
    assert!(line.contains(&format!("code=\"{code}\"")), "not {code}: {line}");
}

/// Asserts a response of the gateway itself that sets no cookie, redirects nowhere and contains
/// nothing private.
#[track_caller]
fn opened_nothing(reply: &Reply) {
    assert_eq!(reply.all("set-cookie"), [""; 0]);
    assert_eq!(reply.header("location"), None);
    assert_eq!(reply.header("refresh"), None);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    for private in PRIVATE {
        assert!(!reply.body.contains(private), "{private} in {}", reply.body);
    }
}

/// The one line in the log with this reference.
#[track_caller]
fn line_of(reference: &str) -> String {
    let mut lines = log_lines(reference);
    assert_eq!(lines.len(), 1, "{lines:?}");
    for private in PRIVATE {
        assert!(!lines[0].contains(private), "{private} in {lines:?}");
    }
    lines.remove(0)
}
