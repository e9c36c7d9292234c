//! The bridge to Rocket: it answers in memory as its server did.

use std::io::Cursor;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use lti_gateway::web;
use rocket::fairing::AdHoc;
use rocket::http::Status;
use rocket::response::Responder;
use rocket::{Build, Request, Response, Rocket, get, routes};

use super::{FORM_TYPE, tools};
use crate::support::{Form, Prepared, Reply, Server, Setup, Wire, figment};

/// A size above and a size below the largest response that the bridge sends in one piece.
const LARGE: usize = 200_000;
const SMALL: usize = 60_000;

fn server() -> Server {
    server_with(|rocket| rocket)
}

fn server_with(alter: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Server {
    let (large, small) = ("l".repeat(LARGE), "s".repeat(SMALL));
    let tools = tools("https://tool.example", "http://127.0.0.1:9");
    let setup = Setup {
        tools: &tools,
        statics: &[("large.js", &large), ("small.js", &small), ("empty.js", "")],
        ..Setup::default()
    };
    Server::start_with(&setup, alter)
}

/// The response to a request with this request line, and further bytes in its head.
fn ask(server: &Server, line: &[u8], lines: &[u8]) -> Reply {
    let head = [line, b" HTTP/1.1\r\nHost: tool.example\r\nConnection: close\r\n", lines, b"\r\n"];
    server.raw(&head.concat())
}

#[test]
fn request_targets_that_no_uri_may_contain_keep_their_responses() {
    let server = server();
    let rockets_own = RocketServer::start();
    for (line, status) in [
        (&b"GET /is_up?{|^}"[..], 200),
        (b"GET /is_up?a=%zz&b=%", 200),
        ("GET /is_up?\u{e4}".as_bytes(), 200),
        (b"GET /{|^}", 404),
        ("GET /\u{e4}\u{1f600}".as_bytes(), 404),
        (b"GET //is_up", 200),
        (b"GET /static/{|^}", 404),
        (b"GET /lti/page/{|^}", 404),
        (b"GET /lti/page?{|^}", 405),
        (b"OPTIONS *", 404),
        (b"GET http://tool.example/is_up", 200),
        (b"GET http://tool.example", 200),
        (b"GET http://tool.example/{|^}", 404),
    ] {
        let reply = ask(&server, line, b"");
        let line = String::from_utf8_lossy(line);
        assert_eq!(reply.status, status, "{line}: {reply:?}");
        assert!(reply.complete && !reply.body.is_empty(), "{line}");
        let own = rockets_own.ask(line.as_bytes());
        assert_eq!((reply.status, &reply.body), (own.status, &own.body), "{line}");
    }
}

/// The same routes behind Rocket's own server.
struct RocketServer {
    address: SocketAddr,
    shutdown: rocket::Shutdown,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl RocketServer {
    fn start() -> Self {
        let (sender, started) = mpsc::channel();
        let sender = Mutex::new(sender);
        let thread = std::thread::spawn(move || {
            let tools = tools("https://tool.example", "http://127.0.0.1:9");
            let prepared =
                Prepared::new(&Setup { tools: &tools, statics: &[("a", "")], ..Setup::default() });
            let figment = figment(0)
                .merge(("address", "127.0.0.1"))
                .merge(("shutdown.ctrlc", false))
                .merge(("shutdown.signals", [""; 0]));
            let rocket = web::rocket(figment, prepared.gateway, &prepared.statics).attach(
                AdHoc::on_liftoff("address", move |rocket| {
                    let address = (Ipv4Addr::LOCALHOST, rocket.config().port).into();
                    let sender = sender.lock().expect("no panic");
                    sender.send((address, rocket.shutdown())).expect("the test waits");
                    Box::pin(async {})
                }),
            );
            rocket::execute(rocket.launch()).expect("Rocket launches");
        });
        let (address, shutdown) = started.recv().expect("it starts");
        Self { address, shutdown, thread: Some(thread) }
    }

    fn ask(&self, line: &[u8]) -> Reply {
        let mut wire = Wire::connect(self.address);
        let head = b" HTTP/1.1\r\nHost: tool.example\r\nConnection: close\r\n\r\n";
        wire.send([line, head].concat());
        Reply::read(&mut wire, "GET")
    }
}

impl Drop for RocketServer {
    fn drop(&mut self) {
        self.shutdown.clone().notify();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Posts a launch with further bytes in its head.
fn launch(server: &Server, nonce: &str, lines: &[u8]) -> Reply {
    let form = Form { url: "https://tool.example/lti/page", nonce, ..Form::default() }.sign();
    let length = format!("{FORM_TYPE}Content-Length: {}\r\n", form.len());
    let head = [b"POST /lti/page HTTP/1.1\r\nHost: tool.example\r\n", length.as_bytes(), lines];
    server.raw(&[&head.concat(), b"Connection: close\r\n\r\n".as_slice(), form.as_bytes()].concat())
}

#[test]
fn headers_that_are_not_utf_8_do_not_break_a_launch() {
    let server = server();
    for (number, lines) in [
        &b"User-Agent: \xff\xfe\r\n"[..],
        b"X-Junk: \x80\r\nX-Junk: fine\r\n",
        b"Cookie: neighbor=\xff\r\n",
        b"Cookie: \xff; =; ;;\r\nCookie: a\r\n",
        b"Referer: https://lms.example/\xe9\r\nAccept-Language: \xff\r\n",
    ]
    .into_iter()
    .enumerate()
    {
        let reply = launch(&server, &format!("nonce-{number}"), lines);
        assert_eq!((reply.status, reply.body.as_str()), (200, "launched"), "{lines:?}");
    }
}

/// A browser that reloads the page of a launch posts the same form again, with the receipt.
#[test]
fn the_gateways_own_cookies_are_found_beside_one_that_is_not_utf_8() {
    let server = server();
    let launched = launch(&server, "1", b"");
    assert_eq!(launched.status, 200);
    let receipt = launched.cookie().expect("a receipt").as_bytes();
    assert_eq!(launch(&server, "1", b"").status, 401, "replayed without its receipt");
    for lines in [
        [b"Cookie: neighbor=\xff; ", receipt, b"\r\n"].concat(),
        [b"Cookie: ", receipt, b"; neighbor=\xff\r\n"].concat(),
        [b"Cookie: neighbor=\xff\r\nCookie: ", receipt, b"\r\n"].concat(),
        [b"Cookie: a=\"; \xe9=\xff;", receipt, b"; c\r\n"].concat(),
    ] {
        let reply = launch(&server, "1", &lines);
        assert_eq!((reply.status, reply.body.as_str()), (200, "launched"), "{lines:?}");
    }
}

#[test]
fn connect_is_not_implemented() {
    let server = server();
    for line in [&b"CONNECT tool.example:443"[..], b"CONNECT /is_up", b"CONNECT /lti/page"] {
        let reply = ask(&server, line, b"");
        assert!(matches!(reply.status, 400 | 501), "{reply:?}");
        assert!(reply.body.contains("This request is invalid"), "{reply:?}");
    }
}

#[test]
fn a_response_has_the_length_of_its_body() {
    let server = server();
    for (target, status, size) in [
        ("/is_up", 200, 6),
        ("/ready", 200, 5),
        ("/static/small.js", 200, SMALL),
        ("/static/large.js", 200, LARGE),
        ("/static/empty.js", 200, 0),
    ] {
        let get = server.get(target);
        let length = size.to_string();
        assert_eq!((get.status, get.bytes.len(), get.complete), (status, size, true), "{target}");
        assert_eq!(get.header("content-length"), Some(length.as_str()), "{target}");
        assert_eq!(get.header("transfer-encoding"), None, "{target}");
        let mut wire = server.connect();
        wire.send(format!(
            "HEAD {target} HTTP/1.1\r\nHost: tool.example\r\nConnection: close\r\n\r\n"
        ));
        let head = Reply::read(&mut wire, "HEAD");
        assert_eq!((head.status, head.header("content-length")), (status, Some(&*length)));
        assert_eq!(head.header("transfer-encoding"), None, "{target}");
        assert_eq!(wire.rest(), b"", "{target}");
        let names = |reply: &Reply| {
            let names = reply.headers.iter().map(|(name, _)| name.clone());
            let mut names: Vec<String> = names.collect();
            names.sort_unstable();
            names
        };
        assert_eq!(names(&head), names(&get), "{target}");
    }
    // Pages.
    for target in ["/", "/nothing", "/lti/page"] {
        let get = server.get(target);
        let length = get.bytes.len().to_string();
        assert_eq!(get.header("content-length"), Some(length.as_str()), "{target}");
        let head = server.send("HEAD", target, &[("Host", "tool.example")], b"");
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{target}");
    }
}

#[test]
fn a_connection_stays_open_after_every_kind_of_response() {
    let server = server();
    let mut wire = server.connect();
    for (method, target, status) in [
        ("HEAD", "/static/large.js", 200),
        ("GET", "/static/large.js", 200),
        ("GET", "/nothing", 404),
        ("HEAD", "/", 200),
        ("OPTIONS", "/", 404),
        ("PROPFIND", "/", 405),
        ("GET", "/static/empty.js", 200),
        ("GET", "/is_up", 200),
    ] {
        wire.send(format!("{method} {target} HTTP/1.1\r\nHost: tool.example\r\n\r\n"));
        let reply = Reply::read(&mut wire, method);
        assert_eq!((reply.status, reply.complete), (status, true), "{method} {target}");
    }
}

#[get("/304")]
fn not_modified() -> (Status, Described) {
    (Status::NotModified, Described)
}

/// A response with a body, which Rocket strips from a 304.
struct Described;

impl<'r> Responder<'r, 'static> for Described {
    fn respond_to(self, _: &'r Request<'_>) -> rocket::response::Result<'static> {
        let body = Cursor::new("x".repeat(4711));
        Response::build().raw_header("ETag", "\"x\"").sized_body(4711, body).ok()
    }
}

#[test]
fn a_304_keeps_its_length_and_has_no_body() {
    let server = server_with(|rocket| rocket.mount("/", routes![not_modified]));
    let mut wire = server.connect();
    for _ in 0..2 {
        wire.send("GET /304 HTTP/1.1\r\nHost: tool.example\r\n\r\n");
        let reply = Reply::read(&mut wire, "GET");
        assert_eq!((reply.status, reply.header("etag")), (304, Some("\"x\"")));
        assert_eq!(reply.header("content-length"), Some("4711"));
        assert_eq!(reply.header("transfer-encoding"), None);
    }
    wire.finish();
    assert_eq!(wire.rest(), b"");
}

/// A body that ends before its announced size, as a file that shrinks.
struct Short(usize);

impl<'r> Responder<'r, 'static> for Short {
    fn respond_to(self, _: &'r Request<'_>) -> rocket::response::Result<'static> {
        Response::build().sized_body(self.0, Cursor::new("hello")).ok()
    }
}

