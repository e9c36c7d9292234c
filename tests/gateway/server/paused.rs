//! A gateway, its clients and its upstream in one runtime with a paused clock.
//!
//! A paused clock of Tokio advances by itself while every task waits, also while a task waits for a
//! socket. A timeout could then end before bytes arrive that are already on their way. A blocking
//! task prevents that: Tokio's clock stops while one runs. Only [`Paused::advance`] moves the time.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use lti_gateway::server::Listener;
use lti_gateway::web;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::support::{Form, Head, Prepared, Setup, figment, settings, status_of};

use super::{FORM_TYPE, tools};

/// The time before and after a timeout at which a test looks.
const MARGIN: Duration = Duration::from_millis(50);
/// The longest real duration of a test. Afterwards the clock runs again, and every wait ends.
const STUCK: Duration = Duration::from_secs(60);

/// A gateway with the tools of [`tools`], its log and its upstream.
pub(super) struct Paused {
    address: SocketAddr,
    upstream: TcpListener,
    log: Log,
}

/// One end of a connection.
pub(super) struct Peer {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// A response.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: Head,
    pub(super) body: String,
    pub(super) is_complete: bool,
}

/// The session of a launch.
pub(super) struct Session {
    pub(super) cookie: String,
    pub(super) prefix: String,
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a test against a gateway.
pub(super) fn run(test: impl AsyncFnOnce(&Paused)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let log = Log::default();
    let writer = log.clone();
    // The gateway runs in this thread, so that this log has only its lines.
    let _log = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish()
        .set_default();
    runtime.block_on(async {
        let (over, is_over) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || is_over.recv_timeout(STUCK));
        let upstream = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let url = format!("http://{}", upstream.local_addr().expect("an address"));
        let tools = tools("https://tool.example", &url);
        let prepared = Prepared::new(&Setup { tools: &tools, ..Setup::default() });
        let listener = Listener::bind(settings()).await.expect("a port");
        let address = listener.address().expect("an address");
        let rocket = web::rocket(figment(address.port()), prepared.gateway, &prepared.statics);
        let server = tokio::spawn(listener.serve(rocket, std::future::pending()));
        let gateway = Paused { address, upstream, log };
        gateway.settle().await;
        test(&gateway).await;
        server.abort();
        drop(over);
    });
}

impl Paused {
    pub(super) async fn connect(&self) -> Peer {
        Peer::new(TcpStream::connect(self.address).await.expect("a connection"))
    }

    /// A connection that has sent these bytes.
    pub(super) async fn sent(&self, bytes: impl AsRef<[u8]>) -> Peer {
        let mut peer = self.connect().await;
        peer.send(bytes).await;
        // The gateway has read the bytes before the clock moves.
        self.settle().await;
        peer
    }

    /// Lets every task run that can: a whole request passes through the gateway.
    pub(super) async fn settle(&self) {
        for _ in 0..2 {
            let mut probe = self.connect().await;
            probe.send("GET /is_up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
            assert_eq!(probe.answer("GET").await.status, 200);
            assert_eq!(probe.rest().await, b"");
        }
    }

    pub(super) async fn advance(&self, duration: Duration) {
        tokio::time::advance(duration).await;
        self.settle().await;
    }

    /// Advances to just before the end of a timeout, where `peer` must still be open and without
    /// bytes; then to just after it.
    pub(super) async fn expire(&self, limit: Duration, peer: &mut Peer) {
        self.advance(limit - MARGIN).await;
        assert!(peer.is_silent(), "not before {limit:?}");
        self.advance(2 * MARGIN).await;
    }

    /// The next request at the upstream.
    pub(super) async fn request(&self) -> (Peer, Head) {
        let mut app = Peer::new(within(self.upstream.accept()).await.expect("a connection").0);
        let head = app.head().await.expect("a request");
        (app, head)
    }

    /// Whether no further connection has reached the upstream.
    pub(super) async fn upstream_saw_nothing(&self) -> bool {
        self.settle().await;
        let address = self.upstream.local_addr().expect("an address");
        let probe = TcpStream::connect(address).await.expect("a connection");
        let first = within(self.upstream.accept()).await.expect("at least this connection");
        Some(first.1) == probe.local_addr().ok()
    }

    /// Opens a session of `nb`.
    pub(super) async fn session(&self) -> Session {
        let form = Form { url: "https://tool.example/lti/nb", ..Form::default() }.sign();
        let mut peer = self.connect().await;
        peer.send(post("/lti/nb", &form)).await;
        let answer = peer.answer("POST").await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let cookies = answer.head.all("set-cookie");
        let cookie = cookies.iter().find(|cookie| cookie.starts_with("__Secure-lti="));
        let (cookie, rest) =
            cookie.and_then(|cookie| cookie.split_once("; Path=")).expect("a session");
        let prefix = rest.split(';').next().expect("a path").trim_end_matches('/');
        Session { cookie: cookie.to_owned(), prefix: prefix.to_owned() }
    }

    /// The lines of the gateway's log that contain `text`.
    pub(super) fn log(&self, text: &str) -> Vec<String> {
        let log = self.log.0.lock().unwrap_or_else(PoisonError::into_inner);
        let log = String::from_utf8_lossy(&log);
        log.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }

    /// Asserts that the log has exactly one refusal, with this code and nothing of these strings.
    #[track_caller]
    pub(super) fn logged_once(&self, code: &str, private: &[&str]) {
        let lines: Vec<String> =
            self.log("code=").into_iter().filter(|line| !line.contains("code=\"-\"")).collect();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(&format!("code=\"{code}\"")), "not {code}: {lines:?}");
        for private in private {
            assert_eq!(self.log(private), [""; 0], "{private}");
        }
    }
}

