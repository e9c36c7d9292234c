//! The program itself: what it keeps when it is killed, who may serve with a directory, and what `grades` lists.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::{Upstream, Wire, write};

use super::*;

/// The address that platforms launch, and that a development build answers at.
const HOST: &str = "127.0.0.1:5000";

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lti-gateway"));
    command.args(arguments).current_dir(folder).env_clear().env("PORT", "0").stdin(Stdio::null());
    command
}

/// Runs the program to its end, which comes by itself.
pub(super) fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program runs")
}

/// A gateway in a process of its own. It is killed with the value.
pub(super) struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    /// Serves with the `tools.toml` of this folder.
    #[track_caller]
    pub(super) fn start(folder: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = command(folder, &["serve"]);
        command.envs(environment.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        let mut log = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        log.read_line(&mut line).expect("a line");
        let (_, rest) = line.split_once("on http://127.0.0.1:").expect("where it listens");
        let port: u16 = rest.split(' ').next().and_then(|port| port.parse().ok()).expect("a port");
        // What it says later is read, so that it never waits for that.
        std::thread::spawn(move || log.read_to_end(&mut Vec::new()));
        Self { child, address: (Ipv4Addr::LOCALHOST, port).into() }
    }

    pub(super) fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut request =
            format!("{method} {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut wire = Wire::connect(self.address);
        wire.send(format!("{request}Content-Length: {}\r\n\r\n{body}", body.len()));
        Reply::read(&mut wire, method)
    }

    /// Calls `/grades` with a token.
    pub(super) fn call(&self, method: &str, target: &str, token: &str, body: &str) -> Reply {
        self.send(method, target, &[("Authorization", &format!("Bearer {token}"))], body)
    }

    /// Launches, follows to the upstream, and tells the grade token that arrives there.
    #[track_caller]
    pub(super) fn token(&self, upstream: &Recorder, outcome_url: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let url = format!("http://{HOST}/lti/nb");
        let form = Form { url: &url, timestamp: now, ..launch(outcome_url) };
        let form_type = [("Content-Type", "application/x-www-form-urlencoded")];
        let launched = self.send("POST", "/lti/nb", &form_type, &form.sign());
        assert_eq!(launched.status, 303, "{launched:?}");
        let cookies: Vec<&str> = launched
            .all("set-cookie")
            .into_iter()
            .filter_map(|cookie| cookie.split(';').next())
            .collect();
        let cookies = cookies.join("; ");
        let follow = |from: &Reply| {
            self.send(
                "GET",
                from.header("location").expect("an address"),
                &[("Cookie", &cookies)],
                "",
            )
        };
        let arrived = follow(&launched);
        assert_eq!(arrived.status, 303, "{arrived:?}");
        assert_eq!(follow(&arrived).status, 200);
        upstream.request().header("x-lti-grade-token").expect("a grade token")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with a `tools.toml` for this upstream, whose state lies beside it.
pub(super) fn folder(upstream: &Recorder) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tools = format!(
        r#"
[gateway]
public_url = "http://{HOST}"
secret = "the gateway's own, of 32 characters"
outcome_hosts = ["127.0.0.1"]
state = "./state"
[tools.nb]
key = "key-1"
secret = "s3cret"
upstream = "{}"
grades = true
"#,
        upstream.url()
    );
    write(folder.path(), "tools.toml", &tools);
    folder
}

#[test]
fn a_killed_gateway_delivers_what_it_kept_when_it_is_started_again() {
    let is_well = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_well);
    let platform = Recorder::with(move |_| match is_well.load(Ordering::SeqCst) {
        true => good().into_bytes(),
        false => http("503 Service Unavailable", "text/plain", "").into_bytes(),
    });
    let upstream = Recorder::start();
    let folder = folder(&upstream);
    let before = Program::start(folder.path(), &[]);
    let token = before.token(&upstream, &format!("{}{OUTCOME}", platform.origin()));
    let reply = before.call("POST", "/grades", &token, r#"{"score":0.10}"#);
    assert_eq!(reply.status, 202, "{reply:?}");
    let location = reply.header("location").expect("where it stands").to_owned();
    drop(before);

    switch.store(true, Ordering::SeqCst);
    let after = Program::start(folder.path(), &[]);
    let mut found = Value::Null;
    patiently(|| {
        found = after.call("GET", &location, &token, "").json();
        found["status"] == "delivered"
    });
    let tries = found["tries"].as_u64().expect("a number");
    assert!(tries >= 2, "{found}");
    for _ in 0..tries {
        assert_eq!(element(&platform.next(), "textString"), "0.10");
    }
    platform.saw_nothing();
}

#[test]
fn a_gateway_that_is_killed_while_a_platform_is_silent_sends_the_same_when_it_is_started_again() {
    let platform = Upstream::start();
    let upstream = Recorder::start();
    let folder = folder(&upstream);
    let before = Program::start(folder.path(), &[]);
    let token = before.token(&upstream, &format!("{}{OUTCOME}", platform.origin()));
    let mut caller = Wire::connect(before.address);
    caller.send(format!(
        "POST /grades HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {token}\r\nContent-Length: 14\r\n\r\n{{\"score\":0.10}}"
    ));
    let (mut silent, head) = platform.request();
    let first = Recorded { body: silent.body(&head).bytes, head };
    drop(before);
    assert!(caller.is_over(), "nobody was told anything");

    let after = Program::start(folder.path(), &[]);
    let (mut wire, head) = platform.request();
    let second = Recorded { body: wire.body(&head).bytes, head };
    for request in [&first, &second] {
        assert_eq!(request.line(), format!("POST {OUTCOME}"));
        assert_eq!(element(request, "textString"), "0.10");
        assert_eq!(element(request, "sourcedId"), SOURCEDID);
    }
    for different in [
        |request: &Recorded| request.header("authorization"),
        |request: &Recorded| element_if_any(request, "imsx_messageIdentifier"),
    ] {
        assert_ne!(different(&first), different(&second));
    }
    wire.send(good());
    let kept = || {
        let file = rusqlite::Connection::open(folder.path().join("state/grades.sqlite"))
            .expect("the file");
        file.query_row("SELECT COUNT(*) FROM kept", [], |row| row.get::<_, u64>(0))
            .expect("a number")
    };
    patiently(|| kept() == 0);
    assert!(platform.saw_nothing(), "and nothing else");
    assert_eq!(after.send("GET", "/ready", &[], "").status, 200);
    let listed = run(folder.path(), &["grades"]);
    assert!(
        String::from_utf8_lossy(&listed.stdout)
            .starts_with("no queued grades and no dead letters in "),
        "{listed:?}"
    );
}

#[test]
fn two_gateways_do_not_serve_with_one_directory() {
    let upstream = Recorder::start();
    let folder = folder(&upstream);
    let first = Program::start(folder.path(), &[]);
    let second = run(folder.path(), &["serve"]);
    assert_eq!(second.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&second.stdout), "");
    let error = String::from_utf8_lossy(&second.stderr);
    let state = folder.path().canonicalize().expect("a folder").join("state");
    assert!(
        error.ends_with(&format!(
            "error: the directory {} is in use by another gateway\n  \
             = help: stop the other one, or give each process a directory of its own in `gateway.state`\n",
            state.display()
        )),
        "{error}"
    );
    assert_eq!(first.send("GET", "/ready", &[], "").status, 200, "the first serves on");
    drop(first);
    let third = Program::start(folder.path(), &[]);
    assert_eq!(third.send("GET", "/ready", &[], "").status, 200, "a killed one leaves no lock");
}

