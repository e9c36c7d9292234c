//! Grades of LTI 1.3 from outside: an upstream that sends them, the gateway, and a platform with a
//! grade service (AGS).
//!
//! A test checks both ends: the response to the upstream, and the requests that arrived at the
//! platform.

mod conflict;
mod declared;
mod documented;
mod failure;
mod launched;
mod migrated;
mod progress;
mod queue;
mod result;
mod score;
mod token;

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Browser, GradePlatform, LINE_ITEMS, NOW, RESULTS, Recorder, Redirected, Reply, SCORE, Server,
    Setup, answer_form, claims, log_lines, login, reply, reply_with, token as id_token,
};

/// The claim of the grade service.
const ENDPOINT: &str = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint";
/// A private key for the gateway, so that no test searches primes.
const PEM: &str = include_str!("../../../crates/lti/tests/keys/rsa_2048.pem");

/// Strings that no response and no log line may contain: secrets, tokens and personal data.
const PRIVATE: [&str; 5] = ["own, of 32", "user-4711", "Ada Lovelace", "t0ken", "well done, Ada"];

/// Whether a text has a JSON Web Token. The random id of a grade may have its first letters, too,
/// but no dot.
fn has_token(text: &str) -> bool {
    let is_of_token = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let mut words = text.split(|letter: char| !is_of_token(letter));
    words.any(|word| word.starts_with("eyJ") && word.contains('.'))
}

#[test]
fn a_token_is_told_from_the_id_of_a_grade() {
    for (text, expected) in [
        ("Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIyIn0.c2ln", true),
        ("{\"token\":\"eyJhbGci.eyJz\"}", true),
        ("client_assertion=eyJhbGci.eyJz", true),
        ("id=\"Xq3veyJw-_8\" tries=1", false),
        ("id=\"eyJveyJw-_8\" tries=1.", false),
        ("GET /grades/eyJveyJw-_8", false),
    ] {
        assert_eq!(has_token(text), expected, "{text}");
    }
}

/// A platform, an upstream, and the gateway between them. The tool is `nb`.
struct Stage {
    platform: GradePlatform,
    upstream: Recorder,
    server: Server,
    tools: String,
    /// The directory of the state, if it is durable.
    directory: Option<TempDir>,
}

impl Stage {
    fn start() -> Self {
        Self::with("", "")
    }

    /// With further lines in `[gateway]` and in the tool's table.
    fn with(gateway: &str, tool: &str) -> Self {
        let (platform, upstream) = (GradePlatform::start(), Recorder::start());
        let tools = format!(
            r#"
[gateway]
public_url = "https://tool.example"
secret = "the gateway's own, of 32 characters"
outcome_hosts = ["*", "127.0.0.1"]
{gateway}
{}
[tools.nb]
platforms = "moodle"
upstream = "{}"
grades = true
{tool}
"#,
            platform.table("private_key = { env = \"PEM\" }"),
            upstream.url()
        );
        let server = start(&tools);
        platform.trust(server.get("/.well-known/jwks/moodle.json").json());
        Self { platform, upstream, server, tools, directory: None }
    }

    /// With a durable state in a temporary directory.
    fn durable(tool: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let line = format!("state = \"{}/state\"", directory.path().display());
        Self { directory: Some(directory), ..Self::with(&line, tool) }
    }

    /// Restarts the gateway at a timestamp, with one difference in its file.
    fn restarted(self, from: &str, to: &str, now: u64) -> Self {
        let Self { platform, upstream, server, tools, directory } = self;
        drop(server);
        assert!(tools.contains(from), "{from}");
        let tools = tools.replace(from, to);
        let server = start(&tools);
        server.set_now(now);
        Self { platform, upstream, server, tools, directory }
    }

    /// The grade token that the upstream receives after a launch with these changes of the claims.
    #[track_caller]
    fn token_of(&self, change: impl FnOnce(&mut Value)) -> Option<String> {
        let mut browser = Browser::new(&self.server);
        let redirected = Redirected::log_in(&mut browser, &login());
        let mut claims = claims(redirected.nonce());
        claims[ENDPOINT] = self.platform.claim(&[LINE_ITEMS, RESULTS, SCORE, "https://x/other"]);
        change(&mut claims);
        let form = answer_form(&id_token(&claims), redirected.state());
        let launched = browser.post_form("/lti/nb", &form);
        assert_eq!(launched.status, 303, "{:?}", launched.reference().map(log_lines));
        let entered = browser.get(launched.header("location").expect("an entry URL"));
        browser.get(entered.header("location").expect("a URL"));
        self.upstream.request().header("x-lti-grade-token")
    }

    /// The grade token of a launch.
    #[track_caller]
    fn token(&self) -> String {
        self.token_of(|_| ()).expect("a grade token")
    }