#[get("/short/<size>")]
fn short(size: usize) -> Short {
    Short(size)
}

#[test]
fn a_body_that_ends_early_breaks_off() {
    let server = server_with(|rocket| rocket.mount("/", routes![short]));
    for size in [10, 100_000] {
        let mut wire = server.connect();
        wire.send(format!("GET /short/{size} HTTP/1.1\r\nHost: tool.example\r\n\r\n"));
        if let Some(reply) = Reply::read_if_any(&mut wire, "GET") {
            assert_eq!(reply.header("content-length"), Some(size.to_string().as_str()));
            assert!(!reply.complete, "{reply:?}");
        }
        assert!(wire.is_over(), "{size}");
    }
    assert_eq!(server.get("/short/5").body, "hello");
}

#[get("/panics")]
fn panics() -> &'static str {
    panic!("a route panics")
}

/// Rocket catches a panic of a route, but not one of a fairing.
#[test]
fn a_panic_ends_one_request_and_not_its_connection() {
    let server = server_with(|rocket| {
        let fairing = AdHoc::on_request("panics", |request, _| {
            Box::pin(async move {
                assert_ne!(request.uri().path(), "/fairing", "a fairing panics");
            })
        });
        rocket.mount("/", routes![panics]).attach(fairing)
    });
    let mut wire = server.connect();
    for target in ["/panics", "/fairing", "/panics", "/is_up"] {
        wire.send(format!("GET {target} HTTP/1.1\r\nHost: tool.example\r\n\r\n"));
        let reply = Reply::read(&mut wire, "GET");
        let status = if target == "/is_up" { 200 } else { 500 };
        assert_eq!((reply.status, reply.complete), (status, true), "{target}: {reply:?}");
        assert!(!reply.body.contains("panics"), "{reply:?}");
    }
}

