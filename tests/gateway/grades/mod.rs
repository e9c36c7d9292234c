//! Grades, seen from outside: an upstream that sends them, the gateway, and a platform that takes them or does not.
//!
//! A test looks at both ends: what the upstream is answered, and what arrived at the platform, or that nothing did.

mod call;

use crate::support::{Browser, Form, Recorded, Recorder, Reply, Server, Setup, Visit};

/// What stands in every outcome URL's path.
const OUTCOME: &str = "/outcome?type_id=3";
/// A platform's name for a learner's result, with what XML and URLs have to encode.
const SOURCEDID: &str = r#"{"data":{"instanceid":"1","userid":"4711"},"hash":"a<b>&\"c'+%3A"}"#;

/// An upstream, a platform and the gateway between them.
struct Stage {
    upstream: Recorder,
    platform: Recorder,
    server: Server,
}

impl Stage {
    /// With a platform that answers everything with the same bytes.
    fn new(answer: impl AsRef<[u8]>) -> Self {
        Self::with(Recorder::answering(answer), "", "")
    }

    /// With further lines in `[gateway]` and in the tool's table.
    fn with(platform: Recorder, gateway: &str, tool: &str) -> Self {
        let upstream = Recorder::start();
        let tools = format!(
            r#"
[gateway]
public_url = "https://tool.example"
secret = "the gateway's own, of 32 characters"
outcome_hosts = ["*", "127.0.0.1"]
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
        let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
        Self { upstream, platform, server }
    }

    /// The outcome URL of launches.
    fn outcome_url(&self) -> String {
        format!("{}{OUTCOME}", self.platform.origin())
    }

    /// The grade token of a launch, as the upstream sees it.
    #[track_caller]
    fn token_of(&self, form: &Form<'_>) -> Option<String> {
        let mut browser = Browser::new(&self.server);
        let visit: Visit = browser.open(form);
        assert_eq!(browser.get(&visit.at("/")).status, 200);
        self.upstream.request().header("x-lti-grade-token")
    }

    /// The grade token of a usual launch.
    #[track_caller]
    fn token(&self) -> String {
        let url = self.outcome_url();
        self.token_of(&launch(&url)).expect("a grade token")
    }

    /// Calls `/grades` with a token.
    fn call(&self, method: &str, token: &str, body: &str) -> Reply {
        let authorization = format!("Bearer {token}");
        let headers = [("Host", "tool.example"), ("Authorization", &authorization)];
        self.server.send(method, "/grades", &headers, body.as_bytes())
    }
}

/// A launch that takes a grade there.
fn launch(url: &str) -> Form<'_> {
    Form { url: "https://tool.example/lti/nb", ..Form::default() }.with(&[
        ("user_id", "user-4711"),
        ("roles", "Learner"),
        ("context_id", "course-1"),
        ("lis_outcome_service_url", url),
        ("lis_result_sourcedid", SOURCEDID),
    ])
}

/// An answer over HTTP.
fn http(status: &str, media_type: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// An answer of a Basic Outcomes service.
fn pox(code: &str, description: &str, body: &str) -> String {
    let text = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<imsx_POXEnvelopeResponse xmlns="http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0">
<imsx_POXHeader><imsx_POXResponseHeaderInfo><imsx_version>V1.0</imsx_version><imsx_messageIdentifier>1</imsx_messageIdentifier>
<imsx_statusInfo><imsx_codeMajor>{code}</imsx_codeMajor><imsx_severity>status</imsx_severity>
<imsx_description>{description}</imsx_description><imsx_messageRefIdentifier/></imsx_statusInfo>
</imsx_POXResponseHeaderInfo></imsx_POXHeader><imsx_POXBody>{body}</imsx_POXBody></imsx_POXEnvelopeResponse>"#
    );
    http("200 OK", "application/xml", &text)
}

/// What became of a call.
#[track_caller]
fn told(reply: &Reply, status: u16) -> serde_json::Value {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.json()
}

/// The text of the one element of this name in a request.
#[track_caller]
fn element(request: &Recorded, name: &str) -> String {
    let body = std::str::from_utf8(&request.body).expect("text");
    let (_, rest) = body.split_once(&format!("<{name}>")).expect(name);
    let (text, more) = rest.split_once(&format!("</{name}>")).expect("its end");
    assert!(!more.contains(&format!("<{name}>")), "{name} is there twice");
    text.to_owned()
}
