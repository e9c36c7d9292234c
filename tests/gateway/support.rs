//! A real server on a free loopback port, a clock that the test sets, and an HTTP client that sends
//! exactly the given bytes.

mod assertion;
mod browser;
mod form;
mod grade_platform;
mod many_files;
mod platform;
#[cfg(target_os = "linux")]
mod process;
mod reply;
mod upstream;
mod wire;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use lti::{MemoryReplay, Secret};
use lti_gateway::cli::{ToolsWatch, load};
use lti_gateway::clock::Clock;
use lti_gateway::config::{
    Environment, Fault, Problem, RandomPlaceholders, Severity, StateLocation, print,
};
use lti_gateway::server::{Listener, Settings};
use lti_gateway::state::State;
use lti_gateway::web::{self, DevProcess, DevToken, Gateway};
use rocket::{Build, Rocket};
use tempfile::TempDir;

pub use assertion::{Assertion, verify};
pub use browser::{Browser, Cookie, Visit};
pub use form::{Form, Pairs};
pub use grade_platform::{GradePlatform, LINE_ITEMS, RESULTS, SCORE, reply, reply_with};
pub use many_files::many_files;
pub use platform::{
    Platform, Redirected, answer_form, changed, claims, claims_of, login, lti_claim, token,
    token_header, token_with,
};
#[cfg(target_os = "linux")]
pub use process::{listening_address, wait_until};
pub use reply::{Reply, status_of, unescaped};
pub use upstream::{Recorded, Recorder, Upstream};
pub use wire::{Head, Wire};

/// The time at the start of every test, in seconds since the epoch.
pub const NOW: u64 = 1_700_000_000;

/// The configuration of a test server.
pub struct Setup<'a> {
    pub tools: &'a str,
    /// Files below `templates/`: names and contents.
    pub templates: &'a [(&'a str, &'a str)],
    /// Files below `static/`: names and contents.
    pub statics: &'a [(&'a str, &'a str)],
    pub environment: &'a [(&'a str, &'a str)],
    pub development: bool,
    /// The token of `/dev`, as if the process had started with `dev_host`.
    pub dev_token: Option<&'a str>,
    /// The maximum number of nonces.
    pub replay: usize,
    /// The most log lines of rejected requests in a second of the clock, if not the gateway's own
    /// number. Most tests stop the clock.
    pub log_lines: Option<u32>,
    /// Whether the gateway reloads its files.
    pub reloads: bool,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self {
            tools: "",
            templates: &[("page.html.tera", "launched")],
            statics: &[],
            environment: &[],
            development: false,
            dev_token: None,
            replay: 10_000,
            log_lines: Some(u32::MAX),
            reloads: false,
        }
    }
}

/// A running gateway. Dropping the value stops it.
pub struct Server {
    pub address: SocketAddr,
    /// The URIs of its routes.
    pub routes: Vec<String>,
    time: Time,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    directory: TempDir,
}

/// The clock of a server, which the test moves.
#[derive(Clone)]
struct Time {
    now: Arc<AtomicU64>,
    running: Arc<AtomicU64>,
    failures: Arc<AtomicU64>,
}

impl Time {
    fn new() -> Self {
        Self {
            now: Arc::new(AtomicU64::new(NOW)),
            running: Arc::default(),
            failures: Arc::default(),
        }
    }

    fn clock(&self) -> Clock {
        let Self { now, running, failures } = self.clone();
        let failure = |left: u64| left.checked_sub(1);
        Clock::new(move || {
            let fails = failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, failure).is_ok();
            assert!(!fails, "the clock of this test fails");
            now.load(Ordering::SeqCst)
        })
        .with_running(move || running.load(Ordering::SeqCst))
    }
}

/// A gateway that listens nowhere yet.
pub struct Prepared {
    pub gateway: Gateway,
    pub statics: std::path::PathBuf,
    watch: Option<ToolsWatch>,
    time: Time,
    directory: TempDir,
}

impl Prepared {
    pub fn new(setup: &Setup<'_>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        write(directory.path(), "tools.toml", setup.tools);
        for (name, text) in setup.templates {
            write(&directory.path().join("templates"), name, text);
        }
        for (name, text) in setup.statics {
            write(&directory.path().join("static"), name, text);
        }
        let mut environment: Environment = setup
            .environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        if setup.dev_token.is_some() {
            environment.set_placeholders(random_placeholders());
        }
        let tools = directory.path().join("tools.toml");
        let watch = setup.reloads.then(|| {
            let environment = environment.clone();
            ToolsWatch::start(&tools, move || environment.clone(), setup.development, |_| {})
        });
        let loaded = load(&directory.path().join("tools.toml"), &environment, setup.development)
            .expect("a readable file");
        // The secrets of the protocol's test vectors are short. `serve` does not start with them
        // outside development (configuration/meaning.rs).
        let is_error = |problem: &Problem| {
            problem.severity() == Severity::Error
                && !matches!(problem.fault, Fault::ConsumerSecretTooShort(_))
        };
        let problems = &loaded.problems;
        assert!(!problems.iter().any(is_error), "{}", print("tools.toml", problems));

        let time = Time::new();
        let clock = time.clock();
        let mut state = State::open(&loaded.config.state, NOW).expect("a directory for the state");
        if loaded.config.state == StateLocation::Memory {
            state.replay = Box::new(MemoryReplay::new(setup.replay));
        }
        let gateway =
            Gateway::new(loaded.config, loaded.templates, clock, state).expect("certificates");
        let mut gateway = gateway.explaining(loaded.credentials);
        if let Some(token) = setup.dev_token {
            let token = DevToken::new(Secret::new(token), [7; 32]);
            gateway = gateway.developing(Arc::new(DevProcess::exposed(token)));
        }
        if let Some(lines) = setup.log_lines {
            gateway = gateway.logging(lines);
        }
        Self { gateway, statics: loaded.statics, watch, time, directory }
    }
}

