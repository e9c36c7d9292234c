//! Cookies of an upstream: limited to its session, and separate from the gateway's.

use super::*;

/// An upstream that sets these cookies, each with a header of its own.
fn setting(cookies: &[&str]) -> Recorder {
    let lines: String = cookies.iter().map(|cookie| format!("Set-Cookie: {cookie}\r\n")).collect();
    Recorder::answering(format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 2\r\n\r\nok"))
}

/// Asserts the cookies that the browser receives for these of an upstream. `PREFIX` means the
/// session's prefix.
#[track_caller]
fn check(more: &str, cookies: &[&str], expected: &[&str]) {
    let recorder = setting(cookies);
    let server = server(&tools(&recorder.url(), more));
    let (mut browser, visit) = opened(&server);
    let reply = browser.get(&visit.at("/"));
    assert_eq!(reply.body, "ok");
    let expected: Vec<String> = expected
        .iter()
        .map(|cookie| {
            format!(
                "{}; Secure; SameSite=None; Partitioned",
                cookie.replace("PREFIX", &visit.prefix)
            )
        })
        .collect();
    // With `prefix = "tool"`, the browser remembers whose cookies these are.
    let mut all = reply.all("set-cookie");
    all.retain(|cookie| !cookie.starts_with("__Secure-lti-person="));
    assert_eq!(all, expected, "{cookies:?}");
}

#[test]
fn cookies_are_rewritten_for_the_frame_and_the_prefix() {
    check("", &["a=1"], &["a=1"]);
    check("", &["a=1; Path=/"], &["a=1; Path=PREFIX"]);
    check("", &["a=1; Path=/app"], &["a=1; Path=PREFIX"]);
    check("", &["a=1; Path=/app/x; HttpOnly"], &["a=1; HttpOnly; Path=PREFIX/x"]);
    check("", &["a=1; Path=/other"], &["a=1; Path=PREFIX/other"]);
    check(
        "",
        &["a=1; Path=/lti/nb/~AAAAAAAAAAAAAAAA"],
        &["a=1; Path=PREFIX/lti/nb/~AAAAAAAAAAAAAAAA"],
    );
    check("", &["a=1; SameSite=Strict; Secure; Domain=127.0.0.1; Max-Age=5"], &["a=1; Max-Age=5"]);
    check("prefix = \"tool\"", &["a=1; Path=/"], &["a=1; Path=PREFIX"]);
}

#[test]
fn several_cookies_stay_separate() {
    let three = ["a=1; Path=/; Expires=Wed, 01 Jan 2031 00:00:00 GMT", "b=2, 3", "a=4; Max-Age=0"];
    let expected =
        ["a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT; Path=PREFIX", "b=2, 3", "a=4; Max-Age=0"];
    check("", &three, &expected);
}

#[test]
fn an_upstream_cannot_set_a_cookie_of_the_gateway() {
    let own = [
        "__Secure-lti=evil; Path=/",
        "__Secure-lti=; Max-Age=0",
        "__Secure-lti-AAAAAAAAAAAAAAAA=evil",
        "__secure-LTI=evil",
        "=__Secure-lti=evil",
    ];
    check("", &own, &[]);
    check("", &[own[0], "a=1", own[1]], &["a=1"]);
}

#[test]
fn cookies_return_only_to_the_upstream_that_set_them() {
    let (one, other) =
        (setting(&["a=1; Path=/", "__Host-b=2; Path=/; Secure"]), setting(&["a=3; Path=/"]));
    let table = "[tools.other]\nkey = \"key-1\"\nsecret = \"s3cret\"\nupstream = \"";
    let server = server(&format!("{}\n{table}{}\"\n", tools(&one.url(), ""), other.url()));
    let mut browser = Browser::new(&server);
    let first = browser.open(&launch());
    let second = browser.open(&Form { url: "https://tool.example/lti/other", ..launch_again("2") });
    for (visit, recorder) in [(&first, &one), (&second, &other)] {
        browser.get(&visit.at("/"));
        assert_eq!(recorder.request().header("cookie"), None);
    }
    browser.get(&first.at("/x"));
    assert_eq!(one.request().header("cookie").as_deref(), Some("a=1; __Host-b=2"));
    browser.get(&second.at("/x"));
    assert_eq!(other.request().header("cookie").as_deref(), Some("a=3"));
}

#[test]
fn the_gateways_cookies_never_reach_an_app() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    let (cookie, id) = (&visit.cookie, visit.prefix.rsplit('~').next().expect("an id"));
    for (sent, arrived) in [
        (vec![cookie.clone()], None),
        (vec![format!("a=1; {cookie}; b=2")], Some("a=1; b=2")),
        (vec![format!("{cookie};a=1")], Some("a=1")),
        (vec![format!("a=1; {cookie}; __Secure-lti-{id}=1.x; __SECURE-LTI=y")], Some("a=1")),
        (
            vec![format!("__Secure-ltix=1; {cookie}; __Secure-other=2")],
            Some("__Secure-ltix=1; __Secure-other=2"),
        ),
        (vec![format!("a=\"x; {cookie}; y\"")], Some("a=\"x; y\"")),
    ] {
        let mut headers = vec![("Host", "tool.example")];
        headers.extend(sent.iter().map(|line| ("Cookie", line.as_str())));
        assert_eq!(server.send("GET", &visit.at("/"), &headers, b"").status, 200);
        let request = recorder.request();
        assert_eq!(request.header("cookie").as_deref(), arrived, "{sent:?}");
        let value = cookie.split_once('=').expect("a value").1;
        assert!(!request.head.contains(value));
    }
}