#[test]
fn liftoff_runs_once_and_after_the_bind() {
    let (sender, lifted) = mpsc::channel();
    let sender = Mutex::new(sender);
    let server = server_with(move |rocket| {
        rocket.attach(AdHoc::on_liftoff("connects", move |rocket| {
            let port = rocket.config().port;
            let connected = TcpStream::connect(("127.0.0.1", port)).is_ok();
            let sent = sender.lock().expect("no panic").send((port, connected));
            Box::pin(async move { sent.expect("the test waits") })
        }))
    });
    assert_eq!(lifted.recv(), Ok((server.address.port(), true)));
    assert_eq!(server.get("/is_up").status, 200);
    assert!(lifted.try_recv().is_err());
}

#[test]
fn the_shutdown_fairings_run_at_the_end() {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let server = server_with(move |rocket| {
        rocket.attach(AdHoc::on_shutdown("counts", move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            Box::pin(async {})
        }))
    });
    assert_eq!(server.get("/is_up").status, 200);
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    drop(server);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

/// A route that reports its start, waits and reports its end.
struct Slow {
    started: mpsc::Sender<()>,
    go_on: Mutex<mpsc::Receiver<()>>,
    ended: mpsc::Sender<()>,
}

#[get("/slow")]
async fn slow(slow: &rocket::State<Arc<Mutex<Slow>>>) -> &'static str {
    let slow = Arc::clone(slow);
    let wait = move || {
        let slow = slow.lock().expect("no panic");
        slow.started.send(()).expect("the test waits");
        slow.go_on.lock().expect("no panic").recv().expect("the test goes on");
        slow.ended.clone()
    };
    // A cancelled route does not come back from this wait.
    let ended = rocket::tokio::task::spawn_blocking(wait).await.expect("no panic");
    ended.send(()).expect("the test waits");
    "done"
}

