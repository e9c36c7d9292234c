//! Request heads that are malformed or too large.

use super::paused::{Paused, run};

/// Strings that no line of the log may contain.
const PRIVATE: [&str; 2] = ["Lovelace", "s3cret-cookie"];

/// Sends a head, and asserts the gateway's own page, the end of the connection, and one log line.
#[track_caller]
fn check(head: impl AsRef<[u8]>, status: u16, code: &str, heading: &str) {
    run(async |gateway: &Paused| {
        let mut client = gateway.connect().await;
        // The gateway may answer before it has read all of it.
        let _ = client.offer(&head).await;
        let answer = client.answer("GET").await;
        let shown = String::from_utf8_lossy(head.as_ref()).chars().take(60).collect::<String>();
        assert_eq!(answer.status, status, "{shown:?}: {answer:?}");
        assert!(answer.body.contains(heading) && answer.is_complete, "{answer:?}");
        let header = |name: &str| answer.head.header(name);
        assert_eq!(header("content-type").as_deref(), Some("text/html; charset=utf-8"));
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
        assert_eq!(header("cache-control").as_deref(), Some("no-store"));
        gateway.settle().await;
        gateway.logged_once(code, &PRIVATE);
        assert!(gateway.upstream_saw_nothing().await);
        // Nothing of the request is in the response.
        assert!(!answer.body.contains("Lovelace"));
    });
}

fn malformed(head: impl AsRef<[u8]>) {
    check(head, 400, "malformed", "This request is invalid");
}

fn too_large(head: impl AsRef<[u8]>) {
    check(head, 431, "headers-too-large", "This request is invalid");
}

/// A head with a cookie of this length.
fn with_cookie(length: usize) -> String {
    format!(
        "GET /is_up HTTP/1.1\r\nHost: tool.example\r\nCookie: s3cret-cookie={}\r\n\r\n",
        "x".repeat(length)
    )
}

#[test]
fn a_head_of_300_kb_is_too_large() {
    too_large(with_cookie(300_000));
}

/// hyper would accept it.
#[test]
fn a_head_just_above_64_kib_is_too_large() {
    too_large(with_cookie(65_536));
}

#[test]
fn a_head_below_64_kib_is_answered() {
    run(async |gateway: &Paused| {
        let mut client = gateway.sent(with_cookie(65_000)).await;
        assert_eq!(client.answer("GET").await.body, "I'm up");
        assert_eq!(gateway.log("code="), [""; 0]);
    });
}

fn with_fields(count: usize) -> String {
    let fields: String = (1..count).map(|number| format!("X-{number}: Lovelace\r\n")).collect();
    format!("GET /is_up HTTP/1.1\r\nHost: tool.example\r\n{fields}\r\n")
}

#[test]
fn a_head_with_101_fields_is_too_large() {
    too_large(with_fields(101));
}

#[test]
fn a_head_with_100_fields_is_answered() {
    run(async |gateway: &Paused| {
        let mut client = gateway.sent(with_fields(100)).await;
        assert_eq!(client.answer("GET").await.body, "I'm up");
        assert_eq!(gateway.log("code="), [""; 0]);
    });
}

#[test]
fn a_malformed_request_line_gets_a_page() {
    malformed("GET\r\n\r\n");
    malformed("GET /Lovelace HTTP/9.9\r\nHost: tool.example\r\n\r\n");
    malformed("GET /Lovelace x HTTP/1.1\r\nHost: tool.example\r\n\r\n");
    malformed("G(T /Lovelace HTTP/1.1\r\nHost: tool.example\r\n\r\n");
}

#[test]
fn a_malformed_header_gets_a_page() {
    malformed("GET /Lovelace HTTP/1.1\r\nHost tool.example\r\n\r\n");
    malformed("GET /Lovelace HTTP/1.1\r\nHost: tool.example\r\nX-A : Lovelace\r\n\r\n");
    malformed("GET /Lovelace HTTP/1.1\r\nHost: tool.example\r\nX: a\0Lovelace\r\n\r\n");
}

#[test]
fn another_protocol_gets_a_page() {
    // A TLS client, and an HTTP/2 client.
    malformed(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    malformed("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
}

#[test]
fn a_target_above_64_kib_is_too_long() {
    let target = "x".repeat(65_534);
    let head = format!("GET /Lovelace{target} HTTP/1.1\r\nHost: tool.example\r\n\r\n");
    check(head, 414, "target-too-long", "This request is invalid");
}

#[test]
fn a_malformed_head_after_a_request_gets_a_page() {
    run(async |gateway: &Paused| {
        let mut client = gateway.sent("GET /is_up HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert_eq!(client.answer("GET").await.status, 200);
        client.send("nonsense\r\n\r\n").await;
        let answer = client.answer("GET").await;
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains("This request is invalid"), "{answer:?}");
        assert_eq!(client.rest().await, b"");
        gateway.logged_once("malformed", &["nonsense"]);
    });
}

/// Both heads arrive at once, so that hyper refuses the second while it still writes the response
/// to the first.
#[test]
fn a_malformed_head_that_is_pipelined_gets_a_page_after_the_first_response() {
    run(async |gateway: &Paused| {
        let requests = "GET /is_up HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n";
        let mut client = gateway.sent(requests).await;
        assert_eq!(client.answer("GET").await.body, "I'm up");
        let answer = client.answer("GET").await;
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains("This request is invalid"), "{answer:?}");
        gateway.logged_once("malformed", &["nonsense"]);
    });
}
