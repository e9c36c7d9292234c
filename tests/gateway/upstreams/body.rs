//! Bodies in both directions: complete, with new framing and unchanged bytes.

use crate::support::{Upstream, Wire};

use super::*;

/// Every byte value, several times.
fn every_byte(times: usize) -> Vec<u8> {
    (0..=255).cycle().take(256 * times).collect()
}

#[test]
fn an_upload_with_a_length_keeps_it() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    for (method, length) in
        [("POST", 1), ("POST", 13), ("PUT", 14), ("PATCH", 15), ("DELETE", 16), ("POST", 300_000)]
    {
        let body = &every_byte(length / 256 + 1)[..length];
        let media_type = [("Content-Type", "application/octet-stream")];
        assert_eq!(browser.send(method, &visit.at("/up"), &media_type, body).body, "ok");
        let request = recorder.request();
        assert_eq!(request.line(), format!("{method} /app/up"));
        assert_eq!(request.header("content-length"), Some(length.to_string()));
        assert_eq!(request.header("transfer-encoding"), None);
        assert_eq!(request.header("content-type").as_deref(), Some("application/octet-stream"));
        assert!(request.body == body, "{length} bytes");
    }
}

/// A line without its end.
fn line(wire: &mut Wire) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let byte = wire.at_most(1);
        assert!(!byte.is_empty(), "the other side closed after {line:?}");
        line.extend(byte);
    }
    String::from_utf8_lossy(&line[..line.len() - 2]).into_owned()
}

/// The bytes and the trailers of a chunked body.
fn body_and_trailers(wire: &mut Wire) -> (Vec<u8>, Vec<String>) {
    let mut body = Vec::new();
    loop {
        let size = usize::from_str_radix(&line(wire), 16).expect("the size of a chunk");
        if size == 0 {
            break;
        }
        body.extend(wire.at_most(size));
        assert_eq!(line(wire), "");
    }
    let mut trailers: Vec<_> =
        std::iter::repeat_with(|| line(wire)).take_while(|line| !line.is_empty()).collect();
    trailers.sort_unstable();
    (body, trailers)
}

#[test]
fn a_chunked_upload_stays_chunked() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), "headers = { X-Token = \"secret\" }"));
    let (browser, visit) = opened(&server);
    let body = every_byte(100);
    let announced = "X-Sum, X-Two, Cookie, X-Forwarded-User, X_Forwarded_User, Authorization, \
        Host, Transfer-Encoding, X-Token, X-WEBAUTH-USER";
    let headers = [("Transfer-Encoding", "chunked"), ("Trailer", announced)];
    let mut wire = browser.ask("POST", &visit.at("/up"), &headers);
    for chunk in body.chunks(999) {
        wire.send(format!("{:x};ext=1\r\n", chunk.len()));
        wire.send(chunk);
        wire.send("\r\n");
    }
    wire.send(
        "0\r\nX-Sum: 1\r\nX-Two: 2\r\nx-two: 3\r\nX-Silent: evil\r\nCookie: evil\r\n\
        X-Forwarded-User: evil\r\nX_Forwarded_User: evil\r\nAuthorization: evil\r\n\
        Host: evil\r\nTransfer-Encoding: evil\r\nX-Token: evil\r\nX-WEBAUTH-USER: evil\r\n\r\n",
    );
    let (mut app, head) = upstream.request();
    let received = body_and_trailers(&mut app);
    app.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(Reply::read(&mut wire, "POST").body, "ok");
    assert_eq!(head.header("transfer-encoding").as_deref(), Some("chunked"));
    assert_eq!(head.header("content-length"), None);
    assert_eq!(head.header("trailer").as_deref(), Some("X-Sum, X-Two"));
    assert!(received.0 == body && !head.contains("evil"));
    assert_eq!(received.1, ["x-sum: 1", "x-two: 2", "x-two: 3"]);
}

