//! Parts of files.

use super::*;

#[test]
fn a_range_is_a_part_of_the_file() {
    let book = Book::new();
    let (mut browser, visit) = book.open();
    let target = visit.at("/digits.bin");
    let mut get = |range: &str| browser.send("GET", &target, &[("Range", range)], b"");
    for (range, body, content_range) in [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=2-5", "2345", "bytes 2-5/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=0-99", "0123456789", "bytes 0-9/10"),
    ] {
        let reply = get(range);
        assert_eq!((reply.status, reply.body.as_str()), (206, body), "{range}");
        assert_eq!(reply.header("content-range"), Some(content_range));
        assert_eq!(reply.header("content-length"), Some(body.len().to_string().as_str()));
        assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
    }
    for range in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
        let reply = get(range);
        assert_eq!((reply.status, reply.bytes.len()), (416, 0), "{range}");
        assert_eq!(reply.header("content-range"), Some("bytes */10"));
        assert_eq!(reply.header("content-type"), None);
    }
    for range in ["bytes=0-1,4-5", "bytes=5-2", "lines=0-1", "bytes=", "bytes=x"] {
        let reply = get(range);
        assert_eq!((reply.status, reply.body.as_str()), (200, "0123456789"), "{range}");
        assert_eq!(reply.header("content-range"), None);
        assert_eq!(reply.header("accept-ranges"), Some("bytes"));
    }
}

#[test]
fn a_range_of_another_version_is_the_whole_file() {
    let book = Book::new();
    let (mut browser, visit) = book.open();
    let target = visit.at("/digits.bin");
    let first = browser.get(&target);
    let tag = first.header("etag").expect("a tag").to_owned();
    let range = ("Range", "bytes=2-5");
    let reply = browser.send("GET", &target, &[range, ("If-Range", &tag)], b"");
    assert_eq!((reply.status, reply.body.as_str()), (206, "2345"));
    book.write("digits.bin", "ABCDEFGHIJ");
    let reply = browser.send("GET", &target, &[range, ("If-Range", &tag)], b"");
    assert_eq!((reply.status, reply.body.as_str()), (200, "ABCDEFGHIJ"));
}

#[test]
fn a_head_has_no_range() {
    let book = Book::new();
    let (mut browser, visit) = book.open();
    let range = [("Range", "bytes=2-5")];
    let head = browser.send("HEAD", &visit.at("/digits.bin"), &range, b"");
    assert_eq!((head.status, head.header("content-length")), (200, Some("10")));
}

#[test]
fn an_empty_file_has_no_range() {
    let book = Book::new();
    book.write("empty.txt", "");
    let (mut browser, visit) = book.open();
    for headers in [&[][..], &[("Range", "bytes=0-")]] {
        let reply = browser.send("GET", &visit.at("/empty.txt"), headers, b"");
        assert_eq!((reply.status, reply.bytes.len()), (200, 0));
        assert_eq!(reply.header("content-length"), Some("0"));
    }
}

/// The file needs no space on the disk.
#[test]
fn a_large_file_has_ranges_at_its_end() {
    const LENGTH: u64 = 3 * 1024 * 1024 * 1024;
    let book = Book::new();
    let file = fs::File::create(book.folder().join("film.mp4")).expect("a file");
    file.set_len(LENGTH).expect("a sparse file");
    std::os::unix::fs::FileExt::write_all_at(&file, b"end", LENGTH - 3).expect("written");
    let (mut browser, visit) = book.open();
    let target = visit.at("/film.mp4");
    let head = browser.send("HEAD", &target, &[], b"");
    assert_eq!(head.header("content-length"), Some("3221225472"));
    let reply = browser.send("GET", &target, &[("Range", "bytes=-3")], b"");
    assert_eq!((reply.status, reply.body.as_str()), (206, "end"));
    assert_eq!(reply.header("content-range"), Some("bytes 3221225469-3221225471/3221225472"));
    // A range of several pieces.
    let from = LENGTH - 1_000_000;
    let reply = browser.send("GET", &target, &[("Range", &format!("bytes={from}-"))], b"");
    assert!(reply.complete && reply.bytes.len() == 1_000_000 && reply.bytes.ends_with(b"\0end"));
}
