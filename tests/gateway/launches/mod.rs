//! Launches: LTI 1.1 from the outside, over real HTTP.
//!
//! Comments name the cases of the checklist that a test covers: 1 to 125 and 64b. Each rejection is
//! checked whole: status, page, the log line with its reference, and the absence of side effects.

mod base_string;
mod budget;
mod login;
mod own_form;
mod parameters;
mod protocol;
mod public_url;
mod roles;
mod time_and_nonce;
mod transport;

use std::collections::BTreeSet;

use crate::checklist::cases;
use crate::support::{Browser, Form, Pairs, Recorder, Reply, Server, Setup, log_lines};

/// Two tools with a consumer each. URL, key and secret of the first are those of the vectors.
const TOOLS: &str = r#"
[gateway]
public_url = "https://tool.example"
secret = "the gateway's own, of 32 characters"

[tools.a]
key = "key-1"
secret = "s3cret"
template = "page"

[tools.b]
key = "key-2"
secret = "an0ther"
template = "page"
"#;

/// A page that prints the parameters of a launch, between characters that no launch here contains.
const PAGE: &str = "launched␞{% for param in launch.params %}\
                    {{ param.name | safe }}␟{{ param.value | safe }}␞{% endfor %}";

/// The return URL of [`launch`].
const RETURN: &str = "https://lms.example/return";

/// Strings that no rejection page and no log line may contain: secrets, and the personal data of
/// [`launch`].
const PRIVATE: [&str; 7] =
    ["s3cret", "an0ther", "own, of 32", "user-4711", "Ada", "Lovelace", "uni.example"];

/// Codes of rejections after a valid signature, and the headings of their pages. Only these pages
/// show a return link.
const SIGNED: [(&str, &str); 10] = [
    ("stale", "This page was open for too long"),
    ("conflicting-parameter", "The tool could not be opened"),
    ("message-type", "The tool could not be opened"),
    ("lti-version", "The tool could not be opened"),
    ("no-resource-link", "The tool could not be opened"),
    ("role-not-allowed", "This activity is not for your role"),
    ("replayed", "This link was used before"),
    ("replay-memory-full", "Too many people are opening activities right now"),
    ("clock-set-back", "Activities cannot be opened right now"),
    ("replay-store-unavailable", "Activities cannot be opened right now"),
];

fn server() -> Server {
    server_of(TOOLS)
}

fn server_of(tools: &str) -> Server {
    Server::start(&Setup { tools, templates: &[("page.html.tera", PAGE)], ..Setup::default() })
}

/// The same tools. The first has an upstream.
fn before_upstream(recorder: &Recorder) -> String {
    TOOLS.replacen("template = \"page\"", &format!("upstream = \"{}\"", recorder.url()), 1)
}

/// A valid launch by a learner with a name, an email address and a return URL.
fn launch() -> Form<'static> {
    Form::default().with(&[
        ("user_id", "user-4711"),
        ("roles", "Learner"),
        ("lis_person_name_full", "Ada Lovelace"),
        ("lis_person_contact_email_primary", "ada@uni.example"),
        ("launch_presentation_return_url", RETURN),
    ])
}

/// Path and query of a URL.
fn target(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    &rest[rest.find('/').expect("a path")..]
}

/// Posts a form to tool `a`. Asserts that its page receives exactly this form.
#[track_caller]
fn accept(server: &Server, body: &str) -> Reply {
    accept_at(server, "/lti/a", body)
}

#[track_caller]
fn accept_at(server: &Server, target: &str, body: &str) -> Reply {
    let reply = server.post(target, body);
    accepted(&reply);
    assert_eq!(delivered(&reply), sent(target, body));
    reply
}

/// Asserts that the response is the page, for this browser only, and not a redirect.
#[track_caller]
fn accepted(reply: &Reply) {
    assert_eq!(reply.status, 200, "{:?}", reply.reference().map(log_lines));
    assert!(reply.body.starts_with("launched"), "{}", reply.body);
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(reply.header("cache-control"), Some("private, no-cache"));
    assert_eq!(reply.header("location"), None);
    assert!(
        reply.cookie().is_some_and(|cookie| cookie.starts_with("__Secure-lti-")),
        "{:?}",
        reply.headers
    );
}