impl Session {
    /// A request head of the session, with further lines.
    pub(super) fn request(&self, method: &str, rest: &str, lines: &str) -> String {
        let Self { cookie, prefix } = self;
        format!(
            "{method} {prefix}{rest} HTTP/1.1\r\nHost: tool.example\r\nCookie: {cookie}\r\n\
                {lines}\r\n"
        )
    }
}

/// A request with a form.
pub(super) fn post(target: &str, form: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: tool.example\r\n{FORM_TYPE}Content-Length: {}\r\n\r\n\
            {form}",
        form.len()
    )
}

/// The result of a wait. Its timeout passes only if the test is stuck.
pub(super) async fn within<T>(wait: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(1_000_000), wait).await.expect("the test is not stuck")
}

impl Peer {
    fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("no delay");
        Self { stream, unread: Vec::new() }
    }

    /// Sends bytes that the other side reads.
    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.offer(bytes).await.expect("the other side reads");
    }

    /// Sends bytes. The other side may refuse them.
    pub(super) async fn offer(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        within(self.stream.write_all(bytes.as_ref())).await
    }

    /// The next head. `None` if the other side closed before it began.
    pub(super) async fn head(&mut self) -> Option<Head> {
        let mark = b"\r\n\r\n";
        loop {
            let found = self.unread.windows(mark.len()).position(|window| window == mark);
            if let Some(at) = found {
                let rest = self.unread.split_off(at + mark.len());
                return Some(Head { raw: std::mem::replace(&mut self.unread, rest) });
            }
            if !self.fill().await {
                assert_eq!(String::from_utf8_lossy(&self.unread), "", "half a head");
                return None;
            }
        }
    }

    /// The response to a request with this method, with its body. It is no interim response.
    pub(super) async fn answer(&mut self, method: &str) -> Answer {
        let head = self.head().await.expect("a response");
        let status = status_of(&head);
        let has_body = method != "HEAD" && !matches!(status, 101 | 204 | 304);
        let (body, is_complete) = if has_body { self.body(&head).await } else { (vec![], true) };
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status, head, body, is_complete }
    }

    /// The body after a head, and whether it arrived completely.
    pub(super) async fn body(&mut self, head: &Head) -> (Vec<u8>, bool) {
        let Some(length) = head.header("content-length") else {
            assert_eq!(head.header("transfer-encoding").as_deref(), Some("chunked"));
            let mut body = Vec::new();
            loop {
                match self.chunk().await {
                    None => return (body, false),
                    Some(chunk) if chunk.is_empty() => return (body, true),
                    Some(chunk) => body.extend(chunk),
                }
            }
        };
        let length: usize = length.parse().expect("a number");
        let body = self.at_most(length).await;
        let is_complete = body.len() == length;
        (body, is_complete)
    }

    /// The next chunk. The last one is empty; `None` means that the body is truncated.
    pub(super) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let end = loop {
            match self.unread.windows(2).position(|window| window == b"\r\n") {
                Some(end) => break end,
                None if self.fill().await => {}
                None => return None,
            }
        };
        let line = self.at_most(end + 2).await;
        let size = std::str::from_utf8(&line[..end]).expect("ASCII");
        let size = usize::from_str_radix(size, 16).expect("a size");
        let mut chunk = self.at_most(size + 2).await;
        (chunk.len() == size + 2).then(|| {
            chunk.truncate(size);
            chunk
        })
    }

    /// This many bytes, or fewer if the other side closed.
    pub(super) async fn at_most(&mut self, count: usize) -> Vec<u8> {
        while self.unread.len() < count && self.fill().await {}
        let rest = self.unread.split_off(count.min(self.unread.len()));
        std::mem::replace(&mut self.unread, rest)
    }

    /// All bytes until the other side closes or resets the connection.
    pub(super) async fn rest(&mut self) -> Vec<u8> {
        while self.fill().await {}
        std::mem::take(&mut self.unread)
    }

    /// Whether the connection is open, and no byte is waiting.
    pub(super) fn is_silent(&self) -> bool {
        let read = self.stream.try_read(&mut [0; 1]);
        self.unread.is_empty() && read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Both sides of the connection, to send while the other one reads.
    pub(super) fn split(self) -> (tokio::net::tcp::OwnedWriteHalf, Reader) {
        let (read, write) = self.stream.into_split();
        (write, Reader(read))
    }

    async fn fill(&mut self) -> bool {
        let read = within(self.stream.read_buf(&mut self.unread)).await;
        read.is_ok_and(|count| count > 0)
    }
}

/// The reading side of a connection.
pub(super) struct Reader(tokio::net::tcp::OwnedReadHalf);

impl Reader {
    /// The status and the text of everything up to the end of the connection.
    pub(super) async fn rest(mut self) -> String {
        let mut bytes = Vec::new();
        let _ = within(self.0.read_to_end(&mut bytes)).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