#[test]
fn a_form_that_is_no_launch_keeps_its_framing_and_trailers() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), "prefix = \"tool\""));
    let (browser, _) = opened(&server);
    for size in [0, 1, 20_000, 256 * 1024, 256 * 1024 + 1, 600_000] {
        let body: Vec<u8> = (0..size).map(|at| b'a' + (at % 23) as u8).collect();
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Transfer-Encoding", "chunked"),
            ("Trailer", "X-Sum"),
            ("Expect", "100-continue"),
        ];
        let mut wire = browser.ask("POST", "/lti/nb", &headers);
        for chunk in body.chunks(10_007) {
            wire.send(format!("{:x}\r\n", chunk.len()));
            wire.send(chunk);
            wire.send("\r\n");
        }
        wire.send("0\r\nX-Sum: 1\r\nCookie: evil\r\n\r\n");
        let (mut app, head) = upstream.request();
        let received = body_and_trailers(&mut app);
        app.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        drop(app);
        assert_eq!(Reply::read(&mut wire, "POST").body, "ok", "{size}");
        assert_eq!(head.header("transfer-encoding").as_deref(), Some("chunked"));
        assert_eq!(head.header("content-length"), None);
        assert!(received.0 == body, "{size}");
        assert_eq!(received.1, ["x-sum: 1"]);
    }
}

#[test]
fn an_upload_to_the_launch_path_streams() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), "prefix = \"tool\""));
    let (browser, _) = opened(&server);
    // A form that is too large for a launch streams too.
    for (media_type, first) in
        [("application/octet-stream", 1), ("application/x-www-form-urlencoded", 256 * 1024 + 1)]
    {
        let headers = [("Content-Type", media_type), ("Transfer-Encoding", "chunked")];
        let mut wire = browser.ask("POST", "/lti/nb", &headers);
        wire.send(format!("{first:x}\r\n{}\r\n", "a".repeat(first)));
        let (mut app, _) = upstream.request();
        let mut arrived = 0;
        while arrived < first {
            arrived += app.chunk().expect("a chunk, although the upload goes on").len();
        }
        wire.send("1\r\nb\r\n0\r\n\r\n");
        assert_eq!(app.chunk().as_deref(), Some(b"b".as_slice()));
        app.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(Reply::read(&mut wire, "POST").body, "ok");
        drop(app);
    }
}

#[test]
fn response_trailers_reach_a_client_that_asks_for_them() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    let announced = "Server-Timing, X-Sum, Set-Cookie, Location, Content-Security-Policy, \
        X-LTI-Grade-Token, Strict-Transport-Security";
    for (te, expected) in
        [(Some("trailers"), &["server-timing: db;dur=5", "x-sum: 1"][..]), (None, &[])]
    {
        let mut headers = vec![("Connection", "close")];
        headers.extend(te.map(|te| ("TE", te)));
        let mut wire = browser.ask("GET", &visit.at("/"), &headers);
        let (mut app, head) = upstream.request();
        assert_eq!(head.header("te").as_deref(), te);
        app.send(format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\
            Trailer: {announced}\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\
            Server-Timing: db;dur=5\r\nX-Silent: evil\r\nSet-Cookie: evil=1\r\n\
            Location: /evil\r\nContent-Security-Policy: evil\r\nX-LTI-Grade-Token: evil\r\n\
            Strict-Transport-Security: evil\r\n\r\n"
        ));
        drop(app);
        let head = Reply::head(&mut wire).expect("a response");
        assert_eq!(head.header("trailer").as_deref(), Some("Server-Timing, X-Sum"));
        let (body, trailers) = body_and_trailers(&mut wire);
        assert_eq!(
            (&body[..], trailers),
            (&b"hello"[..], expected.iter().map(|&one| one.to_owned()).collect()),
            "{te:?}"
        );
        assert_eq!(wire.rest(), b"", "nothing follows the trailers");
    }
}

