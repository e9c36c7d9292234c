//! The head of a response with a file.

use super::*;

#[test]
fn a_file_has_exactly_these_headers() {
    let book = Book::with("frame_ancestors = [\"https://lms.example\"]");
    let (mut browser, visit) = book.open();
    let target = visit.at("/chapter/page.html");
    let reply = browser.get(&target);
    let mut headers: Vec<(&str, &str)> =
        reply.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    headers.retain(|(name, _)| !matches!(*name, "etag" | "date"));
    headers.sort_unstable();
    let expected = [
        ("accept-ranges", "bytes"),
        ("cache-control", "private, no-cache"),
        ("content-length", "13"),
        ("content-security-policy", "frame-ancestors https://lms.example"),
        ("content-type", "text/html; charset=utf-8"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "same-origin"),
        ("vary", "Accept-Encoding"),
        ("x-content-type-options", "nosniff"),
    ];
    assert_eq!(headers, expected);
    let head = browser.send("HEAD", &target, &[], b"");
    assert_eq!((head.status, head.bytes.len()), (200, 0));
    let without_date = |reply: &Reply| {
        let headers = reply.headers.iter().filter(|(name, _)| name != "date");
        headers.cloned().collect::<Vec<_>>()
    };
    assert_eq!(without_date(&head), without_date(&reply));
}

#[test]
fn a_connection_serves_several_files() {
    let book = Book::new();
    let (browser, visit) = book.open();
    let mut wire = book.server.connect();
    for (method, rest, body) in [
        ("HEAD", "/", ""),
        ("GET", "/", "<h1>Book</h1>"),
        ("GET", "/digits.bin", "0123456789"),
        ("GET", "/chapter/", "<h1>Chapter</h1>"),
    ] {
        wire.send(browser.head(method, &visit.at(rest), &[]));
        assert_eq!(Reply::read(&mut wire, method).body, body, "{method} {rest}");
    }
}
