//! Grades from outside: an upstream that sends them, the gateway, and a platform.
//!
//! A test checks both ends: the response to the upstream, and the requests that arrived at the
//! platform. A comment `F1.h` with a number names a conformance case of the checklist. Cases that
//! need no gateway are tests of the crate `lti`.

mod arrival;
mod body;
mod call;
mod cases;
mod certificate;
mod clock;
mod concurrency;
mod failure;
mod forgery;
mod gradebook;
mod host;
mod host_failure;
mod late_write;
mod launched;
mod message;
mod method;
mod program;
mod proxy;
mod queue;
mod reload;
mod removed;
mod result;
mod retry;
mod rewrite;
mod rotation;
mod score;
mod signature;
mod state;
mod superseded;
mod token;
mod token_clock;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Browser, Form, NOW, Recorded, Recorder, Reply, Server, Setup, Visit, log_lines,
};

/// The path and query of every outcome URL.
const OUTCOME: &str = "/outcome?type_id=3";
/// A platform's id of a learner's result, with characters that XML and URLs must escape.
const SOURCEDID: &str = r#"{"data":{"instanceid":"1","userid":"4711"},"hash":"a<b>&\"c'+%3A"}"#;

/// Strings that no response and no log line may contain: secrets, and personal data of [`launch`].
const PRIVATE: [&str; 7] =
    ["s3cret", "an0ther", "own, of 32", "user-4711", "Lovelace", "instanceid", "a<b>"];

/// The response of a platform that accepts a grade.
fn success() -> String {
    pox("success", "", "<replaceResultResponse/>")
}

/// A platform that sends these responses one after the other, and then repeats the last one.
fn responding_in_order(responses: impl IntoIterator<Item = String>) -> Recorder {
    let responses: Vec<String> = responses.into_iter().collect();
    let count = AtomicUsize::new(0);
    Recorder::with(move |_| {
        let at = count.fetch_add(1, Ordering::SeqCst).min(responses.len() - 1);
        responses[at].clone().into_bytes()
    })
}

/// An upstream, a platform and the gateway between them.
struct Stage {
    upstream: Recorder,
    platform: Recorder,
    server: Server,
    tools: String,
    /// The directory of the state, if it is durable.
    directory: Option<TempDir>,
}

impl Stage {
    /// With a platform that always sends the same response.
    fn new(response: impl AsRef<[u8]>) -> Self {
        Self::with(Recorder::answering(response), "", "")
    }

    /// With more lines in `[gateway]` and in the tool's table. Allows platforms on this machine,
    /// unless the lines contain `outcome_hosts`.
    fn with(platform: Recorder, gateway: &str, tool: &str) -> Self {
        let upstream = Recorder::start();
        let hosts = match gateway.contains("outcome_hosts") {
            true => "",
            false => "outcome_hosts = [\"*\", \"127.0.0.1\"]",
        };
        let tools = format!(
            r#"
[gateway]
public_url = "https://tool.example"
secret = "the gateway's own, of 32 characters"
{hosts}
{gateway}
[tools.nb]
key = "key-1"
secret = "s3cret"
upstream = "{}"
grades = true
{tool}
"#,
            upstream.url()
        );
        let server = start(&tools);
        Self { upstream, platform, server, tools, directory: None }
    }

    /// With a durable state in a temporary directory.
    fn durable(platform: Recorder, tool: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let line = format!("state = \"{}/state\"", directory.path().display());
        let stage = Self::with(platform, &line, tool);
        Self { directory: Some(directory), ..stage }
    }

    /// Restarts the gateway and resets its clock.
    fn restarted(self) -> Self {
        let Self { upstream, platform, server, tools, directory } = self;
        drop(server);
        Self { server: start(&tools), upstream, platform, tools, directory }
    }

    /// Starts another gateway with one difference in its file.
    fn start_with(&self, from: &str, to: &str) -> Server {
        assert!(self.tools.contains(from), "{from}");
        start(&self.tools.replace(from, to))
    }

