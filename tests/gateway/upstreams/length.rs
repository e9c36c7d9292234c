//! Where a request ends, which two readers must not understand in two ways.

use crate::support::{Server, Wire};

use super::*;

/// A request inside the session with these header lines and this body.
fn request(visit: &Visit, lines: &[&str], body: &str) -> String {
    format!(
        "POST {} HTTP/1.1\r\nHost: tool.example\r\nAccept: application/json\r\nCookie: {}\r\n{}\r\n\r\n{body}",
        visit.at("/up"),
        visit.cookie,
        lines.join("\r\n")
    )
}

/// What is answered to bytes until the server closes, however many answers that are.
fn answers(server: &Server, bytes: &str) -> Vec<Reply> {
    let mut wire = server.connect();
    wire.send(bytes);
    std::iter::from_fn(|| Reply::read_if_any(&mut wire, "POST")).collect()
}

/// A request that must never arrive, as it could hide in the body of another.
fn hidden(visit: &Visit) -> String {
    let (target, cookie) = (visit.at("/hidden"), &visit.cookie);
    format!(
        "GET {target} HTTP/1.1\r\nHost: tool.example\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
    )
}

/// The server itself takes the length away, as RFC 9112 §6.3 allows, and closes, as it demands then.
#[test]
fn a_length_beside_chunks_counts_nowhere_and_nothing_may_follow() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    let hidden = hidden(&visit);
    for lines in [
        ["Content-Length: 4", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 4"],
        ["Content-Length: 400", "transfer-encoding: CHUNKED"],
    ] {
        let answers =
            answers(&server, &request(&visit, &lines, &format!("1\r\nx\r\n0\r\n\r\n{hidden}")));
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!((answers[0].status, answers[0].header("connection")), (200, Some("close")));
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
fn two_different_lengths_are_refused() {
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
        let answers = answers(&server, &request(&visit, &lines, &body));
        assert_eq!(answers.len(), 1, "{lines:?}: {answers:?}");
        assert_eq!(answers[0].status, 400, "{lines:?}");
        recorder.saw_nothing();
    }
}

#[test]
fn one_length_said_twice_is_one() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    let lines = ["Content-Length: 4", "Content-Length: 4"];
    let answers = answers(&server, &request(&visit, &lines, &format!("abcd{}", hidden(&visit))));
    assert_eq!(answers.len(), 2, "what follows is a request of its own: {answers:?}");
    let first = recorder.next();
    assert_eq!(
        (first.line().as_str(), first.body.as_slice()),
        ("POST /app/up", b"abcd".as_slice())
    );
    assert_eq!(first.header("content-length").as_deref(), Some("4"));
    assert_eq!(recorder.request().line(), "GET /app/hidden");
}

#[test]
fn what_is_no_length_and_no_coding_is_refused() {
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
        let answers = answers(&server, &request(&visit, &[line], &format!("0\r\n\r\n{hidden}")));
        assert!(answers.len() <= 1, "{line}: {answers:?}");
        for answer in answers {
            assert!((400..=501).contains(&answer.status), "{line}: {answer:?}");
        }
        recorder.saw_nothing();
    }
}

#[test]
fn an_upload_that_breaks_off_never_looks_whole() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    for (line, body) in [
        ("Content-Length: 1000", "abc"),
        ("Content-Length: 1000", "only some of its bytes"),
        ("Transfer-Encoding: chunked", "16\r\nonly some of its bytes\r\n"),
        ("Transfer-Encoding: chunked", "ff\r\nonly some of its bytes"),
        ("Transfer-Encoding: chunked", "16\r\nonly some of its bytes\r\nzz\r\n\r\n"),
        // Rocket reads the first fourteen bytes before any route, and passes over what goes wrong with them.
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
fn pipelined_requests_are_answered_in_their_order() {
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
fn what_follows_a_refused_request_is_no_part_of_it() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    // A body that looks like a request, of a request that is refused before its body is read.
    let hidden = hidden(&visit);
    let length = format!("Content-Length: {}", hidden.len());
    let foreign = ["Origin: https://evil.example", length.as_str()];
    let mut wire: Wire = server.connect();
    wire.send(request(&visit, &foreign, &hidden));
    refused(&Reply::read(&mut wire, "POST"), 403, "foreign-origin");
    wire.finish();
    assert!(wire.is_over(), "one request, one answer");
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
