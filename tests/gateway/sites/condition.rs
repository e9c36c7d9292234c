//! Conditional requests.

use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::support::NOW;

/// A book whose `digits.bin` changed at this time.
fn changed_at(seconds: u64) -> Book {
    let book = Book::new();
    let file = fs::File::options().write(true).open(book.folder().join("digits.bin"));
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    file.expect("a file").set_modified(time).expect("a time");
    book
}

#[test]
fn a_browser_that_has_the_file_receives_no_second_one() {
    let book = changed_at(784_111_777);
    let (mut browser, visit) = book.open();
    let target = visit.at("/digits.bin");
    let first = browser.get(&target);
    assert_eq!(first.header("last-modified"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    let tag = first.header("etag").expect("a tag").to_owned();
    assert!(tag.starts_with('"') && tag.len() == 18, "{tag}");
    for method in ["GET", "HEAD"] {
        for condition in [
            ("If-None-Match", tag.as_str()),
            ("If-None-Match", &format!("\"x\", W/{tag}")),
            ("If-None-Match", "*"),
            ("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("If-Modified-Since", "Mon, 06 Nov 2023 08:49:37 GMT"),
        ] {
            let reply = browser.send(method, &target, &[condition, ("Range", "bytes=0-1")], b"");
            assert_eq!((reply.status, reply.bytes.len()), (304, 0), "{condition:?}");
            for header in ["etag", "last-modified", "cache-control", "vary"] {
                assert_eq!(reply.header(header), first.header(header), "{header}");
            }
            let policy = "content-security-policy";
            assert_eq!(reply.header(policy), first.header(policy));
            assert_eq!(reply.header("content-length"), None);
        }
    }
    for condition in [
        ("If-None-Match", "\"x\""),
        ("If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"),
        ("If-Modified-Since", "soon"),
        ("If-Match", &tag),
        ("If-Match", "*"),
        ("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ] {
        assert_eq!(browser.send("GET", &target, &[condition], b"").body, "0123456789");
    }
    for condition in
        [("If-Match", "\"x\""), ("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT")]
    {
        let reply = browser.send("GET", &target, &[condition], b"");
        assert_eq!((reply.status, reply.bytes.len()), (412, 0), "{condition:?}");
    }
}

/// Many deploys give all files the same time of change.
#[test]
fn a_changed_file_has_another_tag_even_with_the_same_time_and_length() {
    let book = changed_at(1);
    let (mut browser, visit) = book.open();
    let target = visit.at("/digits.bin");
    let tag = browser.get(&target).header("etag").expect("a tag").to_owned();
    assert_eq!(browser.get(&target).header("etag"), Some(tag.as_str()), "the tag is stable");
    fs::write(book.folder().join("new"), "ABCDEFGHIJ").expect("written");
    let new = fs::File::options().write(true).open(book.folder().join("new")).expect("a file");
    new.set_modified(UNIX_EPOCH + Duration::from_secs(1)).expect("a time");
    fs::rename(book.folder().join("new"), book.folder().join("digits.bin")).expect("renamed");
    let reply = browser.send("GET", &target, &[("If-None-Match", &tag)], b"");
    assert_eq!((reply.status, reply.body.as_str()), (200, "ABCDEFGHIJ"));
    assert_ne!(reply.header("etag"), Some(tag.as_str()));
}

/// A time that HTTP cannot write, or that lies in the future, is none.
#[test]
fn a_file_without_a_usable_time_has_only_a_tag() {
    for seconds in [NOW + 1, 253_402_300_800, 1 << 33] {
        let book = changed_at(seconds);
        let (mut browser, visit) = book.open();
        let reply = browser.get(&visit.at("/digits.bin"));
        assert_eq!((reply.status, reply.header("last-modified")), (200, None), "{seconds}");
        let since = [("If-Modified-Since", "Fri, 31 Dec 9999 23:59:59 GMT")];
        assert_eq!(browser.send("GET", &visit.at("/digits.bin"), &since, b"").status, 200);
    }
    let book = Book::new();
    let file = fs::File::options().write(true).open(book.folder().join("digits.bin"));
    let before = UNIX_EPOCH - Duration::from_secs(1_000_000);
    file.expect("a file").set_modified(before).expect("a time");
    let (mut browser, visit) = book.open();
    let reply = browser.get(&visit.at("/digits.bin"));
    assert_eq!((reply.status, reply.header("last-modified")), (200, None));
}
