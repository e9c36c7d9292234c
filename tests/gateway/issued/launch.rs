//! Cookies, tickets, receipts and grade tokens of the older version.

use lti::{GradePlace, Secret, Sender};
use lti_gateway::session::GradeTokens;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{SECRET, copied_state, entries, hexadecimal, start, text, tools};
use crate::support::{NOW, Recorded, Recorder, Reply, Server, verify};

/// The number of launches in the fixtures, of those to an upstream, and of those with a grade
/// token.
const LAUNCHES: usize = 8;
const SESSIONS: usize = 7;
const GRADED: usize = 4;

/// The gateway between an upstream and a platform that accepts everything.
struct Stage {
    upstream: Recorder,
    platform: Recorder,
    server: Server,
}

impl Stage {
    fn new() -> Self {
        let upstream = Recorder::start();
        let platform = Recorder::answering("HTTP/1.1 204 No Content\r\n\r\n");
        let server = start(&tools(&upstream, &platform));
        Self { upstream, platform, server }
    }

    fn get(&self, target: &str, cookie: &str) -> Reply {
        self.server.send("GET", target, &[("Host", "tool.example"), ("Cookie", cookie)], b"")
    }

    /// Asserts that the upstream receives the same with a session cookie of this launch as when it
    /// was issued. Returns the grade token.
    #[track_caller]
    fn opens(&self, launch: &Value, cookie: &str) -> Option<String> {
        let name = text(launch, "name");
        let reply = self.get(text(launch, "address"), cookie);
        assert_eq!(reply.status, 200, "{name}: {reply:?}");
        let request = self.upstream.request();
        assert_eq!(request.line(), text(launch, "line"), "{name}");
        assert_eq!(identity(&request), launch["headers"], "{name}");
        let jwks = self.server.get("/.well-known/jwks.json").json();
        assert_eq!(jwks, launch["jwks"], "{name}");
        let assertion = request.header("x-lti-assertion").expect("an assertion");
        let claims = verify(&assertion, &jwks).expect("a signature of the gateway").claims;
        assert_eq!(claims, launch["claims"], "{name}");
        request.header("x-lti-grade-token")
    }
}

/// The identity headers of a request, except for the assertion and the grade token.
fn identity(request: &Recorded) -> Value {
    const NAMES: [&str; 8] = [
        "x-forwarded-user",
        "x-forwarded-email",
        "x-forwarded-preferred-username",
        "x-forwarded-groups",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-prefix",
        "x-script-name",
    ];
    let sent = |name: &str| Some((name.to_owned(), request.header(name)?.into()));
    Value::Object(NAMES.into_iter().filter_map(sent).collect::<Map<_, _>>())
}

/// The launches that lead to an upstream.
#[track_caller]
fn sessions() -> Vec<Value> {
    let launches = entries("launches.json", LAUNCHES);
    let sessions: Vec<Value> =
        launches.into_iter().filter(|launch| launch.get("session").is_some()).collect();
    assert_eq!(sessions.len(), SESSIONS);
    sessions
}

/// The launches that have a grade token.
#[track_caller]
fn graded() -> Vec<Value> {
    let graded: Vec<Value> =
        sessions().into_iter().filter(|launch| !launch["grade_token"].is_null()).collect();
    assert_eq!(graded.len(), GRADED);
    graded
}

fn session_cookie(launch: &Value) -> String {
    format!("__Secure-lti={}", text(&launch["session"], "value"))
}

/// Asserts that a sealed grade token has the content of the issued one.
#[track_caller]
fn same_grade_token(launch: &Value, sealed: Option<&str>) {
    let tokens = GradeTokens::new(&[Secret::new(SECRET)]);
    let issued = &launch["grade_token"];
    assert_eq!(sealed.is_some(), !issued.is_null(), "{}", launch["name"]);
    let Some(sealed) = sealed else { return };
    let token = tokens.open(sealed, NOW).expect("a valid token");
    assert_eq!(token.expires, issued["expires"].as_u64().expect("a number"));
    assert_eq!(token.tool, text(issued, "tool"));
    assert_eq!(token.sender, Sender::Consumer(text(issued, "consumer_key").into()));
    assert_eq!(hexadecimal(token.slot), text(issued, "slot"));
    let GradePlace::Outcome(outcome) = token.place else { panic!("a place of LTI 1.1") };
    assert_eq!(outcome.url, text(issued, "url"));
    assert_eq!(outcome.sourcedid, text(issued, "sourcedid"));
    assert_eq!(outcome.method.name(), text(issued, "method"));
}

#[test]
fn an_issued_session_cookie_opens_with_every_value() {
    let stage = Stage::new();
    for launch in sessions() {
        let token = stage.opens(&launch, &session_cookie(&launch));
        same_grade_token(&launch, token.as_deref());
    }
}

#[test]
fn an_issued_ticket_with_its_cookie_redirects_to_the_app() {
    let stage = Stage::new();
    for launch in sessions() {
        let reply = stage.get(text(&launch, "door"), &session_cookie(&launch));
        assert_eq!(reply.status, 303, "{launch}");
        assert_eq!(reply.header("location"), Some(text(&launch, "address")));
        assert_eq!(stage.get(text(&launch, "door"), &session_cookie(&launch)).status, 401, "spent");
    }
    stage.upstream.saw_nothing();
}

