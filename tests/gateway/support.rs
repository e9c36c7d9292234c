//! A real server on a free port of this machine, a clock that the test sets, and an HTTP client that sends what
//! it is told, byte by byte.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, mpsc};
use std::time::Duration;

use lti::oauth1::base_string::{base_string, base_uri};
use lti::oauth1::encode::encode;
use lti::oauth1::{Params, SignatureMethod, SigningKey, Source};
use lti::v1p1::{Credentials, sign};
use lti::{MemoryReplay, Secret};
use lti_gateway::cli::load;
use lti_gateway::config::{Environment, print};
use lti_gateway::web::{self, Clock, Gateway};
use rocket::fairing::AdHoc;
use tempfile::TempDir;

/// The time at which every test begins.
pub const NOW: u64 = 1_700_000_000;

/// What a server is made of.
pub struct Setup<'a> {
    pub tools: &'a str,
    /// Names below `templates/` and their texts.
    pub templates: &'a [(&'a str, &'a str)],
    /// Names below `static/` and their texts.
    pub statics: &'a [(&'a str, &'a str)],
    pub environment: &'a [(&'a str, &'a str)],
    pub development: bool,
    /// The most nonces in all, and of one consumer.
    pub replay: (usize, usize),
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self {
            tools: "",
            templates: &[("page.html.tera", "launched")],
            statics: &[],
            environment: &[],
            development: false,
            replay: (1000, 1000),
        }
    }
}