#[test]
fn a_client_that_leaves_does_not_cancel_rockets_work() {
    let ((started, has_started), (goes, go_on)) = (mpsc::channel(), mpsc::channel());
    let (ended, has_ended) = mpsc::channel();
    let state = Arc::new(Mutex::new(Slow { started, go_on: Mutex::new(go_on), ended }));
    let server = server_with(move |rocket| rocket.manage(state).mount("/", routes![slow]));
    let mut wire = server.connect();
    wire.send("GET /slow HTTP/1.1\r\nHost: tool.example\r\n\r\n");
    has_started.recv().expect("it starts");
    wire.close();
    // The gateway sees the end of the connection before the route goes on.
    for _ in 0..20 {
        assert_eq!(server.get("/is_up").status, 200);
    }
    goes.send(()).expect("the route waits");
    has_ended.recv().expect("it ends");
}

/// The gateway drains the rest of a body after the response. The next request may arrive before the
/// end of that.
#[test]
fn the_request_after_a_refused_upload_gets_its_response() {
    let server = server();
    for _ in 0..50 {
        let mut wire = server.connect();
        wire.send(
            "POST /lti/nb/~AAAAAAAAAAAAAAAA/ HTTP/1.1\r\nHost: tool.example\r\n\
             Content-Length: 5\r\n\r\n",
        );
        wire.send("hello");
        wire.send("GET /is_up HTTP/1.1\r\nHost: tool.example\r\n\r\n");
        assert_eq!(Reply::read(&mut wire, "POST").status, 401);
        assert_eq!(Reply::read(&mut wire, "GET").body, "I'm up");
    }
}
