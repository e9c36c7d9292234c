//! Compressed files beside the files themselves.

use std::time::{Duration, SystemTime};

use super::*;

#[test]
fn a_compressed_file_is_sent_to_browsers_that_accept_it() {
    let book = Book::new();
    book.write("app.js", "plain");
    book.write("app.js.gz", "in gzip");
    book.write("app.js.br", "in brotli");
    book.write("index.html.gz", "an index in gzip");
    let (mut browser, visit) = book.open();
    let mut tags = Vec::new();
    for (accept, body, coding) in [
        ("gzip, deflate, br", "in brotli", Some("br")),
        ("gzip", "in gzip", Some("gzip")),
        ("br;q=0.5, gzip", "in gzip", Some("gzip")),
        ("br;q=0, gzip;q=0", "plain", None),
        ("identity", "plain", None),
    ] {
        let headers = [("Accept-Encoding", accept)];
        let reply = browser.send("GET", &visit.at("/app.js"), &headers, b"");
        assert_eq!((reply.body.as_str(), reply.header("content-encoding")), (body, coding));
        assert_eq!(reply.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(reply.header("vary"), Some("Accept-Encoding"));
        assert_eq!(reply.header("content-length"), Some(body.len().to_string().as_str()));
        tags.push(reply.header("etag").expect("a tag").to_owned());
    }
    assert_eq!(tags[1], tags[2]);
    assert_eq!(tags[3], tags[4]);
    tags.dedup();
    assert_eq!(tags.len(), 3, "each form has its own tag");
    let gzip = [("Accept-Encoding", "gzip")];
    assert_eq!(browser.send("GET", &visit.at("/"), &gzip, b"").body, "an index in gzip");
    // A range is one of the compressed file.
    let part = [("Accept-Encoding", "gzip"), ("Range", "bytes=3-")];
    let reply = browser.send("GET", &visit.at("/app.js"), &part, b"");
    assert_eq!((reply.body.as_str(), reply.header("content-encoding")), ("gzip", Some("gzip")));
    // The compressed file itself is a download.
    let reply = browser.send("GET", &visit.at("/app.js.gz"), &gzip, b"");
    assert_eq!((reply.body.as_str(), reply.header("content-encoding")), ("in gzip", None));
    assert_eq!(reply.header("content-type"), Some("application/gzip"));
}

#[test]
fn an_old_compressed_file_and_one_without_the_file_itself_do_not_count() {
    let book = Book::new();
    book.write("app.js", "plain");
    book.write("app.js.gz", "old");
    let compressed = fs::File::options().write(true).open(book.folder().join("app.js.gz"));
    let before = SystemTime::now() - Duration::from_secs(60);
    compressed.expect("a file").set_modified(before).expect("a time");
    book.write("alone.js.gz", "alone");
    let (mut browser, visit) = book.open();
    let gzip = [JSON, ("Accept-Encoding", "gzip")];
    let reply = browser.send("GET", &visit.at("/app.js"), &gzip, b"");
    assert_eq!((reply.body.as_str(), reply.header("content-encoding")), ("plain", None));
    refused(&browser.send("GET", &visit.at("/alone.js"), &gzip, b""), 404, "file-missing");
}
