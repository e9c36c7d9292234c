//! Requests, sessions and streams while another configuration takes the place of the current one.
//!
//! Nothing here depends on development.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::net::TcpSocket;

use crate::support::{Browser, Form, Recorder, Reply, Server, Setup, Upstream, Visit, status_of};

const GATEWAY: &str = "[gateway]\npublic_url = \"https://tool.example\"\n\
                       secret = \"the gateway's own, of 32 characters\"\n";
const SECRET: &str = "a consumer's secret, long enough";

/// A file with an upstream, `nb`, of two consumers.
fn upstream_tools(url: &str, more: &str) -> String {
    let consumer = |key| format!("{{ key = \"{key}\", secret = \"{SECRET}\" }}");
    let consumers = [consumer("key-1"), consumer("key-2")].join(", ");
    format!("{GATEWAY}[tools.nb]\nupstream = \"{url}\"\nconsumers = [{consumers}]\n{more}\n")
}

fn server(tools: &str) -> Server {
    Server::start(&Setup {
        tools,
        templates: &[("page.html.tera", "{{ tool.title }}|{{ tool.params.number }}")],
        reloads: true,
        ..Setup::default()
    })
}

/// Changes the tools file, and waits until the gateway uses it.
#[track_caller]
fn reload(server: &Server, tools: &str) {
    // As editors save: no request finds a part of the file.
    server.write("saved", tools);
    fs::rename(server.path("saved"), server.path("tools.toml")).expect("moved");
    assert_eq!(server.get("/").status, 200);
}

fn launch<'a>(key: &'a str, nonce: &'a str) -> Form<'a> {
    let form =
        Form { url: "https://tool.example/lti/nb", key, secret: SECRET, nonce, ..Form::default() };
    form.with(&[("user_id", nonce), ("roles", "Learner")])
}

/// The status of a request of a session.
fn status(browser: &mut Browser<'_>, visit: &Visit) -> u16 {
    browser.get(&visit.at("/page")).status
}

#[test]
fn a_session_goes_on_and_ends_with_its_consumer_or_role() {
    let upstream = Recorder::start();
    let tools = upstream_tools(&upstream.url(), "");
    let server = server(&tools);
    let mut browsers = [Browser::new(&server), Browser::new(&server)];
    let visits = [browsers[0].open(&launch("key-1", "1")), browsers[1].open(&launch("key-2", "2"))];
    let mut check = |expected: [u16; 2]| {
        let found = [0, 1].map(|at| status(&mut browsers[at], &visits[at]));
        assert_eq!(found, expected);
    };
    check([200, 200]);
    reload(&server, &upstream_tools(&upstream.url(), "title = \"New\"\nidentity = [\"email\"]"));
    check([200, 200]);
    reload(&server, &tools.replace("key-2", "key-3"));
    check([200, 401]);
    reload(&server, &upstream_tools(&upstream.url(), "roles = [\"instructor\"]"));
    check([401, 401]);
    // As after a restart, the sessions are valid again with the old file.
    reload(&server, &tools);
    check([200, 200]);
    reload(&server, &tools.replace("tools.nb", "tools.other"));
    check([404, 404]);
}

#[test]
fn a_newer_role_ends_a_session_that_began_before_a_reload() {
    let upstream = Recorder::start();
    let tools = upstream_tools(&upstream.url(), "");
    let server = server(&tools);
    let mut older = Browser::new(&server);
    let visit = older.open(&launch("key-1", "1"));
    reload(&server, &upstream_tools(&upstream.url(), "title = \"New\""));
    let form = Form { nonce: "2", ..launch("key-1", "1") };
    let newer = Browser::new(&server).open(&form.but(&[("roles", "Instructor")]));
    assert_eq!(newer.prefix, visit.prefix);
    reload(&server, &tools);
    assert_eq!(status(&mut older, &visit), 401);
}

/// Otherwise the page of an app that is down would reload itself for as long as somebody edits.
#[test]
fn the_minute_of_an_app_that_starts_goes_on_after_a_reload() {
    let sockets = [TcpSocket::new_v4(), TcpSocket::new_v4()].map(|socket| socket.expect("one"));
    let [url, other] = sockets.each_ref().map(|socket| {
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port, and nobody listens");
        format!("http://{}", socket.local_addr().expect("an address"))
    });
    let server = server(&upstream_tools(&url, ""));
    let mut browser = Browser::new(&server);
    let visit = browser.open(&launch("key-1", "1"));
    let mut check = |running, expected: bool| {
        server.set_running(running);
        let reply = browser.send("GET", &visit.at("/page"), &[("Accept", "text/html")], b"");
        let reloads = reply.header("refresh").is_some();
        assert_eq!((reply.status, reloads), (503, expected), "{running}");
    };
    check(1000, true);
    reload(&server, &upstream_tools(&url, "title = \"New\""));
    check(1059, true);
    reload(&server, &upstream_tools(&url, ""));
    check(1060, false);
    // Another app may be starting.
    reload(&server, &upstream_tools(&other, ""));
    check(1061, true);
}

/// The headers of the upstream depend on the configuration, and are cached for a minute.
#[test]
fn the_next_request_of_a_session_has_the_new_configuration() {
    let (first, second) = (Recorder::start(), Recorder::start());
    let server = server(&upstream_tools(&first.url(), ""));
    let mut browser = Browser::new(&server);
    let visit = browser.open(&launch("key-1", "1"));
    assert_eq!(status(&mut browser, &visit), 200);
    assert_eq!(first.request().header("x-added"), None);
    reload(&server, &upstream_tools(&second.url(), "headers = { X-Added = \"yes\" }"));
    assert_eq!(status(&mut browser, &visit), 200);
    assert_eq!(second.request().header("x-added").as_deref(), Some("yes"));
    first.saw_nothing();
}

