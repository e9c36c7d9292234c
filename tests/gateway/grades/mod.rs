//! Grades, seen from outside: an upstream that sends them, the gateway, and a platform that takes them or does not.
//!
//! A test looks at both ends: what the upstream is answered, and what arrived at the platform, or that nothing did. The
//! functions whose names begin with `f1_` and a number are numbered conformance cases; those that need no gateway are tests
//! of the `lti` crate under their numbers.

mod aftermath;
mod arrival;
mod body;
mod call;
mod cases;
mod failure;
mod forgery;
mod gradebook;
mod host;
mod kept;
mod launched;
mod method;
mod newest;
mod program;
mod proxy;
mod result;
mod retry;
mod rewrite;
mod rotation;
mod score;
mod signature;
mod state;
mod token;
mod turn;
mod words;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Browser, Form, NOW, Recorded, Recorder, Reply, Server, Setup, Visit, log_lines,
};

/// What stands in every outcome URL's path.
const OUTCOME: &str = "/outcome?type_id=3";
/// A platform's name for a learner's result, with what XML and URLs have to encode.
const SOURCEDID: &str = r#"{"data":{"instanceid":"1","userid":"4711"},"hash":"a<b>&\"c'+%3A"}"#;

/// What no answer and no line of the log may contain: secrets, and what [`launch`] tells of a person.
const PRIVATE: [&str; 7] =
    ["s3cret", "an0ther", "own, of 32", "user-4711", "Lovelace", "instanceid", "a<b>"];

/// A platform that takes everything.
fn good() -> String {
    pox("success", "", "<replaceResultResponse/>")
}

/// A platform that answers one thing after the other, and the last of them from then on.
fn in_turn(answers: impl IntoIterator<Item = String>) -> Recorder {
    let answers: Vec<String> = answers.into_iter().collect();
    let count = AtomicUsize::new(0);
    Recorder::with(move |_| {
        let at = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        answers[at].clone().into_bytes()
    })
}

/// An upstream, a platform and the gateway between them.
struct Stage {
    upstream: Recorder,
    platform: Recorder,
    server: Server,
    tools: String,
    /// Where the state lies, if it is durable.
    folder: Option<TempDir>,
}

impl Stage {
    /// With a platform that answers everything with the same bytes.
    fn new(answer: impl AsRef<[u8]>) -> Self {
        Self::with(Recorder::answering(answer), "", "")
    }