/// The random placeholders of a process with `dev_host`. Tests need to know them.
pub const RANDOM_SECRET: &str = "random-of-this-start";

fn random_placeholders() -> RandomPlaceholders {
    RandomPlaceholders {
        gateway: Secret::new("random-of-this-start, with 32 characters"),
        tool: Secret::new(RANDOM_SECRET),
    }
}

/// The listener's settings: any free port, the timeout of the shipped `Rocket.toml`, and no grace.
pub fn settings() -> Settings {
    Settings {
        address: (Ipv4Addr::LOCALHOST, 0).into(),
        idle: Some(Duration::from_secs(95)),
        grace: Duration::ZERO,
        mercy: Duration::from_secs(5),
    }
}

/// Rocket's settings for a test.
pub fn figment(port: u16) -> rocket::figment::Figment {
    rocket::Config::figment()
        .merge(("log_level", "off"))
        .merge(("ident", false))
        .merge(("port", port))
}

impl Server {
    pub fn start(setup: &Setup<'_>) -> Self {
        Self::start_with(setup, |rocket| rocket)
    }

    /// The same, with a Rocket that the test alters.
    pub fn start_with(
        setup: &Setup<'_>,
        alter: impl FnOnce(Rocket<Build>) -> Rocket<Build>,
    ) -> Self {
        capture_log();
        let Prepared { gateway, statics, watch, time, directory } = Prepared::new(setup);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime.block_on(Listener::bind(settings())).expect("a port");
        let address = listener.address().expect("an address");
        let rocket = web::rocket(figment(address.port()), gateway, &statics);
        let rocket = alter(match watch {
            Some(watch) => web::reloading(rocket, watch),
            None => rocket,
        });
        let routes = rocket.routes().map(|route| route.uri.to_string()).collect();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let stop = async { drop(stopped.await) };
            runtime.block_on(listener.serve(rocket, stop)).expect("Rocket launches");
        });
        Self { address, routes, time, stop: Some(stop), thread: Some(thread), directory }
    }

    /// Writes a file beside its tools file.
    pub fn write(&self, name: &str, text: &str) {
        write(self.directory.path(), name, text);
    }

    /// The path of a file beside its tools file.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// Moves the server's clock.
    pub fn set_now(&self, now: u64) {
        self.time.now.store(now, Ordering::SeqCst);
    }

    /// Moves the server's running time.
    pub fn set_running(&self, running: u64) {
        self.time.running.store(running, Ordering::SeqCst);
    }

    /// The number of next reads of the server's clock that panic.
    pub fn clock_failures(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.time.failures)
    }

    /// Posts a form as a browser would.
    pub fn post(&self, target: &str, form: &str) -> Reply {
        self.post_with(target, form, &[])
    }

    /// Posts a form with further headers.
    pub fn post_with(&self, target: &str, form: &str, headers: &[(&str, &str)]) -> Reply {
        let mut all =
            vec![("Host", "tool.example"), ("Content-Type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.send("POST", target, &all, form.as_bytes())
    }

    pub fn get(&self, target: &str) -> Reply {
        self.send("GET", target, &[("Host", "tool.example")], b"")
    }

    /// Sends a request with exactly these headers, and a `Content-Length`.
    pub fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut request = format!("{method} {target} HTTP/1.1\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || method == "POST" {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("Connection: close\r\n\r\n");
        let mut bytes = request.into_bytes();
        bytes.extend_from_slice(body);
        self.raw(&bytes)
    }

    /// Sends bytes and reads the response. It is no error if the server stops reading early.
    pub fn raw(&self, bytes: &[u8]) -> Reply {
        let mut wire = self.connect();
        let _ = wire.offer(bytes);
        let method = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
        Reply::read(&mut wire, &String::from_utf8_lossy(method))
    }

    /// Opens a connection.
    pub fn connect(&self) -> Wire {
        Wire::connect(self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The lines of the log that contain `text`, of all servers of this test program.
pub fn log_lines(text: &str) -> Vec<String> {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&log)
        .lines()
        .filter(|line| line.contains(text))
        .map(str::to_owned)
        .collect()
}

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn capture_log() {
    static CAPTURED: LazyLock<()> =
        LazyLock::new(|| tracing_subscriber::fmt().with_ansi(false).with_writer(|| Log).init());
    LazyLock::force(&CAPTURED);
}

/// Writes a file below a directory. Creates its parent directories.
pub fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(path, text).expect("a file");
}