/// The parameters that [`PAGE`] printed.
#[track_caller]
fn delivered(reply: &Reply) -> Pairs {
    let printed =
        reply.body.strip_prefix("launched␞").expect("the page that prints its parameters");
    let pairs =
        printed.split_terminator('␞').map(|pair| pair.split_once('␟').expect("name and value"));
    Pairs(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// The parameters that a tool receives: those of the query, then those of the body.
fn sent(target: &str, body: &str) -> Pairs {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = Pairs::read(&format!("{query}&{body}"));
    pairs.0.retain(|(name, _)| !name.starts_with("oauth_"));
    pairs
}

/// Posts a form to tool `a`. Asserts that the gateway rejects it, and returns the response.
#[track_caller]
fn reject(server: &Server, body: &str, status: u16, code: &str) -> Reply {
    reject_at(server, "/lti/a", body, status, code)
}

#[track_caller]
fn reject_at(server: &Server, target: &str, body: &str, status: u16, code: &str) -> Reply {
    let reply = server.post(target, body);
    rejected(&reply, status, code);
    let line = line_of(&reply);
    let signature =
        body.split('&').find_map(|pair| pair.strip_prefix("oauth_signature=")).unwrap_or_default();
    if signature.len() > 8 {
        let plain = Pairs::read(&format!("it={signature}"));
        for text in [&reply.body, &line] {
            assert!(
                !text.contains(signature) && !text.contains(plain.get("it")),
                "a signature in {text}"
            );
        }
    }
    let has_return_url = body
        .split('&')
        .any(|pair| pair == "launch_presentation_return_url=https%3A%2F%2Flms.example%2Freturn");
    let heading = SIGNED
        .iter()
        .find(|(signed, _)| has_return_url && *signed == code)
        .map(|(_, heading)| heading);
    let expected =
        heading.map(|text| format!("{RETURN}?lti_errormsg={}", text.replace(' ', "%20")));
    assert_eq!(reply.link(), expected, "{body}");
    reply
}

/// Asserts status, code and page of a rejected launch.
#[track_caller]
fn rejected(reply: &Reply, status: u16, code: &str) {
    shown_nothing(reply, status);
    let line = line_of(reply);
    assert!(line.contains(&format!(" outcome=\"refused\" code=\"{code}\" ")), "not {code}: {line}");
}

/// The only log line with the reference of a page.
#[track_caller]
fn line_of(reply: &Reply) -> String {
    one_line(log_lines(reply.reference().expect("a reference on the page")))
}

/// The only log line about launches of the tool with this name. No other test uses the name.
#[track_caller]
fn line_of_tool(tool: &str) -> String {
    one_line(log_lines(&format!(" tool=\"{tool}\" ")))
}

#[track_caller]
fn one_line(mut lines: Vec<String>) -> String {
    assert_eq!(lines.len(), 1, "{lines:?}");
    for private in PRIVATE {
        assert!(!lines[0].contains(private), "{private} in {lines:?}");
    }
    lines.remove(0)
}

/// Asserts that a response shows nothing of a tool, sets no cookie, contains no private data and
/// does not redirect.
#[track_caller]
fn shown_nothing(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{:?}", reply.reference().map(log_lines));
    assert!(!reply.body.contains("launched"), "{}", reply.body);
    assert_eq!(reply.all("set-cookie"), [""; 0]);
    assert_eq!(reply.header("location"), None);
    assert_eq!(reply.header("refresh"), None);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    for private in PRIVATE {
        assert!(!reply.body.contains(private), "{private} in {}", reply.body);
    }
}

/// Launches from other implementations, with their signatures.
struct Vector {
    url: String,
    body: String,
    /// The decoded parameters of the body, without OAuth's.
    params: Pairs,
}

fn vector(name: &str) -> Vector {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../crates/lti/tests/vectors.json")).expect("JSON");
    let vectors = vectors.as_array().expect("a list");
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let named = |one: &&serde_json::Value| text(&one["name"]).split(' ').next() == Some(name);
    let vector = vectors.iter().find(named).expect("a vector of this name");
    let pairs = vector["params"].as_array().expect("a list").iter();
    let pairs = pairs.map(|pair| (text(&pair[0]), text(&pair[1])));
    Vector {
        url: text(&vector["url"]),
        body: text(&vector["body"]),
        params: Pairs(pairs.filter(|(name, _)| !name.starts_with("oauth_")).collect()),
    }
}

/// Posts a vector to the URL of its signature. Asserts that the tool receives exactly its values.
#[track_caller]
fn accept_vector(server: &Server, name: &str) -> Reply {
    let vector = vector(name);
    let target = target(&vector.url);
    let reply = server.post(target, &vector.body);
    accepted(&reply);
    let mut expected = sent(target, "");
    expected.0.extend(vector.params.0);
    assert_eq!(delivered(&reply), expected, "{name}");
    reply
}

/// The sources with numbered cases.
const SOURCES: [&str; 6] = [
    include_str!("base_string.rs"),
    include_str!("parameters.rs"),
    include_str!("protocol.rs"),
    include_str!("roles.rs"),
    include_str!("time_and_nonce.rs"),
    include_str!("transport.rs"),
];

/// Cases without a test, and the reason.
const EXCLUDED: [(&str, &str); 0] = [];

/// Cases that a test covers in part, and the reason.
const IN_PART: [(&str, &str); 8] = [
    ("58", "no setting accepts a second launch URL"),
    (
        "68",
        "no setting turns the variant off; the log names it, and it only runs after the strict one",
    ),
    (
        "69",
        "no setting turns the variant off; the log names it, and it only runs after the strict one",
    ),
    (
        "72",
        "no setting turns the variant off; the log names it, and it only runs after the strict one",
    ),
    ("98", "no setting requires user_id"),
    ("100", "no setting requires a course"),
    ("105", "relaunches are not supported: their parameters are ignored like unknown ones"),
    ("116", "system roles have no name in tools.toml"),
];

#[test]
fn every_case_of_the_checklist_has_a_test_or_a_reason_for_its_exclusion() {
    let all: BTreeSet<String> =
        (1..=125).map(|id| id.to_string()).chain(["64b".to_owned()]).collect();
    let tested: Vec<String> = SOURCES.iter().flat_map(|source| cases(source)).collect();
    let excluded: Vec<String> = EXCLUDED.iter().map(|(id, _)| (*id).to_owned()).collect();
    let known: Vec<String> = tested.iter().chain(&excluded).cloned().collect();
    let covered: BTreeSet<String> = known.iter().cloned().collect();
    assert_eq!(covered, all);
    assert_eq!(known.len(), covered.len(), "a case is named twice, or both tested and excluded");
    for (id, reason) in EXCLUDED.iter().chain(&IN_PART) {
        assert!(!reason.is_empty(), "{id}");
    }
    for (id, _) in IN_PART {
        assert!(
            tested.iter().any(|tested| tested == id),
            "{id} is tested in part, so it has a test"
        );
    }
}
