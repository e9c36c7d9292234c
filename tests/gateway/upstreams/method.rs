//! HTTP methods.

use super::*;

/// Forms whose first field Rocket reads as a method.
const SPELLINGS: [&str; 14] = [
    "_method=put",
    "_method=put&x=1",
    "_method=DELETE",
    "_method=patch&_method=get",
    "&_method=put",
    "&&&_method=put",
    "._method=put",
    "[_method]=put",
    "_method[]=put",
    "_method.=put",
    "_method.a=put",
    "_method:=put",
    "%5Fmethod=put",
    "&_method=put&x=%zz",
];

#[test]
fn the_standard_methods_pass() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD"] {
        let reply = browser.send(method, &visit.at("/a?b"), &[], b"");
        let body = if method == "HEAD" { "" } else { "ok" };
        assert_eq!((reply.status, reply.body.as_str()), (200, body), "{method}");
        let request = recorder.request();
        assert_eq!(request.line(), format!("{method} /app/a?b"));
        assert_eq!(request.body, b"");
    }
}

#[test]
fn a_method_that_is_not_standard_reaches_the_upstream_in_a_session_only() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    for method in ["PROPFIND", "MKCOL", "QUERY", "get", "X"] {
        let reply = browser.send(method, &visit.at("/"), &[JSON], b"");
        assert_eq!((reply.status, reply.body.as_str()), (200, "ok"), "{method}");
        assert_eq!(recorder.request().line(), format!("{method} /app/"));
        // It counts as unsafe: another site's page may not send it.
        let foreign = [JSON, ("Sec-Fetch-Site", "cross-site")];
        let reply = browser.send(method, &visit.at("/"), &foreign, b"");
        refused(&reply, 403, "foreign-origin");
        for target in ["/", "/lti/hello", "/grades", "/is_up", "/static/a.css"] {
            let reply = server.send(method, target, &[("Host", "tool.example")], b"");
            assert_eq!(reply.status, 405, "{method} {target}: {reply:?}");
        }
        recorder.saw_nothing();
    }
}

#[test]
fn connect_is_not_implemented() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    let reply = browser.send("CONNECT", &visit.at("/"), &[JSON], b"");
    refused(&reply, 501, "method-unknown");
    let mut wire = server.connect();
    wire.send(format!(
        "CONNECT {} HTTP/1.1\r\nHost: {}\r\n\r\n",
        recorder.authority(),
        recorder.authority()
    ));
    let reply = Reply::read(&mut wire, "CONNECT");
    assert!(reply.status >= 400, "{reply:?}");
    recorder.saw_nothing();
}

#[test]
fn a_form_field_changes_no_method() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    for body in SPELLINGS {
        assert_eq!(browser.post_form(&visit.at("/save"), body).status, 200, "{body}");
        let request = recorder.request();
        assert_eq!(
            (request.line().as_str(), request.body.as_slice()),
            ("POST /app/save", body.as_bytes())
        );
    }
}

#[test]
fn a_form_field_does_not_evade_the_csrf_check() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    let headers = [
        JSON,
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Origin", "https://evil.example"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    for spelling in SPELLINGS {
        for method in ["get", "HEAD", "trace"] {
            let body = spelling.replacen("put", method, 1);
            let reply = browser.send("POST", &visit.at("/save"), &headers, body.as_bytes());
            refused(&reply, 403, "foreign-origin");
            recorder.saw_nothing();
        }
    }
}

#[test]
fn a_head_has_the_headers_of_the_response_and_no_body() {
    let recorder = Recorder::answering(
        "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 123456789\r\n\
            ETag: \"x\"\r\n\r\n",
    );
    let server = server(&tools(&recorder.url(), ""));
    let (browser, visit) = opened(&server);
    let mut wire = browser.ask("HEAD", &visit.at("/film"), &[("Connection", "close")]);
    let reply = Reply::read(&mut wire, "HEAD");
    assert_eq!((reply.status, reply.header("content-length")), (200, Some("123456789")));
    assert_eq!((reply.header("etag"), reply.header("transfer-encoding")), (Some("\"x\""), None));
    assert_eq!(wire.rest(), b"");
    assert_eq!(recorder.request().line(), "HEAD /app/film");
}

#[test]
fn options_for_the_whole_server_reach_no_upstream() {
    let (recorder, server) = recorded();
    opened(&server);
    let reply =
        server.raw(b"OPTIONS * HTTP/1.1\r\nHost: tool.example\r\nConnection: close\r\n\r\n");
    assert!((400..500).contains(&reply.status), "{reply:?}");
    recorder.saw_nothing();
}
