//! Launches: LTI 1.1 from the outside, over real HTTP.
//!
//! The functions whose names begin with `f1_` and a number are the numbered conformance cases of a launch, 1 to 125
//! and 64b. Every refusal is asserted whole: status, page, the line in the log that its reference leads to, and what
//! did not happen.

mod base_string;
mod login;
mod parameters;
mod protocol;
mod roles;
mod time_and_nonce;
mod transport;

use std::collections::BTreeSet;

use crate::support::{Browser, Form, Pairs, Recorder, Reply, Server, Setup, log_lines};

/// Two tools with a consumer each. The first's address, key and secret are those of the vectors.
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

/// A page that tells exactly what a tool was handed, between characters that no launch here contains.
const PAGE: &str = "launched␞{% for param in launch.params %}{{ param.name | safe }}␟{{ param.value | safe }}␞{% endfor %}";

/// The return URL of [`launch`].
const RETURN: &str = "https://lms.example/return";

/// What no refusal page and no line of the log may contain: secrets, and what [`launch`] tells of a person.
const PRIVATE: [&str; 7] =
    ["s3cret", "an0ther", "own, of 32", "user-4711", "Ada", "Lovelace", "uni.example"];

/// Refusals that come after the signature was found valid, and what their pages say. Only these may lead back.
const SIGNED: [(&str, &str); 8] = [
    ("stale", "This page was open for too long"),
    ("conflicting-parameter", "The tool could not be opened"),
    ("message-type", "The tool could not be opened"),
    ("lti-version", "The tool could not be opened"),
    ("no-resource-link", "The tool could not be opened"),
    ("role-not-allowed", "This activity is not for your role"),
    ("replayed", "This link was used before"),
    ("replay-memory-full", "Too many people are opening activities right now"),
];

fn server() -> Server {
    server_of(TOOLS)
}

fn server_of(tools: &str) -> Server {
    Server::start(&Setup { tools, templates: &[("page.html.tera", PAGE)], ..Setup::default() })
}

/// The same tools, of which the first is before an upstream.
fn before_upstream(recorder: &Recorder) -> String {
    TOOLS.replacen("template = \"page\"", &format!("upstream = \"{}\"", recorder.url()), 1)
}

/// A good launch by a learner who has a name, an e-mail address and a way back.
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

/// Posts a form to tool `a`, which has to show its page and be handed exactly this form.
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

/// Asserts that the page was shown, for this browser alone, and that nothing redirects.
#[track_caller]
fn accepted(reply: &Reply) {
    assert_eq!(reply.status, 200, "{:?}", reply.reference().map(log_lines));
    assert!(reply.body.starts_with("launched"), "{}", reply.body);
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("location"), None);
    assert!(
        reply.cookie().is_some_and(|cookie| cookie.starts_with("__Secure-lti-")),
        "{:?}",
        reply.headers
    );
}

