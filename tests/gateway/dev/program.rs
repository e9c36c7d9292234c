//! The built program with `dev_host`: its start, and what it prints.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use super::Form;
use crate::support::{Reply, Wire, write};

const HOST: &str = "name-5000.app.github.dev";
/// The timeout of a line that the program has to print.
const TIMEOUT: Duration = Duration::from_secs(60);

const TOOLS: &str = r#"
[tools.page]
key = "page-key"
secret = { env = "PAGE_SECRET" }
template = "page"
"#;

const WITH_HOST: [(&str, &str); 1] = [("LTI_GATEWAY_DEV_HOST", "https://name-5000.app.github.dev")];

/// The program. It is killed when the value is dropped.
struct Program {
    child: Child,
    address: SocketAddr,
    /// Standard error, up to and with the last line of the start.
    start: Vec<String>,
    log: Receiver<String>,
    _directory: tempfile::TempDir,
}

fn command(directory: &std::path::Path, environment: &[(&str, &str)]) -> Command {
    write(directory, "tools.toml", TOOLS);
    write(directory, "templates/page.html.tera", "launched");
    // The address of production.
    write(directory, "Rocket.toml", "[default]\naddress = \"0.0.0.0\"\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lti-gateway"));
    command.current_dir(directory).env_clear().envs(environment.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn lines(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let all = BufReader::new(pipe).lines();
        all.map_while(Result::ok).for_each(|line| drop(sender.send(line)));
    });
    lines
}

impl Program {
    #[track_caller]
    fn start(environment: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut command = command(directory.path(), environment);
        let mut child = command.env("PORT", "0").spawn().expect("the program starts");
        let log = lines(child.stdout.take().expect("a pipe"));
        let errors = lines(child.stderr.take().expect("a pipe"));
        let first = log.recv_timeout(TIMEOUT).expect("a line of the log");
        let address = first.split_once("on http://").and_then(|(_, rest)| rest.split(' ').next());
        let address = address.and_then(|address| address.parse().ok()).expect("its address");
        let mut start = Vec::new();
        while !start.last().is_some_and(|line: &String| line.starts_with("  production  ")) {
            start.push(errors.recv_timeout(TIMEOUT).expect("a line of the start"));
        }
        Self { child, address, start, log, _directory: directory }
    }

    /// The text after a label of the block.
    #[track_caller]
    fn line(&self, label: &str) -> &str {
        let labelled = |line: &'_ String| Some(line.trim().strip_prefix(label)?.starts_with("  "));
        let found: Vec<&String> =
            self.start.iter().filter(|line| labelled(line) == Some(true)).collect();
        let [line] = found[..] else { panic!("{label}: {:?}", self.start) };
        line.trim()[label.len()..].trim()
    }

    /// The token that it printed.
    #[track_caller]
    fn token(&self) -> String {
        let token = self.line("token").strip_suffix("  (`/dev` asks for it)").expect("a token");
        assert_eq!(token.len(), 24);
        token.to_owned()
    }

