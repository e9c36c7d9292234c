//! An app that does not listen yet: its page reloads itself for a minute.

use std::io::Write as _;
use std::net::TcpListener;

use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

use crate::support::Head;

use super::*;

const PAGE: [(&str, &str); 2] =
    [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"), ("Sec-Fetch-Mode", "navigate")];
const HEADING: &str = "The tool is starting";

/// An app that has a port and does not listen yet, so that nobody else gets the port.
struct StartingApp {
    runtime: Runtime,
    socket: TcpSocket,
}

impl StartingApp {
    fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
        Self { runtime: Runtime::new().expect("a runtime"), socket }
    }

    fn url(&self) -> String {
        format!("http://{}", self.socket.local_addr().expect("an address"))
    }

    /// Listens.
    fn listen(self) -> TcpListener {
        let _context = self.runtime.enter();
        let listener = self.socket.listen(16).and_then(tokio::net::TcpListener::into_std);
        let listener = listener.expect("a listener");
        listener.set_nonblocking(false).expect("a blocking listener");
        listener
    }
}

/// A gateway with a contact, in front of an app that starts.
fn starting() -> (StartingApp, Server) {
    let app = StartingApp::new();
    let contact = "contact = \"mailto:help@campus.example\"\n[tools.nb]";
    // Only development shows the comment.
    let line = format!("\"{}\"", app.url());
    let tools = tools(&app.url(), "").replace(&line, &format!("{line} # cargo run -p app"));
    assert!(tools.contains("cargo"), "{tools}");
    let server = server(&tools.replace("[tools.nb]", contact));
    (app, server)
}

/// Asserts the page that reloads itself.
#[track_caller]
fn reloads(reply: &Reply) {
    assert_eq!(reply.status, 503, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(reply.header("retry-after"), Some("3"));
    assert_eq!(reply.header("refresh"), Some("3"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!((reply.header("location"), reply.cookie()), (None, None));
    assert!(reply.body.contains(HEADING), "{}", reply.body);
    let has_more = ["reference", "help@campus.example", "<script", "127.0.0.1", "cargo", "<form"];
    assert!(!has_more.iter().any(|more| reply.body.contains(more)), "{}", reply.body);
}

/// Asserts the page that names whom to ask, and does not reload itself.
#[track_caller]
fn asks_for_help(reply: &Reply) {
    refused_page(reply, 503, "upstream-refused");
    assert_eq!(reply.header("retry-after"), Some("10"));
    assert!(!reply.body.contains(HEADING), "{}", reply.body);
    assert!(reply.body.contains("help@campus.example"), "{}", reply.body);
}

#[test]
fn the_page_of_an_app_that_starts_reloads_itself_until_the_app_runs() {
    let (app, server) = starting();
    let (mut browser, visit) = opened(&server);
    let address = visit.at("/page?x=1");
    for _ in 0..3 {
        reloads(&browser.send("GET", &address, &PAGE, b""));
        reloads(&browser.send("GET", &address, &PAGE[..1], b""));
    }
    let listener = app.listen();
    let mut wire = browser.ask("GET", &address, &PAGE);
    let (mut stream, _) = listener.accept().expect("a connection");
    let head: Head =
        crate::support::Wire::new(stream.try_clone().expect("a stream")).head().expect("a request");
    assert_eq!(head.line(), "GET /page?x=1 HTTP/1.1");
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").expect("a response");
    let reply = Reply::read(&mut wire, "GET");
    assert_eq!((reply.status, reply.body.as_str()), (200, "ok"));
    assert_eq!((reply.header("refresh"), reply.header("retry-after")), (None, None));
}

#[test]
fn after_a_minute_the_page_says_whom_to_ask() {
    let (_app, server) = starting();
    let (mut browser, visit) = opened(&server);
    let mut at = |running| {
        server.set_running(running);
        browser.send("GET", &visit.at("/"), &PAGE, b"")
    };
    for running in [1000, 1003, 1059] {
        reloads(&at(running));
    }
    for running in [1060, 1100, 1159] {
        asks_for_help(&at(running));
    }
    // A minute without a try: the app may have been started again since.
    reloads(&at(1219));
    // The wall clock does not count.
    server.set_now(NOW + 30 * 60);
    reloads(&at(1220));
    asks_for_help(&at(1279));
}

#[test]
fn a_script_receives_json_and_the_time_after_which_to_try_again() {
    let (_app, server) = starting();
    let (mut browser, visit) = opened(&server);
    for running in [0, 30, 90] {
        server.set_running(running);
        for method in ["GET", "POST", "DELETE"] {
            let reply = browser.send(method, &visit.at("/data"), &[JSON], b"");
            refused(&reply, 503, "upstream-refused");
            assert_eq!(reply.header("retry-after"), Some("10"));
        }
    }
}

#[test]
fn only_a_page_that_a_browser_opens_reloads_itself() {
    let (_app, server) = starting();
    let (mut browser, visit) = opened(&server);
    let html = PAGE[0];
    // A reload would lose what the user entered.
    asks_for_help(&browser.send("POST", &visit.at("/"), &PAGE, b"answer=42"));
    for other in [
        &[html, ("Sec-Fetch-Mode", "cors")][..],
        &[html, ("Sec-Fetch-Mode", "no-cors")],
        &[("Accept", "image/avif,*/*"), ("Sec-Fetch-Mode", "no-cors")],
        &[("Accept", "*/*")],
        &[],
    ] {
        asks_for_help(&browser.send("GET", &visit.at("/"), other, b""));
    }
    let reply = browser.send("HEAD", &visit.at("/"), &PAGE, b"");
    assert_eq!((reply.status, reply.header("refresh")), (503, None));
}

#[test]
fn a_launch_opens_the_session_without_the_app() {
    let (_app, server) = starting();
    let (mut browser, visit) = opened(&server);
    assert_eq!(visit.address, visit.at("/"));
    reloads(&browser.send("GET", &visit.address, &PAGE, b""));
}
