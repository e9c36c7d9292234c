//! Upstreams that are unreachable, silent or broken.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use crate::support::{Head, Upstream, Wire};

use super::*;

/// Asserts the page, or the JSON, of an upstream's failure, after a request with this `Accept`.
#[track_caller]
fn failed(wire: &mut Wire, accept: &str, status: u16, code: &str) {
    let reply = Reply::read(wire, "GET");
    if accept == "application/json" {
        refused(&reply, status, code);
    } else {
        refused_page(&reply, status, code);
    }
    assert!(!reply.body.contains("127.0.0.1"), "the upstream's URL is private: {}", reply.body);
    assert!(!reply.body.contains("cargo run"), "the admin's comment is private: {}", reply.body);
}

const ACCEPTS: [&str; 2] = ["application/json", "text/html,*/*;q=0.8"];

#[test]
fn an_unreachable_upstream_is_a_503_and_a_line_in_the_log() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|it| it.local_addr())
        .expect("a port")
        .port();
    let tools =
        tools(&format!("http://127.0.0.1:{port}"), "frame_ancestors = [\"https://lms.example\"]");
    // Only development shows the comment.
    let url = format!("127.0.0.1:{port}\"");
    assert!(tools.contains(&url), "{tools}");
    let server = server(&tools.replace(&url, &format!("{url} # cargo run -p app")));
    let (mut browser, visit) = opened(&server);
    // A page that a browser opens reloads itself: `starting`.
    for accept in ACCEPTS {
        failed(
            &mut browser.ask("POST", &visit.at("/"), &[("Accept", accept)]),
            accept,
            503,
            "upstream-refused",
        );
    }
    let reply = browser.get(&visit.at("/"));
    let policy = reply.header("content-security-policy").expect("a policy");
    assert!(
        policy.ends_with("frame-ancestors https://lms.example"),
        "the page is shown in the platform's frame: {policy}"
    );
    // An upload does not delay the refusal.
    let reply = browser.send("POST", &visit.at("/up"), &[JSON], &[b'x'; 200_000]);
    refused(&reply, 503, "upstream-refused");
    let line = line_of(reply.json()["reference"].as_str().expect("a reference"));
    assert!(line.contains("tool=\"nb\"") && line.contains("WARN"), "{line}");
}

#[test]
fn an_upstream_that_breaks_off_before_its_response_is_a_502() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    // After a response, the gateway knows that the upstream expects no TLS.
    let mut wire = browser.ask("GET", &visit.at("/"), &[]);
    let (mut app, _) = upstream.request();
    app.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(Reply::read(&mut wire, "GET").body, "ok");
    drop(app);
    let failures: [fn(&Upstream); 6] = [
        |upstream| drop(upstream.accept()),
        |upstream| upstream.accept().reset(),
        |upstream| drop(upstream.request()),
        |upstream| upstream.request().0.send("HTTP/1.1 200"),
        |upstream| upstream.request().0.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"),
        |upstream| upstream.request().0.send("HTTP/1.1 100 Continue\r\n\r\n"),
    ];
    for fail in failures {
        for accept in ACCEPTS {
            let mut wire = browser.ask("GET", &visit.at("/"), &[("Accept", accept)]);
            fail(&upstream);
            failed(&mut wire, accept, 502, "upstream-gone");
        }
    }
    assert!(upstream.saw_nothing(), "a failed request is not retried");
}

#[test]
fn a_response_that_is_not_http_is_a_502() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    for garbage in [
        "garbage\r\n\r\n",
        "\0\u{1}\u{2}\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 99999 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "<html><body>Moved</body></html>\r\n\r\n",
    ] {
        let mut wire = browser.ask("GET", &visit.at("/"), &[JSON]);
        let (mut app, _) = upstream.request();
        let _ = app.offer(garbage);
        app.finish();
        failed(&mut wire, "application/json", 502, "upstream-protocol");
    }
}

#[test]
fn a_response_head_without_an_end_is_a_502() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    for line in ["X-More: and more\r\n", "x"] {
        let mut wire = browser.ask("GET", &visit.at("/"), &[JSON]);
        let (mut app, _) = upstream.request();
        app.send("HTTP/1.1 200 OK\r\nX-First: ");
        let block = line.repeat(64 * 1024 / line.len());
        while app.offer(&block).is_ok() {}
        failed(&mut wire, "application/json", 502, "upstream-head-too-large");
    }
}

