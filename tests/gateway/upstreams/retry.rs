//! A request on a keep-alive connection that fails before a response, and its one retry.

use crate::support::{Upstream, Wire};

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A connection to the upstream that the gateway keeps alive.
#[track_caller]
fn kept(upstream: &Upstream, browser: &Browser<'_>, visit: &Visit) -> Wire {
    let mut wire = browser.ask("GET", &visit.at("/first"), &[]);
    let (mut app, _) = upstream.request();
    app.send(OK);
    assert_eq!(Reply::read(&mut wire, "GET").body, "ok");
    app
}

#[test]
fn an_idempotent_request_on_a_closing_connection_is_sent_once_more() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        let mut app = kept(&upstream, &browser, &visit);
        let mut wire = browser.ask(method, &visit.at("/second"), &[JSON]);
        let first = app.head().expect("the request on the kept connection");
        drop(app);
        let (mut app, again) = upstream.request();
        assert_eq!(again.line(), format!("{method} /app/second HTTP/1.1"));
        assert_eq!(again.raw, first.raw, "the same request");
        app.send(OK);
        assert_eq!(Reply::read(&mut wire, method).status, 200);
        drop(app);
    }
    assert!(upstream.saw_nothing());
}

#[test]
fn a_request_is_sent_at_most_twice() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    let mut app = kept(&upstream, &browser, &visit);
    let mut wire = browser.ask("GET", &visit.at("/second"), &[JSON]);
    app.head().expect("the request on the kept connection");
    drop(app);
    drop(upstream.request());
    refused(&Reply::read(&mut wire, "GET"), 502, "upstream-gone");
    assert!(upstream.saw_nothing(), "no third attempt");
}

#[test]
fn a_retry_takes_no_other_kept_connection() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    // Two requests at once leave two connections.
    let mut wires = [0, 1].map(|_| browser.ask("GET", &visit.at("/first"), &[]));
    let mut apps = [0, 1].map(|_| upstream.request().0);
    for app in &mut apps {
        app.send(OK);
    }
    for wire in &mut wires {
        assert_eq!(Reply::read(wire, "GET").body, "ok");
    }
    let mut wire = browser.ask("GET", &visit.at("/second"), &[]);
    // The gateway uses one of the two.
    let seen = std::thread::scope(|scope| {
        let readers = apps.map(|mut app| scope.spawn(move || app.head().is_some()));
        let (mut app, _) = upstream.request();
        app.send(OK);
        assert_eq!(Reply::read(&mut wire, "GET").body, "ok");
        drop(server);
        readers.map(|reader| reader.join().expect("a reader"))
    });
    assert_eq!(seen.iter().filter(|seen| **seen).count(), 1, "the other one is not used");
}

#[test]
fn a_request_that_may_have_had_an_effect_is_not_sent_again() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (mut browser, visit) = opened(&server);
    for (method, body) in [
        ("POST", &b"a=b"[..]),
        ("POST", b""),
        ("PATCH", b""),
        // The body is gone.
        ("PUT", b"text"),
        ("DELETE", b"text"),
    ] {
        let mut app = kept(&upstream, &browser, &visit);
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| browser.send(method, &visit.at("/second"), &[JSON], body));
            let head = app.head().expect("the request on the kept connection");
            assert!(head.line().starts_with(method));
            assert_eq!(app.body(&head).bytes, body);
            drop(app);
            refused(&sending.join().expect("a response"), 502, "upstream-gone");
        });
        assert!(upstream.saw_nothing(), "{method} arrived once");
    }
}

#[test]
fn a_request_is_not_sent_again_after_a_byte_of_the_response() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    for part in ["H", "HTTP/1.1 200 OK\r\nX-Part: ", "HTTP/1.1 100 Continue\r\n\r\n"] {
        let mut app = kept(&upstream, &browser, &visit);
        let mut wire = browser.ask("GET", &visit.at("/second"), &[JSON]);
        app.head().expect("the request on the kept connection");
        app.send(part);
        drop(app);
        refused(&Reply::read(&mut wire, "GET"), 502, "upstream-gone");
        assert!(upstream.saw_nothing());
    }
}

#[test]
fn an_unsafe_request_replaces_a_connection_that_the_upstream_closed() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (mut browser, visit) = opened(&server);
    for _ in 0..5 {
        drop(kept(&upstream, &browser, &visit));
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| browser.send("POST", &visit.at("/second"), &[], b"a=b"));
            let (mut app, head) = upstream.request();
            assert_eq!(app.body(&head).bytes, b"a=b");
            app.send(OK);
            assert_eq!(sending.join().expect("a response").status, 200);
        });
    }
}
