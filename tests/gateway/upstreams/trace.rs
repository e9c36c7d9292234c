//! `TRACE`: some servers echo the request in their response, so it must contain no secret.

use super::*;

#[test]
fn a_trace_contains_no_secret_and_no_identity() {
    let recorder = Recorder::start();
    let lines = "headers = { Authorization = \"Bearer of-the-tool\", X-Api-Key = \"of-the-tool\" }";
    let server = server(&tools(&recorder.url(), lines));
    let (mut browser, visit) = opened(&server);
    let headers = [
        ("Accept", "*/*"),
        ("Authorization", "Bearer evil"),
        ("Cookie", "app=evil"),
        ("X-LTI-Assertion", "evil"),
        ("X-Forwarded-User", "evil"),
    ];
    assert_eq!(browser.send("TRACE", &visit.at("/a?b"), &headers, b"").status, 200);
    let request = recorder.request();
    assert_eq!(request.line(), "TRACE /app/a?b");
    let mut names: Vec<String> = request.head.headers().into_iter().map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(names, ["accept", "host"]);
    for secret in ["of-the-tool", "evil", "user-4711", "Lovelace", "__Secure"] {
        assert!(!request.head.contains(secret), "{}", String::from_utf8_lossy(&request.head.raw));
    }
    // The next request has all headers again.
    assert_eq!(browser.get(&visit.at("/")).status, 200);
    let request = recorder.request();
    assert_eq!(request.header("authorization").as_deref(), Some("Bearer of-the-tool"));
    assert!(
        request.header("x-lti-assertion").is_some() && request.header("x-forwarded-user").is_some()
    );
}

#[test]
fn a_trace_contains_no_browsers_copy_of_a_configured_header() {
    let (recorder, server) = recorded_with("headers = { X-Api-Key = \"of-the-tool\" }");
    let (mut browser, visit) = opened(&server);
    let forged = [("X-Api-Key", "evil"), ("X_Api_Key", "evil")];
    assert_eq!(browser.send("TRACE", &visit.at("/"), &forged, b"").status, 200);
    assert!(!recorder.request().head.contains("evil"));
}