#[test]
fn a_body_of_a_get_arrives_with_either_framing() {
    let (recorder, server) = recorded();
    let (browser, visit) = opened(&server);
    let query = r#"{"query": {"match_all": {}}}"#;
    let chunked = format!("{:x}\r\n{query}\r\n0\r\n\r\n", query.len());
    let length = query.len().to_string();
    for (framing, body) in [
        (("Transfer-Encoding", "chunked"), chunked.as_str()),
        (("Content-Length", length.as_str()), query),
    ] {
        for method in ["GET", "DELETE", "OPTIONS"] {
            let mut wire = browser.ask(method, &visit.at("/_search"), &[framing]);
            wire.send(body);
            assert_eq!(Reply::read(&mut wire, method).body, "ok", "{method} {framing:?}");
            let request = recorder.request();
            assert_eq!(request.line(), format!("{method} /app/_search"));
            assert_eq!(request.body, query.as_bytes(), "{method} {framing:?}");
            let name = framing.0.to_lowercase();
            assert_eq!(request.header(&name).as_deref(), Some(framing.1));
        }
    }
}

#[test]
fn an_empty_body_is_no_body() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    assert_eq!(browser.send("POST", &visit.at("/up"), &[], b"").body, "ok");
    let request = recorder.request();
    assert_eq!((request.header("content-length").as_deref(), request.body.len()), (Some("0"), 0));
    let mut wire = browser.ask("POST", &visit.at("/up"), &[("Transfer-Encoding", "chunked")]);
    wire.send("0\r\n\r\n");
    assert_eq!(Reply::read(&mut wire, "POST").body, "ok");
    assert_eq!(recorder.request().body, b"");
    assert_eq!(browser.get(&visit.at("/down")).body, "ok");
    let request = recorder.request();
    assert_eq!(
        (request.header("content-length"), request.header("transfer-encoding")),
        (None, None)
    );
}

#[test]
fn a_body_announced_with_expect_is_requested_with_100_continue() {
    let (recorder, server) = recorded();
    let (browser, visit) = opened(&server);
    let body = every_byte(10);
    let length = body.len().to_string();
    let headers = [("Expect", "100-continue"), ("Content-Length", length.as_str())];
    let mut wire = browser.ask("PUT", &visit.at("/up"), &headers);
    let interim = wire.head().expect("an interim response");
    assert_eq!(interim.line(), "HTTP/1.1 100 Continue");
    wire.send(&body);
    assert_eq!(Reply::read(&mut wire, "PUT").body, "ok");
    let request = recorder.request();
    assert_eq!(request.header("expect"), None);
    assert!(request.body == body);
}

#[test]
fn compressed_bodies_stay_compressed() {
    let compressed = [b"\x1f\x8b\x08\x00".as_slice(), &every_byte(4)].concat();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/css\r\n\
            Vary: Accept-Encoding\r\nContent-Length: {}\r\n\r\n",
        compressed.len()
    );
    let recorder = Recorder::answering([head.as_bytes(), &compressed].concat());
    let server = server(&tools(&recorder.url(), ""));
    let (mut browser, visit) = opened(&server);
    let reply =
        browser.send("GET", &visit.at("/a.css"), &[("Accept-Encoding", "gzip, br;q=0.5")], b"");
    assert_eq!(
        (reply.header("content-encoding"), reply.header("vary")),
        (Some("gzip"), Some("Accept-Encoding"))
    );
    assert_eq!(reply.header("content-length"), Some(compressed.len().to_string().as_str()));
    assert!(reply.bytes == compressed && reply.complete);
    assert_eq!(recorder.request().header("accept-encoding").as_deref(), Some("gzip, br;q=0.5"));
    // The gateway adds no `Accept-Encoding` of its own.
    browser.get(&visit.at("/a.css"));
    assert_eq!(recorder.request().header("accept-encoding"), None);
    // A compressed upload passes too.
    browser.send("POST", &visit.at("/up"), &[("Content-Encoding", "gzip")], &compressed);
    let request = recorder.request();
    assert!(
        request.body == compressed && request.header("content-encoding").as_deref() == Some("gzip")
    );
}

#[test]
fn a_range_request_returns_a_part_of_a_file() {
    let recorder = Recorder::answering(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-4/10\r\nContent-Length: 3\r\n\
            Accept-Ranges: bytes\r\n\r\ncde",
    );
    let server = server(&tools(&recorder.url(), ""));
    let (mut browser, visit) = opened(&server);
    let headers = [("Range", "bytes=2-4"), ("If-Range", "\"x\"")];
    let reply = browser.send("GET", &visit.at("/film"), &headers, b"");
    assert_eq!((reply.status, reply.body.as_str()), (206, "cde"));
    assert_eq!(reply.header("content-range"), Some("bytes 2-4/10"));
    assert_eq!(reply.header("accept-ranges"), Some("bytes"));
    let request = recorder.request();
    assert_eq!(request.header("range").as_deref(), Some("bytes=2-4"));
    assert_eq!(request.header("if-range").as_deref(), Some("\"x\""));
}