#[test]
fn a_silent_upstream_is_a_504() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), "timeout = \"1s\""));
    let (browser, visit) = opened(&server);
    for (accept, sent) in [(ACCEPTS[0], ""), (ACCEPTS[1], "HTTP/1.1 200 OK\r\nX: ")] {
        let mut wire = browser.ask("GET", &visit.at("/"), &[("Accept", accept)]);
        let (mut app, _) = upstream.request();
        app.send(sent);
        failed(&mut wire, accept, 504, "upstream-slow");
        assert!(app.is_over(), "its connection is closed");
    }
    // An upstream that reads nothing of an upload is slow too.
    let body = vec![b'x'; 64 << 20];
    let mut wire =
        browser.ask("POST", &visit.at("/up"), &[JSON, ("Content-Length", &body.len().to_string())]);
    std::thread::scope(|scope| {
        let mut writer = wire.second();
        scope.spawn(move || {
            let _ = writer.offer(&body);
        });
        let (app, _) = upstream.request();
        failed(&mut wire, "application/json", 504, "upstream-slow");
        drop(app);
    });
}

#[test]
fn a_response_that_breaks_off_never_looks_complete() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    // The gateway reads a small response completely before it responds, a large one it does not.
    let mut wire = browser.ask("GET", &visit.at("/"), &[JSON]);
    let (mut app, _) = upstream.request();
    app.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it");
    drop(app);
    failed(&mut wire, "application/json", 502, "upstream-gone");
    for part in ["half of it".to_owned(), "x".repeat(200_000)] {
        let mut wire = browser.ask("GET", &visit.at("/"), &[]);
        let (mut app, _) = upstream.request();
        app.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{part}"));
        drop(app);
        // It may break off before the response head is sent.
        if let Some(reply) = Reply::read_if_any(&mut wire, "GET") {
            assert_eq!((reply.status, reply.complete), (200, false));
            assert!(part.starts_with(&reply.body));
        }
        assert!(wire.is_over());
    }
}

#[test]
fn a_response_that_falls_silent_is_broken_off_after_the_timeout() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), "timeout = \"1s\""));
    let (browser, visit) = opened(&server);
    for framing in ["Content-Length: 1000000", "Content-Length: 100"] {
        let mut wire = browser.ask("GET", &visit.at("/"), &[]);
        let (mut app, _) = upstream.request();
        app.send(format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\nhalf of it"));
        let reply = Reply::read(&mut wire, "GET");
        assert_eq!((reply.status, reply.body.as_str(), reply.complete), (200, "half of it", false));
        assert!(app.is_over(), "its connection is closed");
    }
}

#[test]
fn a_keep_alive_connection_that_the_upstream_closed_is_replaced() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    for _ in 0..20 {
        let mut wire = browser.ask("GET", &visit.at("/"), &[]);
        let (mut app, _) = upstream.request();
        app.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        drop(app);
        assert_eq!(Reply::read(&mut wire, "GET").body, "ok");
    }
}

#[test]
fn keep_alive_connections_to_an_upstream_are_reused() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    let mut app: Option<Wire> = None;
    for number in 0..5 {
        let mut wire = browser.ask("GET", &visit.at(&format!("/{number}")), &[]);
        let connection = app.get_or_insert_with(|| upstream.accept());
        let head: Head = connection.head().expect("a request");
        assert_eq!(head.line(), format!("GET /app/{number} HTTP/1.1"));
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(Reply::read(&mut wire, "GET").body, "ok");
    }
    assert!(upstream.saw_nothing(), "five requests, one connection");
}

#[test]
fn an_https_upstream_receives_nothing_in_clear_text() {
    let upstream = Upstream::start();
    let url = upstream.url().replace("http://", "https://");
    let server = server(&tools(&url, ""));
    let (browser, visit) = opened(&server);
    let mut wire = browser.ask("GET", &visit.at("/secret-path"), &[JSON]);
    let mut app = upstream.accept();
    let hello = app.at_most(5);
    assert_eq!(hello[..2], [22, 3], "a TLS handshake");
    app.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    app.finish();
    failed(&mut wire, "application/json", 502, "upstream-scheme");
    let rest = app.rest();
    for clear in ["GET", "secret-path", "user-4711", "X-Forwarded"] {
        assert!(!rest.windows(clear.len()).any(|window| window == clear.as_bytes()), "{clear}");
    }
}

#[test]
fn a_request_of_a_browser_that_left_ends_with_the_timeout() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), "timeout = \"1s\""));
    let (browser, visit) = opened(&server);
    let wire = browser.ask("GET", &visit.at("/"), &[]);
    let (mut app, _) = upstream.request();
    drop(wire);
    assert!(app.is_over());
}

/// The line in the log of a request to this upstream, which fails with this status and code.
#[track_caller]
fn line_of_failure(upstream: &str, status: u16, code: &str) -> String {
    let server = server(&tools(upstream, ""));
    let (mut browser, visit) = opened(&server);
    let reply = browser.send("GET", &visit.at("/"), &[JSON], b"");
    refused(&reply, status, code);
    line_of(reply.json()["reference"].as_str().expect("a reference"))
}

