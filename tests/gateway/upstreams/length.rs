//! Request smuggling: two servers must not read the end of a request in two ways.

use crate::support::{Server, Wire};

use super::*;

/// A request inside the session with these header lines and this body.
fn request(visit: &Visit, lines: &[&str], body: &str) -> String {
    format!(
        "POST {} HTTP/1.1\r\nHost: tool.example\r\nAccept: application/json\r\nCookie: {}\r\n\
            {}\r\n\r\n{body}",
        visit.at("/up"),
        visit.cookie,
        lines.join("\r\n")
    )
}

/// All responses to these bytes, until the server closes the connection.
fn responses(server: &Server, bytes: &str) -> Vec<Reply> {
    let mut wire = server.connect();
    wire.send(bytes);
    std::iter::from_fn(|| Reply::read_if_any(&mut wire, "POST")).collect()
}

/// A request that is hidden in the body of another, and must never arrive.
fn hidden(visit: &Visit) -> String {
    let (target, cookie) = (visit.at("/hidden"), &visit.cookie);
    format!(
        "GET {target} HTTP/1.1\r\nHost: tool.example\r\nCookie: {cookie}\r\nConnection: close\r\n\
            \r\n"
    )
}

/// The server removes the length, as RFC 9112 §6.3 allows, and closes the connection, as it then
/// requires.
#[test]
fn a_length_beside_chunks_smuggles_no_request() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    let hidden = hidden(&visit);
    for lines in [
        ["Content-Length: 4", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 4"],
        ["Content-Length: 400", "transfer-encoding: CHUNKED"],
    ] {
        let responses =
            responses(&server, &request(&visit, &lines, &format!("1\r\nx\r\n0\r\n\r\n{hidden}")));
        assert_eq!(responses.len(), 1, "{responses:?}");
        assert_eq!((responses[0].status, responses[0].header("connection")), (200, Some("close")));
        let request = recorder.request();
        assert_eq!(
            (request.line().as_str(), request.body.as_slice()),
            ("POST /app/up", b"x".as_slice())
        );
        assert_eq!(request.header("content-length"), None);
        assert_eq!(request.header("transfer-encoding").as_deref(), Some("chunked"));
    }
}

#[test]
fn two_different_lengths_smuggle_no_request() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    let body = format!("abcd{}", hidden(&visit));
    let long = format!("Content-Length: {}", body.len());
    for lines in [
        vec!["Content-Length: 4", &long],
        vec![&long, "Content-Length: 4"],
        vec!["Content-Length: 4", "X: y", "content-length: 5"],
        vec!["Content-Length: 4,100"],
        vec!["Content-Length: 4, 4"],
    ] {
        let responses = responses(&server, &request(&visit, &lines, &body));
        assert_eq!(responses.len(), 1, "{lines:?}: {responses:?}");
        assert_eq!(responses[0].status, 400, "{lines:?}");
        recorder.saw_nothing();
    }
}

#[test]
fn the_same_length_twice_is_one_length() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    let lines = ["Content-Length: 4", "Content-Length: 4"];
    let responses =
        responses(&server, &request(&visit, &lines, &format!("abcd{}", hidden(&visit))));
    assert_eq!(responses.len(), 2, "the rest is the next request: {responses:?}");
    let first = recorder.next();
    assert_eq!(
        (first.line().as_str(), first.body.as_slice()),
        ("POST /app/up", b"abcd".as_slice())
    );
    assert_eq!(first.header("content-length").as_deref(), Some("4"));
    assert_eq!(recorder.request().line(), "GET /app/hidden");
}

#[test]
fn an_invalid_length_or_transfer_coding_is_refused() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    let hidden = hidden(&visit);
    for line in [
        "Content-Length: -1",
        "Content-Length: +4",
        "Content-Length: 4 4",
        "Content-Length: 0x4",
        "Content-Length: 99999999999999999999999",
        "Content-Length : 4",
        "Content-Length: ",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity",
        "Transfer-Encoding : chunked",
        "X: y\r\n Transfer-Encoding: chunked",
    ] {
        let responses =
            responses(&server, &request(&visit, &[line], &format!("0\r\n\r\n{hidden}")));
        assert!(responses.len() <= 1, "{line}: {responses:?}");
        for response in responses {
            assert!((400..=501).contains(&response.status), "{line}: {response:?}");
        }
        recorder.saw_nothing();
    }
}