    /// The outcome URL of launches.
    fn outcome_url(&self) -> String {
        format!("{}{OUTCOME}", self.platform.origin())
    }

    /// Launches, opens the first page, and returns the request to the upstream.
    #[track_caller]
    fn first_request(&self, form: &Form<'_>) -> Recorded {
        let mut browser = Browser::new(&self.server);
        let visit: Visit = browser.open(form);
        assert_eq!(browser.get(&visit.at("/")).status, 200);
        self.upstream.request()
    }

    /// The grade token that the upstream receives after a launch.
    #[track_caller]
    fn token_of(&self, form: &Form<'_>) -> Option<String> {
        self.first_request(form).header("x-lti-grade-token")
    }

    /// The grade token of a launch with [`launch`].
    #[track_caller]
    fn token(&self) -> String {
        let url = self.outcome_url();
        self.token_of(&launch(&url)).expect("a grade token")
    }

    /// The grade token of a launch by this user. Its sourcedid is the user id.
    #[track_caller]
    fn token_for(&self, user: &str) -> String {
        let url = self.outcome_url();
        let form = Form { nonce: user, ..launch(&url) };
        let form = form.but(&[("user_id", user), ("lis_result_sourcedid", user)]);
        self.token_of(&form).expect("a grade token")
    }

    /// Calls `/grades` with a token.
    fn call(&self, method: &str, token: &str, body: &str) -> Reply {
        call(&self.server, method, "/grades", token, body)
    }

    /// Sends a score that the gateway must queue. Returns its id.
    #[track_caller]
    fn queue(&self, token: &str, score: &str) -> String {
        let reply = self.call("POST", token, &format!("{{\"score\":{score}}}"));
        let response = response_json(&reply, 202);
        assert_eq!(response["status"], "kept");
        let id = response["id"].as_str().expect("an id").to_owned();
        assert_eq!(reply.header("location"), Some(format!("/grades/{id}").as_str()));
        id
    }

    /// Sends a score that the gateway must deliver.
    #[track_caller]
    fn deliver(&self, token: &str, score: &str) {
        let reply = self.call("POST", token, &format!("{{\"score\":{score}}}"));
        assert_eq!(response_json(&reply, 200)["status"], "delivered");
    }

