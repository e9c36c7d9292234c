//! Who receives the files of a site: those who launched it, as long as their session is valid.

use super::*;
use crate::support::NOW;

#[test]
fn a_launch_opens_the_index() {
    let book = Book::new();
    let (mut browser, visit) = book.open();
    assert_eq!(visit.address, visit.at("/"));
    let reply = browser.get(&visit.at("?x=1"));
    let index = visit.at("/?x=1");
    assert_eq!((reply.status, reply.header("location")), (308, Some(index.as_str())));
    let reply = browser.get(&index);
    assert_eq!((reply.status, reply.body.as_str()), (200, "<h1>Book</h1>"));
}

#[test]
fn a_launch_into_a_path_opens_that_page() {
    let book = Book::new();
    let mut browser = Browser::new(&book.server);
    let url = "https://tool.example/lti/book/chapter/page.html";
    let visit = browser.open(&Form { url, ..launch() });
    assert_eq!(visit.address, visit.at("/chapter/page.html"));
    assert_eq!(browser.get(&visit.address).body, "<h1>Page</h1>");
}

#[test]
fn without_a_session_there_is_no_file() {
    let book = Book::new();
    let (_, visit) = book.open();
    for rest in ["", "/", "/chapter/page.html", "/chapter", "/absent", "/.git/config", "/../x"] {
        for method in ["GET", "HEAD", "POST", "PUT", "OPTIONS"] {
            let headers = [("Host", "tool.example"), JSON];
            let reply = book.server.send(method, &visit.at(rest), &headers, b"");
            assert_eq!(reply.status, 401, "{method} {rest}");
            if method != "HEAD" {
                refused(&reply, 401, "no-session");
            }
        }
    }
    let page = book.server.get(&visit.at("/"));
    assert_eq!(page.status, 401);
    assert!(page.body.contains("open the activity again"), "{}", page.body);
    // The folder has no other URL.
    for target in ["/lti/book", "/lti/book/", "/lti/book/index.html", "/book/index.html"] {
        let reply = book.server.get(target);
        assert!(matches!(reply.status, 404 | 405), "{target}: {reply:?}");
        assert!(!reply.body.contains("<h1>Book</h1>"));
    }
}

#[test]
fn a_session_opens_no_other_ones_urls_and_ends() {
    let book = Book::new();
    let (mut ada, visit) = book.open();
    let mut bob = Browser::new(&book.server);
    let other = bob.open(&Form { nonce: "2", ..launch() }.but(&[("user_id", "user-2")]));
    let headers = [("Host", "tool.example"), JSON, ("Cookie", other.cookie.as_str())];
    refused(&book.server.send("GET", &visit.at("/"), &headers, b""), 401, "no-session");
    assert_eq!(ada.get(&visit.at("/")).status, 200);
    book.server.set_now(NOW + 8 * 60 * 60 + 1);
    refused(&ada.send("GET", &visit.at("/"), &[JSON], b""), 401, "no-session");
}

#[test]
fn only_the_tools_roles_may_launch_and_a_new_role_ends_the_session() {
    let book = Book::with("roles = \"instructor\"");
    let learner = Browser::new(&book.server).launch(&launch());
    assert_eq!(learner.status, 403, "{learner:?}");
    let instructor = |nonce| Form { nonce, ..launch() }.but(&[("roles", "Instructor")]);
    let mut browser = Browser::new(&book.server);
    let visit = browser.open(&instructor("2"));
    assert_eq!(browser.get(&visit.at("/")).status, 200);
    let more = instructor("3").but(&[("roles", "Instructor,Administrator")]);
    Browser::new(&book.server).open(&more);
    refused(&browser.send("GET", &visit.at("/"), &[JSON], b""), 401, "no-session");
}

#[test]
fn a_site_accepts_only_get_and_head() {
    let book = Book::new();
    let (mut browser, visit) = book.open();
    for rest in ["/", "/chapter/page.html", "/absent", ""] {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"] {
            let reply = browser.send(method, &visit.at(rest), &[JSON], b"");
            refused(&reply, 405, "file-method");
            assert_eq!(reply.header("allow"), Some("GET, HEAD"), "{method} {rest}");
        }
    }
    let page = browser.send("POST", &visit.at("/"), &[], b"answer=1");
    assert!(page.body.contains("cannot take answers"), "{}", page.body);
    assert_eq!(browser.get(&visit.at("/")).status, 200);
}

