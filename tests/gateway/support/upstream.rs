//! Web apps behind the gateway: [`Upstream`], where the test makes every move, and [`Recorder`],
//! which responds by itself and records its requests.

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::wire::{Head, Wire};

/// The timeout for a request of the gateway. No test measures with it.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A listening socket. Dropping the value closes it.
struct Listener {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Passes every connection to `take`.
    fn start(take: impl Fn(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                take(stream);
            }
        });
        Self { address, over, thread: Some(thread) }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let woken = TcpStream::connect(self.address).is_ok();
        if let (true, Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

/// A web app that does nothing by itself: the test accepts, reads, responds, waits and closes.
pub struct Upstream {
    listener: Listener,
    connections: Receiver<TcpStream>,
}

impl Upstream {
    pub fn start() -> Self {
        let (sender, connections) = mpsc::channel();
        let listener = Listener::start(move |stream| {
            let _ = sender.send(stream);
        });
        Self { listener, connections }
    }

    /// The URL for a tool's `upstream`: below `/app`.
    pub fn url(&self) -> String {
        format!("{}/app", self.origin())
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.listener.address)
    }

    /// The next connection that the gateway opens.
    #[track_caller]
    pub fn accept(&self) -> Wire {
        Wire::new(self.connections.recv_timeout(TIMEOUT).expect("the gateway connects"))
    }

    /// Accepts a connection and reads its first request.
    #[track_caller]
    pub fn request(&self) -> (Wire, Head) {
        let mut wire = self.accept();
        let head = wire.head().expect("a request");
        (wire, head)
    }

    /// Whether the gateway opened no further connection. Connections arrive in order, so that the
    /// test misses none.
    pub fn saw_nothing(&self) -> bool {
        let probe = TcpStream::connect(self.listener.address).expect("a connection");
        let first = self.connections.recv_timeout(TIMEOUT).expect("at least this connection");
        first.peer_addr().ok() == probe.local_addr().ok()
    }
}

/// A request as it arrived.
#[derive(Debug)]
pub struct Recorded {
    pub head: Head,
    pub body: Vec<u8>,
}

impl Recorded {
    /// The first line without the version.
    pub fn line(&self) -> String {
        let line = self.head.line();
        line.strip_suffix(" HTTP/1.1").expect("HTTP/1.1").to_owned()
    }

    /// The value of a header that occurs at most once.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<String> {
        self.head.header(name)
    }
}

/// A web app that responds to every request at once and records it byte for byte.
pub struct Recorder {
    listener: Listener,
    seen: Receiver<Recorded>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

/// The response of a [`Recorder`].
type Answer = dyn Fn(&Recorded) -> Vec<u8> + Send + Sync;

impl Recorder {
    /// Responds with `ok`.
    pub fn start() -> Self {
        Self::answering(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok",
        )
    }

    /// Responds to every request with the same bytes.
    pub fn answering(answer: impl AsRef<[u8]>) -> Self {
        let answer = answer.as_ref().to_vec();
        Self::with(move |_| answer.clone())
    }

    /// Responds depending on the request.
    pub fn with(answer: impl Fn(&Recorded) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let answer: Arc<Answer> = Arc::new(answer);
        let (sender, seen) = mpsc::channel();
        let open = Arc::new(Mutex::new(Vec::new()));
        let streams = Arc::clone(&open);
        let listener = Listener::start(move |stream| {
            streams.lock().unwrap_or_else(PoisonError::into_inner).extend(stream.try_clone());
            let (answer, sender) = (Arc::clone(&answer), sender.clone());
            std::thread::spawn(move || serve(stream, &*answer, &sender));
        });
        Self { listener, seen, open }
    }

    /// The URL for a tool's `upstream`: below `/app`.
    pub fn url(&self) -> String {
        format!("{}/app", self.origin())
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.authority())
    }

    pub fn authority(&self) -> String {
        self.listener.address.to_string()
    }

    /// The only request since the last call.
    #[track_caller]
    pub fn request(&self) -> Recorded {
        let request = self.next();
        self.saw_nothing();
        request
    }

    /// The next request.
    #[track_caller]
    pub fn next(&self) -> Recorded {
        self.seen.recv_timeout(TIMEOUT).expect("a request at the upstream")
    }

    /// The requests since the last call.
    pub fn all(&self) -> Vec<Recorded> {
        self.seen.try_iter().collect()
    }

    /// Asserts that no further request arrived.
    #[track_caller]
    pub fn saw_nothing(&self) {
        if let Ok(request) = self.seen.try_recv() {
            panic!(
                "a request reached the upstream: {}",
                String::from_utf8_lossy(&request.head.raw)
            );
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        for stream in self.open.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Responds to the requests of one connection until either side closes it.
fn serve(stream: TcpStream, answer: &Answer, seen: &Sender<Recorded>) {
    let Ok(end) = stream.try_clone() else { return };
    let mut wire = Wire::new(stream);
    // The gateway reuses connections, so that one may be idle for the whole test.
    let _ = end.set_read_timeout(None);
    while let Some(head) = wire.head() {
        let body = wire.body(&head);
        let recorded = Recorded { head, body: body.bytes };
        let answer = answer(&recorded);
        if !body.complete || seen.send(recorded).is_err() || wire.offer(&answer).is_err() {
            break;
        }
        if (Head { raw: answer }).all("connection").iter().any(|value| value == "close") {
            break;
        }
    }
    let _ = end.shutdown(Shutdown::Both);
}