    fn send(&self, method: &str, target: &str, headers: &str, body: &str) -> Reply {
        let mut wire = Wire::connect((std::net::Ipv4Addr::LOCALHOST, self.address.port()).into());
        wire.send(format!(
            "{method} {target} HTTP/1.1\r\nHost: {HOST}\r\n{headers}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        ));
        Reply::read(&mut wire, method)
    }

    /// A form that `/dev` signs.
    #[track_caller]
    fn signed(&self, cookie: &str) -> Form {
        let headers = format!("Cookie: {cookie}\r\n");
        let page = self.send("GET", "/dev/launch?tool=page", &headers, "");
        assert_eq!(page.status, 200, "{page:?}");
        let [form] = Form::all(&page.body).try_into().ok().expect("one form");
        form
    }

    #[track_caller]
    fn cookie(&self, token: &str) -> String {
        let reply = self.send("POST", "/dev/token", "", &format!("token={token}"));
        assert_eq!(reply.status, 303, "{reply:?}");
        let cookie = reply.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        cookie.expect("a cookie").to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_start_states_the_bind_address_and_the_token() {
    let program = Program::start(&WITH_HOST);
    let (address, token) = (program.address, program.token());
    assert!(address.ip().is_loopback(), "Rocket.toml is for production: {address}");
    let expected = [
        format!("lti-gateway in development: 1 tool on https://{HOST}"),
        format!("  practice    https://{HOST}/dev"),
        format!("  token       {token}  (`/dev` asks for it)"),
        format!(
            "  listens on  {address}: only this machine can connect; in a container, set \
             ROCKET_ADDRESS=0.0.0.0"
        ),
        "  secrets     random until the gateway stops for PAGE_SECRET and `gateway.secret`; \
         `/dev` signs with no other"
            .to_owned(),
        "  production  `lti-gateway check --production` lists what is missing".to_owned(),
    ];
    assert_eq!(program.start, expected);
    assert!(!program.start.iter().any(|line| line.contains("development-secret")));
}

#[test]
fn a_container_sets_the_address() {
    let with_address = [WITH_HOST[0], ("ROCKET_ADDRESS", "0.0.0.0")];
    let program = Program::start(&with_address);
    assert!(program.address.ip().is_unspecified(), "{}", program.address);
    assert_eq!(
        program.line("listens on"),
        format!(
            "{}: others can connect, at every network interface of this machine",
            program.address
        )
    );
    let cookie = program.cookie(&program.token());
    let form = program.signed(&cookie);
    assert_eq!(program.send("POST", "/lti/page", "", &form.pairs.body()).status, 200);
    // Without `dev_host`, no setting makes development reachable.
    let program = Program::start(&[("ROCKET_ADDRESS", "0.0.0.0")]);
    assert!(program.address.ip().is_loopback(), "{}", program.address);
    assert!(!program.start.iter().any(|line| line.contains("token")), "{:?}", program.start);
}

#[test]
fn each_start_has_another_token_and_other_random_secrets() {
    let (one, other) = (Program::start(&WITH_HOST), Program::start(&WITH_HOST));
    let (token, other_token) = (one.token(), other.token());
    assert_ne!(token, other_token);
    let wrong = other.send("POST", "/dev/token", "", &format!("token={token}"));
    assert_eq!((wrong.status, wrong.all("set-cookie").len()), (401, 0));
    let (cookie, other_cookie) = (one.cookie(&token), other.cookie(&other_token));
    let headers = format!("Cookie: {cookie}\r\n");
    assert_eq!(other.send("GET", "/dev", &headers, "").status, 401);
    // A form of one start is invalid at the other.
    let (form, other_form) = (one.signed(&cookie), other.signed(&other_cookie));
    assert_eq!(other.send("POST", "/lti/page", "", &form.pairs.body()).status, 401);
    assert_eq!(one.send("POST", "/lti/page", "", &form.pairs.body()).status, 200);
    assert_eq!(other.send("POST", "/lti/page", "", &other_form.pairs.body()).status, 200);
    // So are the keys that `gateway.secret` gives.
    let keys = |program: &Program| program.send("GET", "/.well-known/jwks.json", "", "").body;
    assert_ne!(keys(&one), keys(&other));
}

#[test]
fn the_log_contains_no_token() {
    let program = Program::start(&WITH_HOST);
    let token = program.token();
    program.cookie(&token);
    assert_eq!(program.send("POST", "/dev/token", "", "token=guess-of-the-token").status, 401);
    assert_eq!(program.send("GET", &format!("/dev?token={token}"), "", "").status, 401);
    let id = program.child.id().to_string();
    let kill = Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
    assert!(kill.success());
    let mut log = Vec::new();
    while let Ok(line) = program.log.recv_timeout(TIMEOUT) {
        log.push(line);
    }
    assert!(log.iter().any(|line| line.contains("code=\"wrong-token\"")), "{log:?}");
    for text in [token.as_str(), "guess-of-the-token"] {
        assert!(!log.iter().any(|line| line.contains(text)), "{log:?}");
    }
}

/// Runs a command to its end.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let run = command(directory.path(), environment).args(arguments).output();
    let Output { status, stdout, stderr } = run.expect("the program runs");
    let both = [stdout, stderr].concat();
    (status.code(), String::from_utf8(both).expect("UTF-8"))
}

#[test]
fn dev_host_is_refused_on_heroku() {
    let on_heroku = [WITH_HOST[0], ("DYNO", "web.1"), ("PAGE_SECRET", "of twenty-two characters")];
    let (code, text) = run(&[], &on_heroku);
    assert_eq!(code, Some(1));
    assert!(text.starts_with("error: development (--dev or a debug build) does not run on Heroku"));
    // A production build, too.
    let (code, text) = run(&["check", "--production"], &on_heroku);
    assert_eq!(code, Some(1));
    assert!(
        text.contains(
            "error: `dev_host` is for development, and DYNO is set: this is Heroku\n \
             --> environment variable LTI_GATEWAY_DEV_HOST"
        ),
        "{text}"
    );
}

#[test]
fn other_commands_know_no_random_secret() {
    let expected = "error: a secret of \"page\" is not set, and a gateway with `dev_host` replaces \
                    it by a random one\n  \
                    = help: launch at /dev, or set the variable for the gateway and for this \
                    command\n";
    for arguments in [
        &["launch", "page"][..],
        &["launch", "page", "--print", "curl"],
        &["launch", "page", "--url", "http://localhost:5000"],
    ] {
        assert_eq!(run(arguments, &WITH_HOST), (Some(2), expected.to_owned()), "{arguments:?}");
    }
    let with_secret = [WITH_HOST[0], ("PAGE_SECRET", "of twenty-two characters")];
    let (code, text) = run(&["launch", "page", "--print", "curl"], &with_secret);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(&format!("curl --include 'https://{HOST}/lti/page'")), "{text}");
}