    /// Calls `/grades` with a token.
    fn call(&self, method: &str, token: &str, body: &str) -> Reply {
        call(&self.server, method, "/grades", token, body)
    }

    /// Sends a body that the gateway must deliver. Returns its response.
    #[track_caller]
    fn deliver(&self, token: &str, body: &str) -> Value {
        let response = response_json(&self.call("POST", token, body), 200);
        assert_eq!(response["status"], "delivered");
        response
    }

    /// Sends a body with each of these tokens at once. Returns the responses.
    fn call_at_once<'t>(
        &self,
        tokens: impl IntoIterator<Item = &'t String>,
        body: &str,
    ) -> Vec<Reply> {
        let server = &self.server;
        thread::scope(|scope| {
            let send = |token: &'t String| {
                scope.spawn(move || call(server, "POST", "/grades", token, body))
            };
            let calls: Vec<_> = tokens.into_iter().map(send).collect();
            calls.into_iter().map(|call| call.join().expect("a response")).collect()
        })
    }

    /// Sends a score that the gateway must queue. Returns its id.
    #[track_caller]
    fn queue(&self, token: &str, body: &str) -> String {
        let response = response_json(&self.call("POST", token, body), 202);
        assert_eq!(response["status"], "kept");
        response["id"].as_str().expect("an id").to_owned()
    }

    /// Calls `/grades` while the clock moves second by second.
    #[track_caller]
    fn call_while_time_passes(&self, method: &str, token: &str, body: &str, from: u64) -> Reply {
        let server = &self.server;
        thread::scope(|scope| {
            let call = scope.spawn(|| call(server, method, "/grades", token, body));
            let mut now = from;
            while !call.is_finished() {
                self.server.set_now(now);
                now += 1;
                thread::sleep(Duration::from_millis(300));
            }
            call.join().expect("a response")
        })
    }

    /// The gateway's response about a queued grade.
    #[track_caller]
    fn find(&self, token: &str, id: &str) -> Value {
        response_json(&call(&self.server, "GET", &format!("/grades/{id}"), token, ""), 200)
    }

    /// Moves the clock until a queued grade has this status. Returns the response.
    #[track_caller]
    fn wait_for_status(&self, token: &str, id: &str, status: &str, from: u64) -> Value {
        for step in 0..60 {
            self.advance_to(from + step);
            for _ in 0..20 {
                let found = self.find(token, id);
                if found["status"] == status {
                    return found;
                }
                assert_eq!(found["status"], "kept", "not {status}: {found}");
                thread::sleep(Duration::from_millis(25));
            }
        }
        panic!("the grade is not {status}");
    }

    /// Sets the clock, and makes the gateway look for due grades: another learner's grade is
    /// refused, which wakes the retries.
    #[track_caller]
    fn advance_to(&self, now: u64) {
        self.server.set_now(now);
        let token = self.token_of(|claims| {
            claims["sub"] = format!("at {now}").into();
            claims["iat"] = now.into();
            claims["exp"] = (now + 60).into();
            claims[ENDPOINT]["lineitem"] = "http://localhost:1/li".into();
        });
        let reply = self.call("POST", &token.expect("a grade token"), r#"{"score":1}"#);
        assert!(matches!(reply.status, 409 | 202 | 502), "{reply:?}");
    }
}

fn start(tools: &str) -> Server {
    let environment = [("PEM", PEM)];
    Server::start(&Setup { tools, environment: &environment, ..Setup::default() })
}

/// Sends a request with a token to a gateway.
fn call(server: &Server, method: &str, target: &str, token: &str, body: &str) -> Reply {
    let authorization = format!("Bearer {token}");
    let headers = [("Host", "tool.example"), ("Authorization", &authorization)];
    server.send(method, target, &headers, body.as_bytes())
}

/// Checks a response: its status, and that response and log contain nothing private. Returns its
/// JSON.
#[track_caller]
fn response_json(reply: &Reply, status: u16) -> Value {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert!(!has_token(&reply.body), "a token in {}", reply.body);
    for private in &PRIVATE[..4] {
        assert!(!reply.body.contains(private), "{private} in {}", reply.body);
    }
    for line in log_lines(" grade: ") {
        assert!(!has_token(&line), "a token in {line}");
        for private in PRIVATE {
            assert!(!line.contains(private), "{private} in {line}");
        }
    }
    reply.json()
}

/// Checks a refusal: its code, and the one log line with its reference. Returns its message.
#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) -> String {
    let response = response_json(reply, status);
    assert_eq!(response["error"], code, "{reply:?}");
    let lines = log_lines(response["reference"].as_str().expect("a reference"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(&format!(" outcome=\"refused\" code=\"{code}\" ")), "{lines:?}");
    response["message"].as_str().expect("a message").to_owned()
}
