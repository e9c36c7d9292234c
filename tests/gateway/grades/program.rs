//! The program: a crash, the lock of its state directory, and the command `grades`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::{Upstream, Wire, write};

use super::*;

/// The host of the public URL.
const HOST: &str = "127.0.0.1:5000";

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lti-gateway"));
    command
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PORT", "0")
        .stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(super) fn run(directory: &Path, arguments: &[&str]) -> Output {
    command(directory, arguments).output().expect("the program runs")
}

/// A gateway in a separate process. Its drop kills the process.
pub(super) struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    /// Serves with the `tools.toml` of this directory.
    #[track_caller]
    pub(super) fn start(directory: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = command(directory, &["serve"]);
        command.envs(environment.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        let mut log = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        log.read_line(&mut line).expect("a line");
        let (_, rest) = line.split_once("on http://127.0.0.1:").expect("the address");
        let port: u16 = rest.split(' ').next().and_then(|port| port.parse().ok()).expect("a port");
        // Reads the rest of the log, so that the pipe never fills up.
        std::thread::spawn(move || log.read_to_end(&mut Vec::new()));
        Self { child, address: (Ipv4Addr::LOCALHOST, port).into() }
    }

    /// The same, with a full disk for standard output and standard error.
    #[track_caller]
    #[cfg(target_os = "linux")]
    fn start_with_full_log(directory: &Path) -> Self {
        let full = || std::fs::File::options().write(true).open("/dev/full").expect("a device");
        let mut command = command(directory, &["serve"]);
        let mut child = command.stdout(full()).stderr(full()).spawn().expect("the program starts");
        let address = crate::support::listening_address(&mut child);
        Self { child, address }
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

    /// Launches, follows the redirects, and returns the grade token that the upstream receives.
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

/// A directory with a `tools.toml` for this upstream, and the state.
pub(super) fn directory(upstream: &Recorder) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
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
    write(directory.path(), "tools.toml", &tools);
    directory
}

#[test]
fn after_a_crash_the_gateway_delivers_queued_grades() {
    let is_available = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_available);
    let platform = Recorder::with(move |_| match is_available.load(Ordering::SeqCst) {
        true => success().into_bytes(),
        false => http("503 Service Unavailable", "text/plain", "").into_bytes(),
    });
    let upstream = Recorder::start();
    let directory = directory(&upstream);
    let before = Program::start(directory.path(), &[]);
    let token = before.token(&upstream, &format!("{}{OUTCOME}", platform.origin()));
    let reply = before.call("POST", "/grades", &token, r#"{"score":0.10}"#);
    assert_eq!(reply.status, 202, "{reply:?}");
    let location = reply.header("location").expect("a location").to_owned();
    drop(before);

    switch.store(true, Ordering::SeqCst);
    let after = Program::start(directory.path(), &[]);
    let mut found = Value::Null;
    wait_for(|| {
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
#[cfg(target_os = "linux")]
fn a_full_disk_of_the_log_fails_no_grade() {
    let platform = Recorder::with(|_| success().into_bytes());
    let upstream = Recorder::start();
    let directory = directory(&upstream);
    let gateway = Program::start_with_full_log(directory.path());
    let token = gateway.token(&upstream, &format!("{}{OUTCOME}", platform.origin()));
    let reply = gateway.call("POST", "/grades", &token, r#"{"score":0.10}"#);
    assert_eq!((reply.status, &reply.json()["status"]), (200, &"delivered".into()), "{reply:?}");
    assert_eq!(element(&platform.next(), "textString"), "0.10");
    assert_eq!(gateway.call("GET", "/grades/none", &token, "").status, 404);
    assert_eq!(gateway.call("GET", "/grades/none", "no-token", "").status, 401);
}

#[test]
fn a_grade_that_a_crash_interrupted_is_sent_again() {
    let platform = Upstream::start();
    let upstream = Recorder::start();
    let directory = directory(&upstream);
    let before = Program::start(directory.path(), &[]);
    let token = before.token(&upstream, &format!("{}{OUTCOME}", platform.origin()));
    let mut caller = Wire::connect(before.address);
    caller.send(format!(
        "POST /grades HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: 14\r\n\r\n{{\"score\":0.10}}"
    ));
    let (mut silent, head) = platform.request();
    let first = Recorded { body: silent.body(&head).bytes, head };
    drop(before);
    assert!(caller.is_over(), "the caller got no response");

    let after = Program::start(directory.path(), &[]);
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
    wire.send(success());
    let queued = || {
        let file = rusqlite::Connection::open(directory.path().join("state/grades.sqlite"))
            .expect("the file");
        file.query_row("SELECT COUNT(*) FROM kept", [], |row| row.get::<_, u64>(0))
            .expect("a number")
    };
    wait_for(|| queued() == 0);
    assert!(platform.saw_nothing(), "no other request");
    assert_eq!(after.send("GET", "/ready", &[], "").status, 200);
    let listed = run(directory.path(), &["grades"]);
    assert!(
        String::from_utf8_lossy(&listed.stdout)
            .starts_with("no queued grades and no dead letters in "),
        "{listed:?}"
    );
}

#[test]
fn a_second_gateway_cannot_use_the_directory() {
    let upstream = Recorder::start();
    let directory = directory(&upstream);
    let first = Program::start(directory.path(), &[]);
    let second = run(directory.path(), &["serve"]);
    assert_eq!(second.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&second.stdout), "");
    let error = String::from_utf8_lossy(&second.stderr);
    let state = directory.path().canonicalize().expect("a path").join("state");
    assert!(
        error.ends_with(&format!(
            "error: another gateway uses the directory {}\n  \
             = help: stop the other gateway, or name another directory in `gateway.state`\n",
            state.display()
        )),
        "{error}"
    );
    assert_eq!(first.send("GET", "/ready", &[], "").status, 200, "the first one still serves");
    drop(first);
    let third = Program::start(directory.path(), &[]);
    assert_eq!(third.send("GET", "/ready", &[], "").status, 200, "a killed process leaves no lock");
}

#[test]
fn queued_grades_and_dead_letters_are_listed_without_personal_data() {
    const NAMES: [&str; 4] = ["learner-expired", "learner-refused", "learner-kept", "learner-done"];
    let platform = Recorder::with(|request| {
        let learner = element(request, "sourcedId");
        let score = element(request, "textString");
        match (learner.as_str(), score.as_str()) {
            ("learner-done", "0.25") | ("learner-refused", "0.25") => {
                http("500 Oh", "text/plain", "Oh")
            }
            ("learner-done", _) => success(),
            ("learner-refused", _) => pox("failure", "No", ""),
            (learner, _) => {
                http("503 Oh", "text/plain", &format!("{learner} may\u{1b}[31m come later"))
            }
        }
        .into_bytes()
    });
    let stage = Stage::durable(platform, "");
    let tokens = NAMES.map(|name| stage.token_for(name));
    let expired = stage.queue(&tokens[0], "0.75");
    stage.server.set_now(NOW + 3 * 86_400);
    let kept = stage.queue(&tokens[2], "0.75");
    stage.wait_for_status(&tokens[0], &expired, "expired");
    stage.deliver(&tokens[3], "0.5");
    refused(&stage.call("POST", &tokens[1], r#"{"score":0.5}"#), 502, "platform-refused");

    let directory = stage.directory.as_ref().expect("a durable state").path();
    write(directory, "tools.toml", &stage.tools);
    let listed = run(directory, &["grades"]);
    assert_eq!(listed.status.code(), Some(0), "{}", String::from_utf8_lossy(&listed.stderr));
    let text = String::from_utf8_lossy(&listed.stdout);
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(rows[0], ["ID", "TOOL", "ACCEPTED", "STATUS", "TRIES", "NEXT TRY", "PLATFORM"]);
    let message = "the platform failed with status 503: … may [31m come later";
    assert_eq!(rows[1], [&expired, "nb", "2023-11-14T22:13:20Z", "expired", "2", "-", message]);
    assert_eq!(
        rows[2],
        [&kept, "nb", "2023-11-17T22:13:20Z", "kept", "1", "2023-11-17T22:13:21Z", message]
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