#[test]
fn an_upload_that_breaks_off_never_looks_complete() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    for (line, body) in [
        ("Content-Length: 1000", "abc"),
        ("Content-Length: 1000", "only some of its bytes"),
        ("Transfer-Encoding: chunked", "16\r\nonly some of its bytes\r\n"),
        ("Transfer-Encoding: chunked", "ff\r\nonly some of its bytes"),
        ("Transfer-Encoding: chunked", "16\r\nonly some of its bytes\r\nzz\r\n\r\n"),
        // Rocket reads the first fourteen bytes before any route, and ignores errors in them.
        ("Transfer-Encoding: chunked", "5\r\nhello\r\n"),
        ("Transfer-Encoding: chunked", "5\r\nhel"),
        ("Transfer-Encoding: chunked", ""),
        ("Transfer-Encoding: chunked", "zz\r\nabc\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "5\r\nabc\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "-1\r\n\r\n"),
        ("Transfer-Encoding: chunked", "ffffffffffffffffff\r\nabc"),
    ] {
        let mut wire = server.connect();
        wire.send(request(&visit, &[line], body));
        wire.finish();
        if let Some(reply) = Reply::read_if_any(&mut wire, "POST") {
            assert_eq!(reply.status, 408, "{line}, {body:?}: {reply:?}");
        }
        recorder.saw_nothing();
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let recorder = Recorder::with(|request| {
        let line = request.line();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{line}", line.len()).into_bytes()
    });
    let server = server(&tools(&recorder.url(), ""));
    let (browser, visit) = opened(&server);
    let mut wire = server.connect();
    let mut requests = String::new();
    for number in 0..20 {
        requests.push_str(&browser.head("GET", &visit.at(&format!("/{number}")), &[]));
        requests.push_str(&browser.head(
            "POST",
            &visit.at(&format!("/{number}/save")),
            &[("Content-Length", "3")],
        ));
        requests.push_str("x=1");
    }
    wire.send(requests);
    for number in 0..20 {
        assert_eq!(Reply::read(&mut wire, "GET").body, format!("GET /app/{number}"));
        assert_eq!(Reply::read(&mut wire, "POST").body, format!("POST /app/{number}/save"));
        assert_eq!(recorder.next().line(), format!("GET /app/{number}"));
        let saved = recorder.next();
        assert_eq!(
            (saved.line(), saved.body.as_slice()),
            (format!("POST /app/{number}/save"), b"x=1".as_slice())
        );
    }
    recorder.saw_nothing();
}

#[test]
fn the_body_of_a_refused_request_is_not_the_next_request() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    // The gateway refuses the request before it reads the body, which looks like a request.
    let hidden = hidden(&visit);
    let length = format!("Content-Length: {}", hidden.len());
    let foreign = ["Origin: https://evil.example", length.as_str()];
    let mut wire: Wire = server.connect();
    wire.send(request(&visit, &foreign, &hidden));
    refused(&Reply::read(&mut wire, "POST"), 403, "foreign-origin");
    wire.finish();
    assert!(wire.is_over(), "one request, one response");
    recorder.saw_nothing();
}

#[test]
fn an_upload_that_breaks_off_is_not_logged_as_a_slow_form() {
    let recorder = Recorder::start();
    let server = server(&tools(&recorder.url(), "").replace("[tools.nb]", "[tools.cut]"));
    let form = Form { url: "https://tool.example/lti/cut", ..launch() };
    let visit = Browser::new(&server).open(&form);
    let mut wire = server.connect();
    let body = "16\r\nonly some of its bytes\r\nzz\r\n\r\n";
    wire.send(request(&visit, &["Transfer-Encoding: chunked"], body));
    wire.finish();
    let reply = Reply::read(&mut wire, "POST");
    assert_eq!(reply.status, 408, "{reply:?}");
    let lines = log_lines(" tool=\"cut\" outcome=\"refused\" code=\"incomplete\" ");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("the browser aborted its upload"), "{lines:?}");
    recorder.saw_nothing();
}