#[test]
fn a_refused_loopback_address_names_the_one_where_an_app_listens() {
    let check = |listener: std::io::Result<TcpListener>, upstream: &str, advice: &str| {
        let listener = listener.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let line = line_of_failure(&format!("http://{upstream}:{port}"), 503, "upstream-refused");
        assert!(line.contains(&format!("but an app listens at {advice}:{port}")), "{line}");
        assert!(line.contains(&format!("write {advice} for the host")), "{line}");
    };
    check(TcpListener::bind((Ipv6Addr::LOCALHOST, 0)), "127.0.0.1", "[::1]");
    check(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)), "[::1]", "127.0.0.1");
}

#[test]
fn a_host_without_a_network_address_is_a_502() {
    let line = line_of_failure("http://nosuch.invalid:9000", 502, "upstream-name");
    assert!(line.contains("nosuch.invalid"), "{line}");
}

#[test]
fn an_upstream_that_never_answers_the_tls_handshake_is_a_504() {
    let upstream = Upstream::start();
    let url = upstream.url().replace("http://", "https://");
    let server = server(&tools(&url, ""));
    let (browser, visit) = opened(&server);
    let mut wire = browser.ask("GET", &visit.at("/"), &[JSON]);
    let app = upstream.accept();
    failed(&mut wire, "application/json", 504, "upstream-timeout");
    drop(app);
}

#[test]
fn an_upstream_that_speaks_tls_behind_an_http_url_is_a_502() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    // OpenSSL's and rustls' alerts for a record that is not TLS.
    for alert in [[21, 3, 1, 0, 2, 2, 70], [21, 3, 3, 0, 2, 2, 10]] {
        let mut wire = browser.ask("GET", &visit.at("/"), &[JSON]);
        let (mut app, _) = upstream.request();
        app.send(alert);
        app.finish();
        failed(&mut wire, "application/json", 502, "upstream-scheme");
    }
}

#[test]
fn an_upstream_that_closes_in_silence_is_asked_for_tls_once() {
    let upstream = Upstream::start();
    for (answer, code) in [
        (&[21, 3, 3, 0, 2, 2, 40][..], "upstream-scheme"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "upstream-gone"),
        (b"", "upstream-gone"),
    ] {
        let server = server(&tools(&upstream.url(), ""));
        let (browser, visit) = opened(&server);
        let mut wire = browser.ask("GET", &visit.at("/"), &[JSON]);
        drop(upstream.request());
        let mut probe = upstream.accept();
        assert_eq!(probe.at_most(58)[..2], [22, 3], "a TLS handshake, and no request");
        let _ = probe.offer(answer);
        probe.finish();
        failed(&mut wire, "application/json", 502, code);
        assert_eq!(probe.rest(), b"");
        let mut wire = browser.ask("GET", &visit.at("/"), &[JSON]);
        drop(upstream.request());
        failed(&mut wire, "application/json", 502, code);
        assert!(upstream.saw_nothing(), "no second probe");
    }
}

#[test]
fn an_upstream_that_speaks_http_behind_an_https_url_is_a_502() {
    let upstream = Upstream::start();
    let url = upstream.url().replace("http://", "https://");
    let server = server(&tools(&url, ""));
    let (browser, visit) = opened(&server);
    for (answer, code) in [
        ("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "upstream-scheme"),
        ("<!DOCTYPE HTML>\n<html>", "upstream-scheme"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "upstream-tls"),
        ("", "upstream-tls"),
    ] {
        let mut wire = browser.ask("GET", &visit.at("/"), &[JSON]);
        let mut app = upstream.accept();
        app.at_most(5);
        app.send(answer);
        app.finish();
        failed(&mut wire, "application/json", 502, code);
    }
}

#[test]
fn a_response_head_may_have_256_kib_and_256_fields() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    let with_size = |size: usize| format!("X-Large: {}\r\n", "x".repeat(size));
    let with_fields = |count: usize| -> String {
        (1..count).map(|number| format!("X-{number}: x\r\n")).collect()
    };
    for (fields, is_passed) in [
        (with_size(250 * 1024), true),
        (with_size(257 * 1024), false),
        (with_size(300 * 1024), false),
        (with_fields(256), true),
        (with_fields(257), false),
        (with_fields(300), false),
    ] {
        let mut wire = browser.ask("GET", &visit.at("/"), &[JSON]);
        let (mut app, _) = upstream.request();
        let sent = app.offer(format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{fields}\r\nok"));
        if is_passed {
            sent.expect("the gateway reads");
            let reply = Reply::read(&mut wire, "GET");
            assert_eq!((reply.status, reply.body.as_str()), (200, "ok"));
        } else {
            let reply = Reply::read(&mut wire, "GET");
            assert_eq!(reply.status, 502, "{} bytes of fields", fields.len());
            refused(&reply, 502, "upstream-head-too-large");
        }
    }
}