    /// Sets the clock, and makes the gateway look for due grades: another learner's grade is
    /// refused, which wakes the retries.
    #[track_caller]
    fn advance_to(&self, now: u64) {
        self.server.set_now(now);
        let nonce = format!("at {now}");
        let form = Form { nonce: &nonce, timestamp: now, ..launch("http://localhost:1/o") };
        let token = self.token_of(&form.but(&[("user_id", &nonce)])).expect("a grade token");
        refused(&self.call("POST", &token, r#"{"score":1}"#), 409, "outcome-not-allowed");
    }

    /// The gateway's response about a queued grade.
    #[track_caller]
    fn find(&self, token: &str, id: &str) -> Value {
        response_json(&call(&self.server, "GET", &format!("/grades/{id}"), token, ""), 200)
    }

    /// Waits until a queued grade has this status. Returns the response.
    #[track_caller]
    fn wait_for_status(&self, token: &str, id: &str, status: &str) -> Value {
        self.wait_until(token, id, |found| {
            assert!(
                found["status"] == status || found["status"] == "kept",
                "not {status}: {found}"
            );
            found["status"] == status
        })
    }

    /// Waits until a queued grade has this number of finished attempts. Returns the response.
    #[track_caller]
    fn wait_for_attempts(&self, token: &str, id: &str, tries: u32) -> Value {
        self.wait_until(token, id, |found| found["tries"] == tries)
    }

    /// Waits until the response about a queued grade fulfills a condition. Returns the response.
    #[track_caller]
    fn wait_until(&self, token: &str, id: &str, is_met: impl Fn(&Value) -> bool) -> Value {
        let mut found = Value::Null;
        wait_for(|| {
            found = self.find(token, id);
            is_met(&found)
        });
        found
    }
}

/// Waits for a condition.
#[track_caller]
fn wait_for(mut is_met: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if is_met() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the condition is not met");
}

/// Starts a gateway with this file.
fn start(tools: &str) -> Server {
    Server::start(&Setup { tools, ..Setup::default() })
}

/// Sends a request with a token to a gateway.
fn call(server: &Server, method: &str, target: &str, token: &str, body: &str) -> Reply {
    let authorization = format!("Bearer {token}");
    let headers = [("Host", "tool.example"), ("Authorization", &authorization)];
    server.send(method, target, &headers, body.as_bytes())
}

/// A launch that accepts a grade at this URL.
fn launch(url: &str) -> Form<'_> {
    Form { url: "https://tool.example/lti/nb", ..Form::default() }.with(&[
        ("user_id", "user-4711"),
        ("roles", "Learner"),
        ("lis_person_name_full", "Ada Lovelace"),
        ("context_id", "course-1"),
        ("lis_outcome_service_url", url),
        ("lis_result_sourcedid", SOURCEDID),
    ])
}

/// An HTTP response.
fn http(status: &str, media_type: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The HTTP response of a Basic Outcomes service.
fn pox(code: &str, description: &str, body: &str) -> String {
    http("200 OK", "application/xml", &envelope(code, description, body))
}

/// The body of such a response.
fn envelope(code: &str, description: &str, body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<imsx_POXEnvelopeResponse xmlns="http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0">
<imsx_POXHeader><imsx_POXResponseHeaderInfo><imsx_version>V1.0</imsx_version>
<imsx_messageIdentifier>1</imsx_messageIdentifier>
<imsx_statusInfo><imsx_codeMajor>{code}</imsx_codeMajor><imsx_severity>status</imsx_severity>
<imsx_description>{description}</imsx_description><imsx_messageRefIdentifier/></imsx_statusInfo>
</imsx_POXResponseHeaderInfo></imsx_POXHeader>
<imsx_POXBody>{body}</imsx_POXBody></imsx_POXEnvelopeResponse>"#
    )
}

/// Checks a response: its status, its headers, and that response and log contain nothing private.
/// Returns its JSON.
#[track_caller]
fn response_json(reply: &Reply, status: u16) -> Value {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.all("set-cookie"), [""; 0]);
    for private in PRIVATE {
        assert!(!reply.body.contains(private), "{private} in {}", reply.body);
    }
    nothing_private_in(&log_lines(" grade: "));
    reply.json()
}

/// Checks a refusal: its code, and the one log line with its reference. Returns the other members
/// of its JSON.
#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) -> Value {
    let mut response = response_json(reply, status);
    let members = response.as_object_mut().expect("an object");
    assert_eq!(members.remove("error"), Some(json!(code)), "{reply:?}");
    let reference = members.remove("reference").expect("a reference");
    let lines = log_lines(reference.as_str().expect("text"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(&format!(" outcome=\"refused\" code=\"{code}\" ")), "{lines:?}");
    assert_eq!(reply.header("location"), None);
    response
}

/// Asserts that none of these log lines contains a secret or personal data.
#[track_caller]
fn nothing_private_in(lines: &[String]) {
    for line in lines {
        for private in PRIVATE {
            assert!(!line.contains(private), "{private} in {line}");
        }
    }
}

/// The text of the only element with this name in a request.
#[track_caller]
fn element(request: &Recorded, name: &str) -> String {
    element_if_any(request, name).expect(name)
}

/// The text of the only element with this name in a request, if there is one.
#[track_caller]
fn element_if_any(request: &Recorded, name: &str) -> Option<String> {
    const NAMESPACE: &str = "http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0";
    let body = std::str::from_utf8(&request.body).expect("text");
    let document = roxmltree::Document::parse(body).expect("well-formed XML");
    let mut found = document.descendants().filter(|node| node.has_tag_name((NAMESPACE, name)));
    let text = found.next().map(|node| node.text().unwrap_or_default().to_owned());
    assert!(found.next().is_none(), "{name} occurs twice");
    text
}