    /// With further lines in `[gateway]` and in the tool's table. Platforms of this machine are allowed, unless
    /// `outcome_hosts` is among the lines.
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
        Self { upstream, platform, server, tools, folder: None }
    }

    /// With a durable state, in a folder that lives as long.
    fn durable(platform: Recorder, tool: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let line = format!("state = \"{}/state\"", folder.path().display());
        let stage = Self::with(platform, &line, tool);
        Self { folder: Some(folder), ..stage }
    }

    /// The same after the gateway was started again, with its clock at the beginning.
    fn restarted(self) -> Self {
        let Self { upstream, platform, server, tools, folder } = self;
        drop(server);
        Self { server: start(&tools), upstream, platform, tools, folder }
    }

    /// Another gateway, whose file differs in this.
    fn differing(&self, from: &str, to: &str) -> Server {
        assert!(self.tools.contains(from), "{from}");
        start(&self.tools.replace(from, to))
    }

    /// The outcome URL of launches.
    fn outcome_url(&self) -> String {
        format!("{}{OUTCOME}", self.platform.origin())
    }

    /// What the upstream sees of a launch's first page.
    #[track_caller]
    fn seen(&self, form: &Form<'_>) -> Recorded {
        let mut browser = Browser::new(&self.server);
        let visit: Visit = browser.open(form);
        assert_eq!(browser.get(&visit.at("/")).status, 200);
        self.upstream.request()
    }

    /// The grade token of a launch, as the upstream sees it.
    #[track_caller]
    fn token_of(&self, form: &Form<'_>) -> Option<String> {
        self.seen(form).header("x-lti-grade-token")
    }

    /// The grade token of a usual launch.
    #[track_caller]
    fn token(&self) -> String {
        let url = self.outcome_url();
        self.token_of(&launch(&url)).expect("a grade token")
    }

    /// The grade token of a launch by this user, whose result the platform calls by the same name.
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

    /// Sends a score, which has to be kept, and tells under which id.
    #[track_caller]
    fn keep(&self, token: &str, score: &str) -> String {
        let reply = self.call("POST", token, &format!("{{\"score\":{score}}}"));
        let told = told(&reply, 202);
        assert_eq!(told["status"], "kept");
        let id = told["id"].as_str().expect("an id").to_owned();
        assert_eq!(reply.header("location"), Some(format!("/grades/{id}").as_str()));
        id
    }

    /// Sends a score, which has to be delivered.
    #[track_caller]
    fn deliver(&self, token: &str, score: &str) {
        assert_eq!(
            told(&self.call("POST", token, &format!("{{\"score\":{score}}}")), 200)["status"],
            "delivered"
        );
    }

    /// Moves the clock, and has the gateway look for what is due then: a grade of somebody else is refused, which makes
    /// room for others.
    #[track_caller]
    fn pass_to(&self, now: u64) {
        self.server.set_now(now);
        let nonce = format!("at {now}");
        let form = Form { nonce: &nonce, timestamp: now, ..launch("http://localhost:1/o") };
        let token = self.token_of(&form.but(&[("user_id", &nonce)])).expect("only DNS can tell");
        refused(&self.call("POST", &token, r#"{"score":1}"#), 409, "outcome-not-allowed");
    }

    /// What the gateway tells of a kept grade.
    #[track_caller]
    fn find(&self, token: &str, id: &str) -> Value {
        told(&call(&self.server, "GET", &format!("/grades/{id}"), token, ""), 200)
    }

    /// Waits until a kept grade stands there, and tells what the gateway does.
    #[track_caller]
    fn becomes(&self, token: &str, id: &str, status: &str) -> Value {
        self.until(token, id, |found| {
            assert!(
                found["status"] == status || found["status"] == "kept",
                "not {status}: {found}"
            );
            found["status"] == status
        })
    }

    /// Waits until a kept grade was tried so often, and what became of that is written down.
    #[track_caller]
    fn tried(&self, token: &str, id: &str, tries: u32) -> Value {
        self.until(token, id, |found| found["tries"] == tries)
    }

    /// Waits until what the gateway tells of a kept grade is so.
    #[track_caller]
    fn until(&self, token: &str, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut found = Value::Null;
        patiently(|| {
            found = self.find(token, id);
            is_so(&found)
        });
        found
    }
}

/// Waits for what has to come.
#[track_caller]
fn patiently(mut has_come: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if has_come() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it does not come");
}

/// A gateway with this file.
fn start(tools: &str) -> Server {
    Server::start(&Setup { tools, ..Setup::default() })
}

/// Asks a gateway with a token.
fn call(server: &Server, method: &str, target: &str, token: &str, body: &str) -> Reply {
    let authorization = format!("Bearer {token}");
    let headers = [("Host", "tool.example"), ("Authorization", &authorization)];
    server.send(method, target, &headers, body.as_bytes())
}

/// A launch that takes a grade there.
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

/// An answer over HTTP.
fn http(status: &str, media_type: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// An answer of a Basic Outcomes service.
fn pox(code: &str, description: &str, body: &str) -> String {
    http("200 OK", "application/xml", &envelope(code, description, body))
}

/// Its body.
fn envelope(code: &str, description: &str, body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<imsx_POXEnvelopeResponse xmlns="http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0">
<imsx_POXHeader><imsx_POXResponseHeaderInfo><imsx_version>V1.0</imsx_version><imsx_messageIdentifier>1</imsx_messageIdentifier>
<imsx_statusInfo><imsx_codeMajor>{code}</imsx_codeMajor><imsx_severity>status</imsx_severity>
<imsx_description>{description}</imsx_description><imsx_messageRefIdentifier/></imsx_statusInfo>
</imsx_POXResponseHeaderInfo></imsx_POXHeader><imsx_POXBody>{body}</imsx_POXBody></imsx_POXEnvelopeResponse>"#
    )
}

/// What became of a call, without anything that is nobody's business, here and in the log.
#[track_caller]
fn told(reply: &Reply, status: u16) -> Value {
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

/// Asserts a whole refusal: its code, and the one line in the log that its reference leads to. What it says besides is
/// returned.
#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) -> Value {
    let mut told = told(reply, status);
    let members = told.as_object_mut().expect("an object");
    assert_eq!(members.remove("error"), Some(json!(code)), "{reply:?}");
    let reference = members.remove("reference").expect("a reference");
    let lines = log_lines(reference.as_str().expect("text"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(&format!(" outcome=\"refused\" code=\"{code}\" ")), "{lines:?}");
    assert_eq!(reply.header("location"), None);
    told
}

/// Asserts that none of these lines of the log tells a secret or anything of a person.
#[track_caller]
fn nothing_private_in(lines: &[String]) {
    for line in lines {
        for private in PRIVATE {
            assert!(!line.contains(private), "{private} in {line}");
        }
    }
}

/// The text of the one element of this name in a request, as a platform's parser reads it.
#[track_caller]
fn element(request: &Recorded, name: &str) -> String {
    element_if_any(request, name).expect(name)
}

/// The same, where there may be none.
#[track_caller]
fn element_if_any(request: &Recorded, name: &str) -> Option<String> {
    const NAMESPACE: &str = "http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0";
    let body = std::str::from_utf8(&request.body).expect("text");
    let document = roxmltree::Document::parse(body).expect("well-formed XML");
    let mut found = document.descendants().filter(|node| node.has_tag_name((NAMESPACE, name)));
    let text = found.next().map(|node| node.text().unwrap_or_default().to_owned());
    assert!(found.next().is_none(), "{name} is there twice");
    text
}
