//! The paths of a site, friendly and hostile.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;

#[test]
fn a_directory_is_its_index_behind_a_slash() {
    let book = Book::new();
    book.write("a:b c/index.html", "colon");
    let (mut browser, visit) = book.open();
    for (rest, location) in [
        ("/chapter", "./chapter/"),
        ("/chapter?x=/../y", "./chapter/?x=/../y"),
        ("/a:b%20c", "./a:b%20c/"),
    ] {
        let reply = browser.get(&visit.at(rest));
        assert_eq!((reply.status, reply.header("location")), (308, Some(location)), "{rest}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    assert_eq!(browser.get(&visit.at("/chapter/")).body, "<h1>Chapter</h1>");
    assert_eq!(browser.get(&visit.at("/chapter/?x=1")).body, "<h1>Chapter</h1>");
    assert_eq!(browser.get(&visit.at("/a:b%20c/")).body, "colon");
}

#[test]
fn a_directory_without_an_index_is_not_listed() {
    let book = Book::new();
    book.write("figures/a.png", "png");
    book.write("odd/index.html/page", "a directory with the name of an index");
    let (mut browser, visit) = book.open();
    for rest in ["/figures", "/figures/", "/odd", "/odd/", "/odd/index.html"] {
        refused(&browser.send("GET", &visit.at(rest), &[JSON], b""), 404, "file-missing");
    }
    assert_eq!(browser.get(&visit.at("/figures/a.png")).body, "png");
}

#[test]
fn a_missing_file_has_a_calm_page() {
    let book = Book::with("frame_ancestors = [\"https://lms.example\"]");
    let (mut browser, visit) = book.open();
    let page = browser.get(&visit.at("/chapter/absent.html"));
    assert_eq!(page.status, 404);
    assert!(page.body.contains("<h1>Page not found</h1>"), "{}", page.body);
    assert!(page.body.contains("Go back to the page before"), "{}", page.body);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.ends_with("frame-ancestors https://lms.example"), "{policy}");
    let head = browser.send("HEAD", &visit.at("/absent"), &[], b"");
    assert_eq!((head.status, head.bytes.len()), (404, 0));
}

#[test]
fn names_are_decoded_once() {
    let book = Book::new();
    for name in ["a b.txt", "übung.txt", "100%.txt", "%41.txt", "a+b.txt", "a;b=c,d.txt", "~x.txt"]
    {
        book.write(name, name);
    }
    let odd = book.folder().join(OsStr::from_bytes(b"\xff\xfe.txt"));
    fs::write(odd, "not UTF-8").expect("written");
    let (mut browser, visit) = book.open();
    for (rest, name) in [
        ("/a%20b.txt", "a b.txt"),
        ("/%61%20b%2Etxt", "a b.txt"),
        ("/%C3%BCbung.txt", "übung.txt"),
        ("/%c3%bcbung.txt", "übung.txt"),
        ("/100%25.txt", "100%.txt"),
        ("/100%.txt", "100%.txt"),
        ("/%2541.txt", "%41.txt"),
        ("/a+b.txt", "a+b.txt"),
        ("/a;b=c,d.txt", "a;b=c,d.txt"),
        ("/~x.txt", "~x.txt"),
        ("/%FF%fe.txt", "not UTF-8"),
    ] {
        let reply = browser.get(&visit.at(rest));
        assert_eq!((reply.status, reply.body.as_str()), (200, name), "{rest}");
    }
    for rest in ["/a+b%20.txt", "/A%20b.txt", "/%41.txt", "/%25541.txt"] {
        refused(&browser.send("GET", &visit.at(rest), &[JSON], b""), 404, "file-missing");
    }
}

#[test]
fn a_hostile_path_reaches_no_file() {
    let book = Book::new();
    book.write(".htpasswd", SECRET);
    book.write(".git/config", SECRET);
    book.write(".well-known/x", SECRET);
    book.write("chapter/.page.html.swp", SECRET);
    book.write("a\\b", SECRET);
    let (mut browser, visit) = book.open();
    let absolute = book.root.path().join("secret.txt").display().to_string();
    let long = "x".repeat(256);
    let deep = "/x".repeat(3000);
    for rest in [
        "/../secret.txt",
        "/chapter/../../secret.txt",
        "/chapter/../index.html",
        "/./index.html",
        "/%2e%2e/secret.txt",
        "/.%2E/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/%252e%252e/secret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/chapter%2fpage.html",
        "/chapter%2Fpage.html",
        "/a%5cb",
        "/a\\b",
        "//index.html",
        "/chapter//page.html",
        "/chapter/page.html/",
        "/chapter/page.html/x",
        "/index.html%00",
        "/index.html%00.png",
        "/.htpasswd",
        "/%2ehtpasswd",
        "/.git/config",
        "/.git/",
        "/.git",
        "/.well-known/x",
        "/chapter/.page.html.swp",
        &format!("/{absolute}"),
        &absolute,
        &format!("/{}", absolute.replace('/', "%2f")),
        &format!("/file:/{absolute}"),
        &format!("/{long}"),
        &deep,
    ] {
        refused(&browser.send("GET", &visit.at(rest), &[JSON], b""), 404, "file-missing");
    }
    assert_eq!(browser.get(&visit.at("/")).status, 200);
}

#[test]
fn a_pipe_a_socket_and_a_device_are_no_files() {
    let book = Book::new();
    let pipe = |name: &str| {
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, book.folder().join(name), FileType::Fifo, mode, 0).expect("a pipe");
    };
    book.write("list/page.html", "page");
    pipe("pipe");
    pipe("index.css.gz");
    pipe("list/index.html");
    let _socket = UnixListener::bind(book.folder().join("socket")).expect("a socket");
    book.write("index.css", "plain");
    let (mut browser, visit) = book.open();
    for rest in ["/pipe", "/socket", "/list", "/list/"] {
        refused(&browser.send("GET", &visit.at(rest), &[JSON], b""), 404, "file-missing");
    }
    let css = browser.send("GET", &visit.at("/index.css"), &[("Accept-Encoding", "gzip")], b"");
    assert_eq!((css.body.as_str(), css.header("content-encoding")), ("plain", None));
    // Nobody writes into the pipes, so a blocked thread would stay: this many requests need more
    // threads than there are.
    for _ in 0..600 {
        assert_eq!(browser.get(&visit.at("/pipe")).status, 404);
    }
}

#[test]
fn an_unreadable_file_is_an_error_for_the_admin() {
    let book = Book::new();
    book.write("locked.html", SECRET);
    let locked = book.folder().join("locked.html");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("permissions");
    // Root may read everything.
    if fs::read(&locked).is_err() {
        let (mut browser, visit) = book.open();
        refused(
            &browser.send("GET", &visit.at("/locked.html"), &[JSON], b""),
            500,
            "file-unreadable",
        );
    }
}