#[test]
fn grades_that_wait_or_failed_for_good_are_listed_without_personal_data() {
    const NAMES: [&str; 4] = ["learner-expired", "learner-refused", "learner-kept", "learner-done"];
    let platform = Recorder::with(|request| {
        let learner = element(request, "sourcedId");
        let score = element(request, "textString");
        match (learner.as_str(), score.as_str()) {
            ("learner-done", "0.25") | ("learner-refused", "0.25") => {
                http("500 Oh", "text/plain", "Oh")
            }
            ("learner-done", _) => good(),
            ("learner-refused", _) => pox("failure", "No", ""),
            (learner, _) => {
                http("503 Oh", "text/plain", &format!("{learner} may\u{1b}[31m come later"))
            }
        }
        .into_bytes()
    });
    let stage = Stage::durable(platform, "");
    let tokens = NAMES.map(|name| stage.token_for(name));
    let expired = stage.keep(&tokens[0], "0.75");
    stage.server.set_now(NOW + 3 * 86_400);
    let kept = stage.keep(&tokens[2], "0.75");
    stage.becomes(&tokens[0], &expired, "expired");
    stage.deliver(&tokens[3], "0.5");
    refused(&stage.call("POST", &tokens[1], r#"{"score":0.5}"#), 502, "platform-refused");

    let folder = stage.folder.as_ref().expect("a durable state").path();
    write(folder, "tools.toml", &stage.tools);
    let listed = run(folder, &["grades"]);
    assert_eq!(listed.status.code(), Some(0), "{}", String::from_utf8_lossy(&listed.stderr));
    let text = String::from_utf8_lossy(&listed.stdout);
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(rows[0], ["ID", "TOOL", "ACCEPTED", "STATUS", "TRIES", "NEXT TRY", "PLATFORM"]);
    let words = "the platform failed with status 503: … may [31m come later";
    assert_eq!(rows[1], [&expired, "nb", "2023-11-14T22:13:20Z", "expired", "2", "-", words]);
    assert_eq!(
        rows[2],
        [&kept, "nb", "2023-11-17T22:13:20Z", "kept", "1", "2023-11-17T22:13:21Z", words]
    );
    let last = &rows[3];
    assert_eq!(
        last[1..],
        [
            "nb",
            "2023-11-17T22:13:20Z",
            "refused",
            "1",
            "-",
            "the platform refused with status 200: No"
        ]
    );
    assert_eq!(rows.len(), 4);
    for private in NAMES.iter().chain(&PRIVATE).chain(&["0.75", "0.5", "127.0.0.1", "\u{1b}"]) {
        assert!(!text.contains(private), "{private} in {text}");
    }
}