#[test]
fn a_neighbors_cookie_that_is_not_utf_8_passes_beside_the_gateways() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    let neighbor = b"n=\xfc\xff\x80";
    let own = visit.cookie.as_bytes();
    for cookies in [
        vec![[neighbor, &b"; "[..], own].concat()],
        vec![[own, b"; ", neighbor].concat()],
        vec![neighbor.to_vec(), own.to_vec()],
        vec![own.to_vec(), neighbor.to_vec()],
    ] {
        let mut wire = server.connect();
        wire.send(format!("GET {} HTTP/1.1\r\nHost: tool.example\r\n", visit.at("/x")));
        for cookie in &cookies {
            wire.send([&b"Cookie: "[..], cookie, b"\r\n"].concat());
        }
        wire.send("\r\n");
        assert_eq!(Reply::read(&mut wire, "GET").body, "ok", "{cookies:?}");
        let raw = recorder.request().head.raw;
        let line = [&b"\r\ncookie: "[..], neighbor, b"\r\n"].concat();
        let is_in = |part: &[u8]| raw.windows(part.len()).any(|window| window == part);
        assert!(is_in(&line) && !is_in(b"__Secure-lti"), "{}", raw.escape_ascii());
    }
}

#[test]
fn a_cookie_and_other_headers_of_the_app_may_be_of_any_bytes() {
    let recorder = Recorder::answering(
        b"HTTP/1.1 302 Found\r\nSet-Cookie: a=\xfc; Path=/app/\xe9; Domain=app.test\r\n\
        X-Text: \xff\r\nLocation: /app/\xfc\r\nContent-Length: 2\r\n\r\nok",
    );
    let server = server(&tools(&recorder.url(), ""));
    let (browser, visit) = opened(&server);
    let mut wire = browser.ask("GET", &visit.at("/"), &[]);
    let raw = Reply::head(&mut wire).expect("a response").raw;
    let prefix = visit.prefix.as_bytes();
    for expected in [
        [
            &b"set-cookie: a=\xfc; Path="[..],
            prefix,
            b"/\xe9; Secure; SameSite=None; Partitioned\r\n",
        ]
        .concat(),
        b"x-text: \xff\r\n".to_vec(),
        [&b"location: "[..], prefix, b"/\xfc\r\n"].concat(),
    ] {
        let is_in = raw.windows(expected.len()).any(|window| window == expected);
        assert!(is_in, "{} in {}", expected.escape_ascii(), raw.escape_ascii());
    }
}