#[test]
fn a_launch_in_progress_keeps_the_configuration_with_which_it_began() {
    let tools = |number: usize| {
        format!(
            "{GATEWAY}[tools.page]\ntitle = \"{number}\"\nkey = \"key-1\"\nsecret = \"{SECRET}\"\n\
             template = \"page\"\nparams = {{ number = {number} }}\n"
        )
    };
    let server = server(&tools(1));
    let url = "https://tool.example/lti/page";
    let form = Form { url, secret: SECRET, ..Form::default() }.sign();
    let (begin, end) = form.split_at(form.len() / 2);
    let mut wire = server.connect();
    wire.send(format!(
        "POST /lti/page HTTP/1.1\r\nHost: tool.example\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n\
         Content-Length: {}\r\n\r\n",
        form.len()
    ));
    // The gateway reads the form: it has loaded its configuration.
    assert_eq!(status_of(&wire.head().expect("an interim response")), 100);
    wire.send(begin);
    reload(&server, &tools(2));
    wire.send(end);
    let reply = Reply::read(&mut wire, "POST");
    assert_eq!((reply.status, &*reply.body), (200, "1|1"));
    let form = Form { url, secret: SECRET, nonce: "2", ..Form::default() };
    assert_eq!(Browser::new(&server).launch(&form).body, "2|2");
}

#[test]
fn a_websocket_and_a_response_of_a_removed_tool_go_on() {
    let upstream = Upstream::start();
    let server = server(&upstream_tools(&upstream.url(), ""));
    let mut browser = Browser::new(&server);
    let visit = browser.open(&launch("key-1", "1"));
    let handshake = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Origin", "https://tool.example"),
    ];
    let mut socket = browser.ask("GET", &visit.at("/socket"), &handshake);
    let (mut app, _) = upstream.request();
    app.send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    );
    assert_eq!(status_of(&Reply::head(&mut socket).expect("a response")), 101);
    let mut stream = browser.ask("GET", &visit.at("/events"), &[]);
    let (mut events, _) = upstream.request();
    events.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
    assert_eq!(status_of(&Reply::head(&mut stream).expect("a response")), 200);
    // A request that its app has not answered yet.
    let mut waiting = browser.ask("GET", &visit.at("/slow"), &[]);
    let (mut slow, _) = upstream.request();

    reload(
        &server,
        &format!(
            "{GATEWAY}[tools.page]\nkey = \"key-1\"\nsecret = \"{SECRET}\"\ntemplate = \"page\"\n"
        ),
    );
    assert_eq!(status(&mut browser, &visit), 404);

    let message = b"\x81\x85\0\0\0\0hello";
    socket.send(message);
    assert_eq!(app.at_most(message.len()), message);
    app.send(b"\x82\x01\xff");
    assert_eq!(socket.at_most(3), b"\x82\x01\xff");
    slow.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow");
    assert_eq!(Reply::read(&mut waiting, "GET").body, "slow");
    events.send("data: last\n\n");
    drop(events);
    let chunks = std::iter::from_fn(|| stream.chunk().filter(|chunk| !chunk.is_empty()));
    let chunks: Vec<u8> = chunks.flatten().collect();
    assert_eq!(String::from_utf8_lossy(&chunks), "data: 1\n\ndata: last\n\n");
}

#[test]
fn launches_during_a_hundred_reloads_all_succeed_and_are_consistent() {
    const RELOADS: usize = 100;
    let upstream = Recorder::start();
    let tools = |number: usize| {
        format!(
            "{}[tools.page]\ntitle = \"{number}\"\nkey = \"key-{}\"\nsecret = \"{SECRET}\"\n\
             template = \"page\"\nparams = {{ number = {number} }}\n",
            upstream_tools(&upstream.url(), ""),
            3 + number % 2,
        )
    };
    let server = server(&tools(0));
    let (is_over, launches) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let work = |name: &'static str| {
            let mut browser = Browser::new(&server);
            let visit = browser.open(&launch("key-1", name));
            let mut number = 0;
            while !is_over.load(Ordering::SeqCst) {
                number += 1;
                let nonce = format!("{name} {number}");
                // The key of the page alternates: a launch meets its configuration, or none.
                let key = if number % 2 == 0 { "key-3" } else { "key-4" };
                let url = "https://tool.example/lti/page";
                let form = Form { url, key, secret: SECRET, nonce: &nonce, ..Form::default() };
                let page = Browser::new(&server).launch(&form);
                assert!(matches!(page.status, 200 | 401), "{page:?}");
                if page.status == 200 {
                    let (title, params) = page.body.split_once('|').expect("two parts");
                    assert_eq!(title, params);
                    let number: usize = title.parse().expect("a number");
                    assert_eq!(key, format!("key-{}", 3 + number % 2));
                    launches.fetch_add(1, Ordering::SeqCst);
                }
                assert_eq!(status(&mut browser, &visit), 200);
            }
        };
        for name in ["one", "two", "three"] {
            scope.spawn(move || work(name));
        }
        for number in 1..=RELOADS {
            reload(&server, &tools(number));
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert!(launches.load(Ordering::SeqCst) > 0);
}