/// The parameters that [`PAGE`] was handed.
#[track_caller]
fn delivered(reply: &Reply) -> Pairs {
    let printed =
        reply.body.strip_prefix("launched␞").expect("the page that prints its parameters");
    let pairs =
        printed.split_terminator('␞').map(|pair| pair.split_once('␟').expect("name and value"));
    Pairs(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// The parameters of a request that concern a tool: the query's, then the body's.
fn sent(target: &str, body: &str) -> Pairs {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = Pairs::read(&format!("{query}&{body}"));
    pairs.0.retain(|(name, _)| !name.starts_with("oauth_"));
    pairs
}

/// Posts a form to tool `a`, which has to refuse it, and returns the answer.
#[track_caller]
fn refuse(server: &Server, body: &str, status: u16, code: &str) -> Reply {
    refuse_at(server, "/lti/a", body, status, code)
}

#[track_caller]
fn refuse_at(server: &Server, target: &str, body: &str, status: u16, code: &str) -> Reply {
    let reply = server.post(target, body);
    refused(&reply, status, code);
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
    let way_back = body
        .split('&')
        .any(|pair| pair == "launch_presentation_return_url=https%3A%2F%2Flms.example%2Freturn");
    let says = SIGNED.iter().find(|(signed, _)| way_back && *signed == code).map(|(_, says)| says);
    let expected = says.map(|says| format!("{RETURN}?lti_errormsg={}", says.replace(' ', "%20")));
    assert_eq!(reply.link(), expected, "{body}");
    reply
}

/// Asserts the whole of a refused launch.
#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) {
    shown_nothing(reply, status);
    let line = line_of(reply);
    assert!(line.contains(&format!(" outcome=\"refused\" code=\"{code}\" ")), "not {code}: {line}");
}

/// The one line in the log that the reference on a page leads to.
#[track_caller]
fn line_of(reply: &Reply) -> String {
    one_line(log_lines(reply.reference().expect("a reference on the page")))
}

/// The one line in the log about launches of the tool with this name, which no other test uses.
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

/// Asserts an answer that shows nothing of a tool, opens nothing, tells nothing and leads nowhere by itself.
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

/// Other people's launches, with the signatures that they computed.
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

/// Posts a vector to the address that it was signed for; the tool has to be handed exactly its values.
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

/// The sources of this specification.
const SOURCES: [&str; 6] = [
    include_str!("base_string.rs"),
    include_str!("parameters.rs"),
    include_str!("protocol.rs"),
    include_str!("roles.rs"),
    include_str!("time_and_nonce.rs"),
    include_str!("transport.rs"),
];

/// Cases that no test names, and why.
const EXCLUDED: [(&str, &str); 0] = [];

/// Cases whose test leaves a part out, and why.
const IN_PART: [(&str, &str); 8] = [
    ("58", "no setting accepts a second launch URL"),
    (
        "68",
        "no setting turns the variant off; the log names it, and it is tried only where the strict one failed",
    ),
    (
        "69",
        "no setting turns the variant off; the log names it, and it is tried only where the strict one failed",
    ),
    (
        "72",
        "no setting turns the variant off; the log names it, and it is tried only where the strict one failed",
    ),
    ("98", "no setting requires user_id"),
    ("100", "no setting requires a course"),
    ("105", "relaunches are not supported: their parameters are ignored like any that are unknown"),
    ("116", "system roles have no name in tools.toml"),
];

/// The cases that the names of tests in a source begin with: `f1_017_to_021_…` names five.
fn named_in(source: &str) -> Vec<String> {
    let lines: Vec<&str> = source.lines().collect();
    let tests = lines.windows(2).filter(|pair| pair[0] == "#[test]").map(|pair| pair[1]);
    let names = tests.filter_map(|line| line.strip_prefix("fn f1_"));
    names
        .flat_map(|name| {
            let words: Vec<&str> = name.split('_').collect();
            let number = |word: &str| word.parse::<u32>().ok();
            match (number(words[0]), words[1], words.get(2).and_then(|word| number(word))) {
                (Some(first), "to", Some(last)) => {
                    (first..=last).map(|id| id.to_string()).collect()
                }
                (Some(first), "and", Some(second)) => vec![first.to_string(), second.to_string()],
                _ => vec![words[0].trim_start_matches('0').to_owned()],
            }
        })
        .collect()
}

#[test]
fn every_case_is_a_test_or_is_excluded_for_a_reason() {
    assert_eq!(
        named_in(
            "#[test]\nfn f1_007_a() {}\n#[test]\nfn f1_009_to_011_b() {}\nfn f1_012_no_test() {}\n#[test]\nfn f1_064b_c"
        ),
        ["7", "9", "10", "11", "64b"]
    );
    let all: BTreeSet<String> =
        (1..=125).map(|id| id.to_string()).chain(["64b".to_owned()]).collect();
    let tested: Vec<String> = SOURCES.iter().flat_map(|source| named_in(source)).collect();
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