/// A running gateway. It ends with the value.
pub struct Server {
    pub address: SocketAddr,
    now: Arc<AtomicU64>,
    shutdown: rocket::Shutdown,
    thread: Option<std::thread::JoinHandle<()>>,
    _folder: TempDir,
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Server {
    pub fn start(setup: &Setup<'_>) -> Self {
        capture_log();
        let folder = tempfile::tempdir().expect("a temporary folder");
        write(folder.path(), "tools.toml", setup.tools);
        for (name, text) in setup.templates {
            write(&folder.path().join("templates"), name, text);
        }
        for (name, text) in setup.statics {
            write(&folder.path().join("static"), name, text);
        }
        let environment: Environment =
            setup.environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let loaded = load(&folder.path().join("tools.toml"), &environment, setup.development)
            .expect("a readable file");
        assert!(loaded.is_sound(), "{}", print("tools.toml", &loaded.problems));

        let now = Arc::new(AtomicU64::new(NOW));
        let clock = Arc::clone(&now);
        let clock = Clock::new(move || clock.load(Ordering::SeqCst));
        let replay = MemoryReplay::new(setup.replay.0, setup.replay.1);
        let gateway =
            Gateway::with_replay(loaded.config, loaded.templates, clock, replay).expect("certificates");
        let figment = rocket::Config::figment()
            .merge(("address", "127.0.0.1"))
            .merge(("port", 0))
            .merge(("workers", 2))
            .merge(("log_level", "off"))
            .merge(("ident", false))
            .merge(("shutdown.ctrlc", false))
            .merge(("shutdown.grace", 0))
            .merge(("shutdown.mercy", 0));
        let (ready, started) = mpsc::channel();
        let liftoff = AdHoc::on_liftoff("ready", move |rocket| {
            Box::pin(async move {
                let _ = ready.send((rocket.config().port, rocket.shutdown()));
            })
        });
        let rocket = web::rocket(figment, gateway, &loaded.statics).attach(liftoff);
        let thread = std::thread::spawn(move || {
            if let Err(error) = rocket::execute(rocket.launch()) {
                // A stop that cuts connections off is an error for Rocket and none for us.
                let _ = error.kind();
            }
        });
        let (port, shutdown) = started.recv_timeout(Duration::from_secs(30)).expect("the server starts");
        let address = (Ipv4Addr::LOCALHOST, port).into();
        Self { address, now, shutdown, thread: Some(thread), _folder: folder }
    }

    /// Moves the server's clock.
    pub fn set_now(&self, now: u64) {
        self.now.store(now, Ordering::SeqCst);
    }

    /// Posts a form as a browser would.
    pub fn post(&self, target: &str, form: &str) -> Reply {
        self.post_with(target, form, &[])
    }

    /// Posts a form with further headers.
    pub fn post_with(&self, target: &str, form: &str, headers: &[(&str, &str)]) -> Reply {
        let mut all = vec![("Host", "tool.example"), ("Content-Type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.send("POST", target, &all, form.as_bytes())
    }

    pub fn get(&self, target: &str) -> Reply {
        self.send("GET", target, &[("Host", "tool.example")], b"")
    }

    /// Sends a request with exactly these headers, and the body's length.
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

    /// Sends bytes and reads until the server closes. What the server no longer wanted to read is not an error.
    pub fn raw(&self, bytes: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Reply::parse(&answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.clone().notify();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Reply {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
        Self {
            status: status.parse().expect("a status"),
            headers: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: String::from_utf8_lossy(&bytes[end + 4..]).into_owned(),
        }
    }

    /// The values of a header, whose name is given in lower case.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a header that is there at most once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() <= 1, "{name} is there {} times", all.len());
        all.first().copied()
    }

    /// The `name=value` of the cookie that was set.
    pub fn cookie(&self) -> Option<&str> {
        self.header("set-cookie").and_then(|cookie| cookie.split(';').next())
    }

    /// The reference that a refusal page shows.
    pub fn reference(&self) -> Option<&str> {
        let (_, rest) = self.body.split_once("the reference <code>")?;
        rest.split_once("</code>").map(|(reference, _)| reference)
    }

    /// Where the link on a refusal page leads.
    pub fn link(&self) -> Option<String> {
        let (_, rest) = self.body.split_once("<a class=\"button\" href=\"")?;
        rest.split_once('"').map(|(href, _)| unescaped(href))
    }
}

/// The text behind escaped HTML.
pub fn unescaped(html: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&#x2F;", "/"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(html.to_owned(), |text, (escape, letter)| text.replace(escape, letter))
}

/// A launch to be signed. The defaults are the vectors' `key-1` and `s3cret`.
#[derive(Clone)]
pub struct Form<'a> {
    pub url: &'a str,
    pub params: Vec<(&'a str, &'a str)>,
    pub key: &'a str,
    pub secret: &'a str,
    pub method: SignatureMethod,
    pub timestamp: u64,
    pub nonce: &'a str,
}

impl Default for Form<'_> {
    fn default() -> Self {
        Self {
            url: "https://tool.example/lti/a",
            params: vec![
                ("lti_message_type", "basic-lti-launch-request"),
                ("lti_version", "LTI-1p0"),
                ("resource_link_id", "rl-1"),
            ],
            key: "key-1",
            secret: "s3cret",
            method: SignatureMethod::HmacSha1,
            timestamp: NOW,
            nonce: "nonce-0001",
        }
    }
}

impl<'a> Form<'a> {
    /// The same with further parameters.
    pub fn with(mut self, params: &[(&'a str, &'a str)]) -> Self {
        self.params.extend_from_slice(params);
        self
    }

    /// The same with another value of each of these parameters.
    pub fn but(mut self, changes: &[(&'a str, &'a str)]) -> Self {
        for (name, value) in changes {
            for param in self.params.iter_mut().filter(|param| param.0 == *name) {
                param.1 = value;
            }
        }
        self
    }

    /// The same without a parameter.
    pub fn without(mut self, name: &str) -> Self {
        self.params.retain(|param| param.0 != name);
        self
    }

    /// The signed body.
    pub fn sign(&self) -> String {
        let signing_key = SigningKey::new(&Secret::new(self.secret));
        let credentials = Credentials {
            key: self.key,
            signing_key: &signing_key,
            method: self.method,
            timestamp: self.timestamp,
            nonce: self.nonce,
        };
        sign(self.url, &self.params, &credentials).expect("a well-formed URL")
    }

    /// The body, altered and then signed as it is, the OAuth parameters among it: what no honest platform sends.
    pub fn altered(&self, alter: impl FnOnce(&mut Pairs)) -> String {
        let mut pairs = Pairs::read(&self.sign());
        pairs.remove("oauth_signature");
        alter(&mut pairs);
        let signature = self.signature("POST", &pairs);
        pairs.add("oauth_signature", &signature);
        pairs.body()
    }

    /// The signed body, altered on its way.
    pub fn tampered(&self, alter: impl FnOnce(&mut Pairs)) -> String {
        let mut pairs = Pairs::read(&self.sign());
        alter(&mut pairs);
        pairs.body()
    }

    /// The signature over exactly these pairs and the URL's query.
    pub fn signature(&self, http_method: &str, pairs: &Pairs) -> String {
        let (scheme, rest) = self.url.split_once("://").expect("an absolute URL");
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = address.split_at(address.find('/').expect("a path"));
        let signed = [(Source::Query, query), (Source::Body, &pairs.body())]
            .into_iter()
            .try_fold(Params::default(), |params, (source, form)| params.read_form(source, form.as_bytes()))
            .expect("well-formed pairs");
        let base = base_string(http_method, &base_uri(scheme, authority, path), signed.iter());
        SigningKey::new(&Secret::new(self.secret)).sign(self.method, &base)
    }
}

/// Names and values of a form, decoded and in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    pub fn read(form: &str) -> Self {
        let params = Params::default().read_form(Source::Body, form.as_bytes()).expect("a well-formed form");
        Self(params.iter().map(|param| (param.name.to_owned(), param.value.to_owned())).collect())
    }

    pub fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .expect("the parameter")
    }

    pub fn set(&mut self, name: &str, value: &str) {
        let mut known = self.0.iter_mut().filter(|(known, _)| known == name);
        known.next().expect("the parameter").1 = value.to_owned();
    }

    pub fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// The pairs as a form body.
    pub fn body(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// The lines of the log that contain `text`, of all servers of this test program.
pub fn log_lines(text: &str) -> Vec<String> {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&log).lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
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

pub fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(path, text).expect("a file");
}