#[test]
fn responses_without_a_body_stay_without_one() {
    for (status, headers) in [
        ("204 No Content", "ETag: \"x\"\r\n"),
        ("304 Not Modified", "ETag: \"x\"\r\n"),
        ("304 Not Modified", "ETag: \"x\"\r\nContent-Length: 100\r\n"),
    ] {
        let recorder = Recorder::answering(format!("HTTP/1.1 {status}\r\n{headers}\r\n"));
        let server = server(&tools(&recorder.url(), ""));
        let (browser, visit) = opened(&server);
        let headers = [("If-None-Match", "\"x\""), ("Connection", "close")];
        let mut wire = browser.ask("GET", &visit.at("/"), &headers);
        let reply = Reply::read(&mut wire, "GET");
        assert_eq!(reply.status.to_string(), status[..3]);
        assert_eq!(
            (reply.header("etag"), reply.header("transfer-encoding")),
            (Some("\"x\""), None)
        );
        assert_eq!(wire.rest(), b"");
        assert_eq!(recorder.request().header("if-none-match").as_deref(), Some("\"x\""));
    }
}

#[test]
fn a_response_arrives_complete_with_every_framing() {
    let body = every_byte(300);
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    let sized =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    let closed = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    let old = "HTTP/1.0 200 OK\r\n\r\n";
    for head in [sized.as_str(), chunked, closed, old] {
        let mut wire = browser.ask("GET", &visit.at("/"), &[]);
        let (mut app, _) = upstream.request();
        app.send(head);
        if head == chunked {
            for chunk in body.chunks(7000) {
                app.send([format!("{:X}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
            }
            app.send("0\r\n\r\n");
        } else {
            app.send(&body);
        }
        drop(app);
        let reply = Reply::read(&mut wire, "GET");
        assert!(reply.complete && reply.bytes == body, "{head}");
        let length = (head == sized).then(|| body.len().to_string());
        assert_eq!(reply.header("content-length"), length.as_deref(), "{head}");
    }
}

#[test]
fn chunks_win_over_a_length_in_a_response() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    for lines in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "transfer-encoding: CHUNKED\r\ncontent-length: 300",
    ] {
        let mut wire = browser.ask("GET", &visit.at("/"), &[("Connection", "close")]);
        let (mut app, _) = upstream.request();
        app.send(format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
        drop(app);
        let reply = Reply::read(&mut wire, "GET");
        assert_eq!(
            (reply.status, reply.body.as_str(), reply.complete),
            (200, "hello", true),
            "{lines}"
        );
        assert_eq!(reply.header("content-length"), None, "{lines}");
        assert_eq!(wire.rest(), b"", "{lines}");
    }
}

#[test]
fn a_client_of_http_1_0_gets_no_chunks() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (_, visit) = opened(&server);
    let mut wire = server.connect();
    let (target, cookie) = (visit.at("/old"), &visit.cookie);
    wire.send(format!("GET {target} HTTP/1.0\r\nHost: tool.example\r\nCookie: {cookie}\r\n\r\n"));
    let (mut app, head) = upstream.request();
    assert_eq!(head.line(), "GET /app/old HTTP/1.1");
    app.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    let reply = Reply::read(&mut wire, "GET");
    assert_eq!((reply.status, reply.body.as_str()), (200, "hello"));
    assert_eq!(reply.header("transfer-encoding"), None);
}

#[test]
fn interim_responses_are_not_the_response() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), ""));
    let (browser, visit) = opened(&server);
    let mut wire = browser.ask("GET", &visit.at("/"), &[]);
    let (mut app, _) = upstream.request();
    app.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
    app.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let reply = Reply::read(&mut wire, "GET");
    assert_eq!((reply.status, reply.body.as_str(), reply.header("link")), (200, "ok", None));
}
