//! WebSockets: the handshake, and then bytes in both directions.

use crate::support::{Head, Upstream, Wire, status_of};

use super::*;

const HANDSHAKE: [(&str, &str); 7] = [
    ("Connection", "keep-alive, Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Protocol", "v1.kernel, json"),
    ("Sec-WebSocket-Extensions", "permessage-deflate"),
    ("Origin", "https://tool.example"),
];

const ACCEPTED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: v1.kernel\r\n\
        \r\n";

fn controlled() -> (Upstream, Server) {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    (upstream, server)
}

/// Opens a WebSocket, and returns its browser's side and its upstream's side.
#[track_caller]
fn socket(upstream: &Upstream, browser: &Browser<'_>, visit: &Visit) -> (Wire, Wire) {
    let mut wire = browser.ask("GET", &visit.at("/socket?x=1"), &HANDSHAKE);
    let (mut app, _) = upstream.request();
    app.send(ACCEPTED);
    let head = Reply::head(&mut wire).expect("a response");
    assert_eq!(status_of(&head), 101);
    (wire, app)
}

/// Asserts that bytes pass in both directions.
#[track_caller]
fn talk(wire: &mut Wire, app: &mut Wire) {
    for message in [b"\x81\x85\0\0\0\0hello".as_slice(), b"\x82\x01\xff", &[0; 100_000]] {
        wire.send(message);
        assert!(app.at_most(message.len()) == message);
        app.send(message);
        assert!(wire.at_most(message.len()) == message);
    }
}

#[test]
fn a_handshake_passes_both_ways() {
    let (upstream, server) = controlled();
    let (browser, visit) = opened(&server);
    let mut wire = browser.ask("GET", &visit.at("/socket?x=1"), &HANDSHAKE);
    let (mut app, head): (Wire, Head) = upstream.request();
    assert_eq!(head.line(), "GET /app/socket?x=1 HTTP/1.1");
    assert_eq!(head.header("upgrade").as_deref(), Some("websocket"));
    let connection = head.header("connection").expect("the gateway's own connection header");
    assert!(connection.eq_ignore_ascii_case("upgrade"), "{connection}");
    for (name, value) in &HANDSHAKE[2..6] {
        assert_eq!(head.header(&name.to_lowercase()).as_deref(), Some(*value));
    }
    assert_eq!(head.header("origin"), Some(upstream.origin()));
    assert_eq!(head.header("x-forwarded-user").as_deref(), Some("key-1:user-4711"));
    assert!(head.header("x-lti-assertion").is_some());

    app.send(ACCEPTED);
    let head = Reply::head(&mut wire).expect("a response");
    assert_eq!(status_of(&head), 101);
    assert_eq!(head.header("upgrade").as_deref(), Some("websocket"));
    assert!(head.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("upgrade")));
    assert_eq!(
        head.header("sec-websocket-accept").as_deref(),
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
    assert_eq!(head.header("sec-websocket-protocol").as_deref(), Some("v1.kernel"));
    assert_eq!((head.header("content-length"), head.header("transfer-encoding")), (None, None));
    talk(&mut wire, &mut app);
}

#[test]
fn bytes_right_after_the_handshake_arrive() {
    let (upstream, server) = controlled();
    let (browser, visit) = opened(&server);
    let mut wire = browser.ask("GET", &visit.at("/socket"), &HANDSHAKE);
    let (mut app, _) = upstream.request();
    app.send(format!("{ACCEPTED}first words"));
    assert_eq!(status_of(&Reply::head(&mut wire).expect("a response")), 101);
    assert_eq!(wire.at_most(11), b"first words");
    talk(&mut wire, &mut app);
}

#[test]
fn either_side_may_close() {
    let (upstream, server) = controlled();
    let (browser, visit) = opened(&server);
    let (mut wire, mut app) = socket(&upstream, &browser, &visit);
    app.send("last words");
    drop(app);
    assert_eq!(wire.rest(), b"last words");
    let (mut wire, mut app) = socket(&upstream, &browser, &visit);
    wire.send("last words");
    drop(wire);
    assert_eq!(app.rest(), b"last words");
}

#[test]
fn the_upstreams_refusal_of_an_upgrade_is_passed_on() {
    let (upstream, server) = controlled();
    let (browser, visit) = opened(&server);
    for (status, text) in
        [(200, "OK"), (400, "Bad Request"), (403, "Forbidden"), (426, "Upgrade Required")]
    {
        let mut wire = browser.ask("GET", &visit.at("/socket"), &HANDSHAKE);
        let (mut app, _) = upstream.request();
        app.send(format!(
            "HTTP/1.1 {status} {text}\r\nContent-Length: 3\r\nX-Why: x\r\nConnection: close\r\n\
                \r\nno!"
        ));
        let reply = Reply::read(&mut wire, "GET");
        assert_eq!(
            (reply.status, reply.body.as_str(), reply.header("x-why")),
            (status, "no!", Some("x"))
        );
        assert_eq!(reply.header("upgrade"), None);
    }
}