/// The older version's page with the button had a ticket with the same keys.
#[test]
fn an_issued_ticket_opens_by_get_only_and_creates_no_other() {
    let stage = Stage::new();
    for launch in sessions() {
        let (path, ticket) = text(&launch, "door").split_once('?').expect("a ticket");
        let post = || stage.server.post(&format!("{path}?lti_ticket"), ticket);
        let is_refused = |reply: &Reply, heading: &str| {
            assert_eq!(reply.status, 401, "{launch} {reply:?}");
            assert!(reply.body.contains(heading), "{}", reply.body);
            assert!(!reply.body.contains("lti_ticket"), "{}", reply.body);
            assert_eq!(reply.all("set-cookie"), [""; 0]);
        };
        is_refused(&post(), "This link was used before, or has expired");
        is_refused(&stage.server.get(text(&launch, "door")), "Open this again from your course");
        let again = stage.get(text(&launch, "door"), &session_cookie(&launch));
        is_refused(&again, "This link was used before, or has expired");
    }
    stage.upstream.saw_nothing();
}

/// The older version stored nothing after the expiry of a ticket, so the clock skew does not count.
#[test]
fn an_issued_ticket_is_valid_until_its_expiry() {
    for (seconds, status) in [(60, 303), (61, 401)] {
        let stage = Stage::new();
        stage.server.set_now(NOW + seconds);
        let launch = &sessions()[0];
        let reply = stage.get(text(launch, "door"), &session_cookie(launch));
        assert_eq!(reply.status, status, "{reply:?}");
    }
}

/// The row is the one that the older version wrote.
#[test]
fn a_ticket_that_the_older_version_spent_stays_spent() {
    let (upstream, platform) = (Recorder::start(), Recorder::start());
    let temp = copied_state();
    let sqlite = rusqlite::Connection::open(temp.path().join("replay.sqlite")).expect("a file");
    let all = sessions();
    let [spent, fresh] = [&all[0], &all[1]];
    let (_, ticket) = text(spent, "door").split_once("?lti_ticket=").expect("a ticket");
    let (expires, issuer) = (NOW + 60, Sha256::digest("ticket nb"));
    let fingerprint = Sha256::new()
        .chain_update(&issuer[..16])
        .chain_update(expires.to_be_bytes())
        .chain_update(ticket)
        .finalize();
    let row = [&issuer[..16], &fingerprint[..16], &expires.to_be_bytes()].concat();
    let insert = "INSERT INTO nonce (acceptable_until, bytes) VALUES (?1, ?2)";
    assert_eq!(sqlite.execute(insert, (expires, row)).expect("written"), 1);
    drop(sqlite);
    let state = format!("[gateway]\nstate = \"{}\"", temp.path().display());
    let server = start(&tools(&upstream, &platform).replacen("[gateway]", &state, 1));
    let get = |launch: &Value| {
        let cookie = session_cookie(launch);
        let headers = [("Host", "tool.example"), ("Cookie", cookie.as_str())];
        server.send("GET", text(launch, "door"), &headers, b"").status
    };
    assert_eq!((get(spent), get(fresh)), (401, 303));
}

/// The signature is an hour old: only the receipt makes the form valid.
#[test]
fn an_issued_receipt_makes_the_same_form_a_reload() {
    let stage = Stage::new();
    stage.server.set_now(NOW + 3600);
    for launch in entries("launches.json", LAUNCHES) {
        let receipt = &launch["receipt"];
        let cookie = format!("{}={}", text(receipt, "name"), text(receipt, "value"));
        let post = |cookie: &str| {
            stage.server.post_with(
                text(&launch, "target"),
                text(&launch, "form"),
                &[("Cookie", cookie)],
            )
        };
        assert_eq!(post("").status, 401, "{launch}");
        let reply = post(&cookie);
        let expected = if launch.get("session").is_some() { 303 } else { 200 };
        assert_eq!(reply.status, expected, "{launch} {reply:?}");
    }
}

#[test]
fn an_issued_grade_token_holds_every_value() {
    for launch in graded() {
        same_grade_token(&launch, Some(text(&launch["grade_token"], "sealed")));
    }
}

#[test]
fn an_issued_grade_token_sends_a_grade_to_its_platform() {
    let stage = Stage::new();
    for launch in graded() {
        let token = &launch["grade_token"];
        let authorization = format!("Bearer {}", text(token, "sealed"));
        let headers = [("Host", "tool.example"), ("Authorization", authorization.as_str())];
        let reply = stage.server.send("POST", "/grades", &headers, br#"{"score":0.10}"#);
        assert_eq!(reply.status, 200, "{reply:?}");
        let request = stage.platform.request();
        let (host, path) =
            text(token, "url")["https://lms-".len()..].split_once(".example").expect("a host");
        assert_eq!(request.line(), format!("POST /{host}{path}"));
        let body = std::str::from_utf8(&request.body).expect("text");
        let document = roxmltree::Document::parse(body).expect("XML");
        let of = |name: &str| {
            let mut found = document.descendants().filter(|node| node.tag_name().name() == name);
            found.next().and_then(|node| node.text()).map(str::to_owned)
        };
        assert_eq!(of("sourcedId").as_deref(), Some(text(token, "sourcedid")));
        assert_eq!(of("textString").as_deref(), Some("0.10"));
        let signed = request.header("authorization").expect("a signature");
        for part in [
            format!("oauth_consumer_key=\"{}\"", text(token, "consumer_key")),
            format!("oauth_signature_method=\"{}\"", text(token, "method")),
        ] {
            assert!(signed.contains(&part), "{part} in {signed}");
        }
    }
}
