//! Forms that a template's own page sends to its URL, which is the launch path.

use super::*;

const ORIGIN: (&str, &str) = ("Origin", "https://tool.example");
const SAME: (&str, &str) = ("Sec-Fetch-Site", "same-origin");
const REFERER: (&str, &str) = ("Referer", "https://tool.example/lti/a");
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// Sends a request as a browser does for a form of a page.
fn send(
    server: &Server,
    method: &str,
    target: &str,
    kind: &str,
    headers: &[(&str, &str)],
) -> Reply {
    let mut all = vec![("Host", "tool.example")];
    if method == "POST" {
        all.push(("Content-Type", kind));
    }
    all.extend_from_slice(headers);
    let body: &[u8] = if method == "POST" { b"answer=42" } else { b"" };
    server.send(method, target, &all, body)
}

#[test]
fn a_form_of_a_templates_own_page_has_a_code_of_its_own() {
    let server = server();
    for (method, target, kind, headers) in [
        ("POST", "/lti/a", URLENCODED, &[ORIGIN, SAME, REFERER][..]),
        ("POST", "/lti/a/", URLENCODED, &[ORIGIN, SAME]),
        ("POST", "/lti/a", URLENCODED, &[ORIGIN]),
        ("POST", "/lti/a", "multipart/form-data; boundary=x", &[ORIGIN, SAME, REFERER]),
        ("POST", "/lti/a", "application/json", &[ORIGIN, SAME, REFERER]),
        ("GET", "/lti/a?answer=42", "", &[SAME, REFERER]),
        ("GET", "/lti/a?answer=42", "", &[("Referer", "https://tool.example/lti/a/?x=1")]),
    ] {
        let reply = send(&server, method, target, kind, headers);
        rejected(&reply, 400, "template-form");
        for text in ["<h1>This page cannot take answers</h1>", "a template cannot take answers"] {
            assert!(reply.body.contains(text), "{}", reply.body);
        }
        let line = line_of(&reply);
        assert!(line.contains("a template cannot take answers: let the form"), "{line}");
        assert!(!line.contains("key and secret"), "{line}");
    }
}

#[test]
fn another_unsigned_request_keeps_its_code() {
    let recorder = Recorder::start();
    let tools = before_upstream(&recorder);
    let (server, with_upstream) = (server(), server_of(&tools));
    let elsewhere = ("Origin", "https://lms.example");
    let cross = ("Sec-Fetch-Site", "cross-site");
    for headers in [
        &[][..],
        &[elsewhere],
        &[elsewhere, cross],
        &[ORIGIN, ("Sec-Fetch-Site", "same-site")],
        // Another tool's page, or one of the gateway.
        &[ORIGIN, SAME, ("Referer", "https://tool.example/lti/b")],
        &[ORIGIN, SAME, ("Referer", "https://tool.example/dev")],
        &[ORIGIN, ("Referer", "https://lms.example/lti/a")],
    ] {
        rejected(&send(&server, "POST", "/lti/a", URLENCODED, headers), 400, "unsigned");
    }
    // The page of an app is not at its launch path.
    let own = [ORIGIN, SAME, REFERER];
    rejected(&send(&with_upstream, "POST", "/lti/a", URLENCODED, &own), 400, "unsigned");
    recorder.saw_nothing();
    // A link to the launch path, and a signed launch from a page of this origin.
    assert_eq!(send(&server, "GET", "/lti/a", "", &[SAME, REFERER]).status, 405);
    accepted(&server.post_with("/lti/a", &launch().sign(), &own));
}