#[test]
fn a_page_of_another_site_sends_nothing() {
    let book = Book::new();
    let (mut browser, visit) = book.open();
    let foreign = [JSON, ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")];
    refused(&browser.send("POST", &visit.at("/"), &foreign, b""), 403, "foreign-origin");
    let upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket")];
    let foreign: Vec<_> = foreign.into_iter().chain(upgrade).collect();
    refused(&browser.send("GET", &visit.at("/"), &foreign, b""), 403, "foreign-origin");
    // A WebSocket of the own page is an ordinary request.
    let reply = browser.send("GET", &visit.at("/"), &upgrade, b"");
    assert_eq!((reply.status, reply.body.as_str()), (200, "<h1>Book</h1>"));
}

#[test]
fn a_root_absolute_url_of_a_page_leads_into_its_session() {
    let book = Book::new();
    let (mut browser, visit) = book.open();
    let page = format!("https://tool.example{}", visit.at("/chapter/"));
    let reply = browser.send("GET", "/digits.bin?v=1", &[("Referer", &page)], b"");
    let location = visit.at("/digits.bin?v=1");
    assert_eq!((reply.status, reply.header("location")), (307, Some(location.as_str())));
    assert_eq!(browser.get(&location).body, "0123456789");
}

#[test]
fn a_twin_of_the_session_opens_downloads() {
    let book = Book::new();
    let mut browser = Browser::new(&book.server);
    let frame = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Dest", "iframe"),
        ("Sec-CH-UA", "\"Chromium\";v=\"142\""),
    ];
    let launched = browser.send("POST", "/lti/book", &frame, launch().sign().as_bytes());
    let entry = launched.header("location").expect("an entry URL");
    let file = format!("{}/digits.bin", entry.split('?').next().expect("a path"));
    browser.cookies.retain(|cookie| cookie.name == "__Secure-lti-window");
    assert_eq!(browser.cookies.len(), 1);
    let own = [("Sec-Fetch-Site", "same-origin")];
    assert_eq!(browser.send("GET", &file, &own, b"").body, "0123456789");
    let foreign = [JSON, ("Sec-Fetch-Site", "cross-site")];
    refused(&browser.send("GET", &file, &foreign, b""), 401, "no-session");
}

#[test]
fn a_site_can_open_in_a_window_of_its_own() {
    let book = Book::with("open = \"window\"");
    let mut browser = Browser::new(&book.server);
    let launched = browser.launch(&launch());
    let entry = launched.header("location").expect("an entry URL").to_owned();
    let page = browser.get(&entry);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("target=\"_blank\""), "{}", page.body);
    assert!(browser.session_for(&entry).is_none());
}

#[test]
fn the_prefix_of_a_site_may_be_the_tool_or_its_host() {
    let book = Book::with("prefix = \"tool\"");
    let (mut browser, visit) = book.open();
    assert_eq!(visit.prefix, "/lti/book");
    let reply = browser.get("/lti/book");
    assert_eq!((reply.status, reply.header("location")), (308, Some("/lti/book/")));
    assert_eq!(browser.get("/lti/book/chapter/page.html").body, "<h1>Page</h1>");
    refused(&browser.send("GET", "/lti/book//evil.example", &[JSON], b""), 404, "file-missing");
    assert_eq!(book.server.get("/lti/book/chapter/page.html").status, 401);

    let book = Book::with("prefix = \"tool\"\nhost = \"book.example\"");
    let mut browser = Browser::at(&book.server, "book.example");
    let visit = browser.open(&Form { url: "https://book.example/", ..launch() });
    assert_eq!(visit.prefix, "");
    assert_eq!(browser.get("/").body, "<h1>Book</h1>");
    assert_eq!(browser.get("/chapter/").body, "<h1>Chapter</h1>");
    let reply = browser.get("/chapter");
    assert_eq!((reply.status, reply.header("location")), (308, Some("./chapter/")));
    refused(&browser.send("GET", "//evil.example", &[JSON], b""), 404, "file-missing");
}

#[test]
fn the_index_and_the_practice_platform_have_sites() {
    let root = tempfile::tempdir().expect("a directory");
    write(root.path(), "index.html", "<h1>Book</h1>");
    let tools = format!(
        "[gateway]\n[tools.book]\ntitle = \"The Book\"\nkey = \"key-1\"\nsecret = \"s3cret\"\n\
         site = \"{}\"\n",
        root.path().display()
    );
    let server = Server::start(&Setup { tools: &tools, development: true, ..Setup::default() });
    let host = [("Host", "localhost")];
    let index = server.send("GET", "/", &host, b"");
    assert!(index.body.contains("The Book"), "{}", index.body);
    let dev = server.send("GET", "/dev", &host, b"");
    assert!(dev.body.contains("The Book") && dev.body.contains("<button"), "{}", dev.body);
}