#[test]
fn only_websockets_are_upgraded() {
    let (upstream, server) = controlled();
    let (browser, visit) = opened(&server);
    for protocol in ["h2c", "TLS/1.0", "WebSocketX"] {
        let headers = [
            ("Connection", "Upgrade, HTTP2-Settings"),
            ("Upgrade", protocol),
            ("HTTP2-Settings", "AAMAAABk"),
        ];
        let mut wire = browser.ask("GET", &visit.at("/"), &headers);
        let (mut app, head) = upstream.request();
        for name in ["upgrade", "http2-settings"] {
            assert_eq!(head.header(name), None, "{protocol}");
        }
        app.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        assert_eq!(Reply::read(&mut wire, "GET").body, "ok");
    }
}

#[test]
fn without_a_session_no_websocket_opens() {
    let (upstream, server) = controlled();
    let (_, visit) = opened(&server);
    let headers: Vec<(&str, &str)> = HANDSHAKE.into_iter().chain([JSON]).collect();
    let mut wire = Browser::new(&server).ask("GET", &visit.at("/socket"), &headers);
    refused(&Reply::read(&mut wire, "GET"), 401, "no-session");
    assert!(upstream.saw_nothing());
}

#[test]
fn a_launch_with_another_role_closes_the_sockets_of_that_session_only() {
    let (upstream, server) = controlled();
    let (browser, visit) = opened(&server);
    let mut bob = Browser::new(&server);
    let other = bob.open(&launch_again("2").but(&[("user_id", "user-2")]));
    let (mut wire, mut app) = socket(&upstream, &browser, &visit);
    let (mut second_wire, mut second_app) = socket(&upstream, &browser, &visit);
    let (mut bobs_wire, mut bobs_app) = socket(&upstream, &bob, &other);

    Browser::new(&server).open(&launch_again("3"));
    talk(&mut wire, &mut app);
    talk(&mut second_wire, &mut second_app);

    Browser::new(&server).open(&launch_again("4").but(&[("roles", "Instructor")]));
    for (wire, app) in [(&mut wire, &mut app), (&mut second_wire, &mut second_app)] {
        // A Close frame with status 1008, from the upstream's client with a mask.
        assert_eq!(wire.rest(), [0x88, 0x02, 0x03, 0xF0]);
        let close = app.rest();
        let &[0x88, 0x82, a, b, _, _, high, low] = &close[..] else {
            panic!("{close:x?} is no masked Close frame");
        };
        assert_eq!([high ^ a, low ^ b], [0x03, 0xF0]);
    }
    talk(&mut bobs_wire, &mut bobs_app);
}

#[test]
fn a_rejected_launch_closes_no_websocket() {
    let (upstream, server) = controlled();
    let (browser, visit) = opened(&server);
    let (mut wire, mut app) = socket(&upstream, &browser, &visit);
    let forged = launch_again("2").tampered(|pairs| pairs.set("roles", "Instructor"));
    assert_eq!(server.post("/lti/nb", &forged).status, 401);
    let replayed = Browser::new(&server).launch(&launch());
    assert_eq!(replayed.status, 401);
    talk(&mut wire, &mut app);
}

#[test]
fn one_direction_may_end_before_the_other() {
    let (upstream, server) = controlled();
    let (browser, visit) = opened(&server);
    let (mut wire, mut app) = socket(&upstream, &browser, &visit);
    wire.send("last words");
    wire.finish();
    assert_eq!(app.rest(), b"last words");
    app.send("a response");
    drop(app);
    assert_eq!(wire.rest(), b"a response");
}

#[test]
fn after_one_direction_ends_the_other_has_a_timeout() {
    let (upstream, server) = controlled();
    let (browser, visit) = opened(&server);
    let (mut left, mut deaf_app) = socket(&upstream, &browser, &visit);
    let (mut deaf_wire, mut left_app) = socket(&upstream, &browser, &visit);
    left.finish();
    left_app.finish();
    // The other side ignores the end, and may send for a while.
    assert!(deaf_app.is_over());
    assert!(deaf_wire.is_over());
    deaf_app.send("still there");
    deaf_wire.send("still there");
    assert_eq!(left.rest(), b"still there", "and then the tunnel ends");
    assert_eq!(left_app.rest(), b"still there", "and then the tunnel ends");
}

#[test]
fn an_upgrade_that_connection_does_not_name_is_ignored() {
    let (upstream, server) = controlled();
    let (browser, visit) = opened(&server);
    // Without `Connection: Upgrade`, `Upgrade` has no meaning (RFC 9110 §7.8).
    let mut wire = browser.ask("GET", &visit.at("/socket"), &HANDSHAKE[1..]);
    let (mut app, head) = upstream.request();
    assert_eq!((head.header("upgrade"), head.header("connection")), (None, None));
    app.send("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!");
    assert_eq!(Reply::read(&mut wire, "GET").status, 426);
}
