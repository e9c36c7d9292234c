//! Downloads and new windows: the twin of the session cookie, and tools that open in a window of
//! their own.

use super::entry::{NewWindow, enter};
use super::*;

/// The headers of a launch in a frame of Chromium.
const FRAME: [(&str, &str); 4] = [
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Sec-Fetch-Site", "cross-site"),
    ("Sec-Fetch-Dest", "iframe"),
    ("Sec-CH-UA", "\"Chromium\";v=\"142\""),
];
const TWIN: &str = "__Secure-lti-window";

/// The same with another value of one header, or without it.
fn frame_but(name: &str, value: Option<&'static str>) -> Vec<(&'static str, &'static str)> {
    let headers = FRAME.into_iter();
    headers
        .filter_map(|(known, own)| Some((known, if known == name { value? } else { own })))
        .collect()
}

/// Launches with these headers.
#[track_caller]
fn launch_with(browser: &mut Browser<'_>, form: &Form<'_>, headers: &[(&str, &str)]) -> Reply {
    let reply = browser.send("POST", "/lti/nb", headers, form.sign().as_bytes());
    assert_eq!(reply.status, 303, "{reply:?}");
    reply
}

/// A browser with only the twin of a session, and the session's prefix.
fn twin_only<'s>(server: &'s Server, form: &Form<'_>) -> (Browser<'s>, String) {
    let mut browser = Browser::new(server);
    let launched = launch_with(&mut browser, form, &FRAME);
    let entry = launched.header("location").expect("an entry URL");
    let prefix = entry.split('?').next().expect("a path").to_owned();
    browser.cookies.retain(|cookie| cookie.name == TWIN);
    assert_eq!(browser.cookies.len(), 1);
    (browser, prefix)
}

#[test]
fn a_launch_in_a_frame_of_chromium_sets_a_twin_of_the_session_cookie() {
    let (recorder, server) = recorded();
    let mut browser = Browser::new(&server);
    let launched = launch_with(&mut browser, &launch(), &FRAME);
    let prefix = launched.header("location").and_then(|url| url.split('?').next()).expect("a path");
    let cookies = launched.all("set-cookie");
    assert_eq!(cookies.len(), 3, "{cookies:?}");
    let of = |start: &str| {
        let cookie = cookies.iter().find_map(|cookie| cookie.strip_prefix(start));
        cookie.expect("the cookie").split_once(';').expect("attributes")
    };
    let (session, attributes) = of("__Secure-lti=");
    let (twin, twin_attributes) = of("__Secure-lti-window=");
    let expected = format!(" Path={prefix}; Max-Age=28800; HttpOnly; Secure; SameSite=None");
    assert_eq!(session, twin);
    assert_eq!(twin_attributes, expected);
    assert_eq!(attributes, format!("{expected}; Partitioned"));
    recorder.saw_nothing();
}

#[test]
fn other_launches_set_no_twin() {
    for (more, headers) in [
        ("", frame_but("Sec-Fetch-Dest", Some("document"))),
        ("", frame_but("Sec-Fetch-Dest", None)),
        // Firefox and Safari.
        ("", frame_but("Sec-CH-UA", None)),
        ("downloads = false", FRAME.to_vec()),
        ("prefix = \"tool\"", FRAME.to_vec()),
        ("open = \"window\"", FRAME.to_vec()),
    ] {
        let (_recorder, server) = recorded_with(more);
        let launched = launch_with(&mut Browser::new(&server), &launch(), &headers);
        let cookies = launched.all("set-cookie");
        assert!(cookies.iter().all(|cookie| !cookie.starts_with(TWIN)), "{more}: {cookies:?}");
    }
    let (_recorder, server) = recorded_with("prefix = \"tool\"\ndownloads = true");
    let launched = launch_with(&mut Browser::new(&server), &launch(), &FRAME);
    assert_eq!(launched.all("set-cookie").len(), 3);
}

#[test]
fn a_twin_counts_for_the_tools_own_pages_and_their_user() {
    let (recorder, server) = recorded();
    let (mut browser, prefix) = twin_only(&server, &launch());
    let origin = ("Origin", "https://tool.example");
    for headers in [
        vec![("Sec-Fetch-Site", "same-origin")],
        vec![("Sec-Fetch-Site", "none")],
        vec![("Sec-Fetch-Site", "same-origin"), origin],
        // Chromium's WebSockets.
        vec![origin],
    ] {
        let reply = browser.send("GET", &format!("{prefix}/file"), &headers, b"");
        assert_eq!(reply.body, "ok", "{headers:?}");
        let request = recorder.request();
        assert_eq!(request.header("x-forwarded-user").as_deref(), Some("key-1:user-4711"));
        assert_eq!(request.header("cookie"), None, "the app never receives the twin");
    }
    let posted = [("Sec-Fetch-Site", "same-origin"), origin];
    assert_eq!(browser.send("POST", &format!("{prefix}/"), &posted, b"x").body, "ok");
    recorder.request();
}

/// `<a href="/file" download>`: the browser follows the redirect of a stray request.
#[test]
fn a_twin_counts_after_the_redirect_of_a_stray_request() {
    let (recorder, server) = recorded();
    let (mut browser, prefix) = twin_only(&server, &launch());
    let page = format!("https://tool.example{prefix}/page");
    let own = [("Sec-Fetch-Site", "same-origin"), ("Referer", page.as_str())];
    let reply = browser.send("GET", "/file?x=1", &own, b"");
    let expected = format!("{prefix}/file?x=1");
    assert_eq!((reply.status, reply.header("location")), (307, Some(expected.as_str())));
    recorder.saw_nothing();
    assert_eq!(browser.send("GET", &expected, &own, b"").body, "ok");
    assert_eq!(recorder.request().line(), "GET /app/file?x=1");
    // A page of another site gains nothing from it.
    let foreign = [("Sec-Fetch-Site", "cross-site"), ("Referer", page.as_str()), JSON];
    refused(&browser.send("GET", &expected, &foreign, b""), 401, "no-session");
    recorder.saw_nothing();
}

#[test]
fn a_twin_does_not_count_for_pages_of_other_sites() {
    let (recorder, server) = recorded();
    let (mut browser, prefix) = twin_only(&server, &launch());
    for headers in [
        vec![("Sec-Fetch-Site", "cross-site")],
        vec![("Sec-Fetch-Site", "same-site")],
        vec![("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Dest", "iframe")],
        vec![("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Dest", "image")],
        vec![("Sec-Fetch-Site", "cross-site"), ("Origin", "https://tool.example")],
        vec![("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
        vec![("Sec-Fetch-Site", "")],
        // No browser vouches for these.
        vec![],
        vec![("Origin", "https://evil.example")],
        vec![("Origin", "null")],
        vec![("Referer", "https://tool.example/")],
    ] {
        let headers: Vec<(&str, &str)> = headers.into_iter().chain([JSON]).collect();
        for method in ["GET", "POST"] {
            let reply = browser.send(method, &format!("{prefix}/x"), &headers, b"");
            refused(&reply, 401, "no-session");
        }
    }
    recorder.saw_nothing();
}

#[test]
fn a_twin_is_no_session_at_the_entry_url_and_no_receipt() {
    let (recorder, server) = recorded();
    let (mut browser, _) = twin_only(&server, &launch());
    let entry = enter(&mut browser, &launch_again("2"));
    browser.cookies.retain(|cookie| cookie.name == TWIN);
    let reply = browser.send("GET", &entry, &[("Sec-Fetch-Site", "same-origin")], b"");
    assert_eq!(reply.status, 200, "the page with the button: {reply:?}");
    refused_page(&browser.launch(&launch()), 401, "replayed");
    recorder.saw_nothing();
}

#[test]
fn a_twin_opens_only_its_own_session_while_it_is_valid() {
    let (recorder, server) = recorded();
    let (browser, prefix) = twin_only(&server, &launch());
    let twin = &browser.cookies[0].value;
    let get = |path: &str, name: &str, value: &str| {
        let cookie = format!("{name}={value}");
        let headers = [
            ("Host", "tool.example"),
            JSON,
            ("Sec-Fetch-Site", "same-origin"),
            ("Cookie", &cookie),
        ];
        server.send("GET", path, &headers, b"")
    };
    let own = format!("{prefix}/x");
    assert_eq!(get(&own, TWIN, twin).status, 200);
    recorder.request();
    refused(&get("/lti/nb/~AAAAAAAAAAAAAAAA/x", TWIN, twin), 401, "no-session");
    refused(&get(&own, TWIN, &twin[1..]), 401, "no-session");
    refused(&get(&own, "__Secure-lti-windows", twin), 401, "no-session");
    server.set_now(NOW + 8 * 3600 + 1);
    refused(&get(&own, TWIN, twin), 401, "no-session");
    recorder.saw_nothing();
}

#[test]
fn the_newest_session_counts_whether_its_twin_or_its_cookie_arrives() {
    let (recorder, server) = recorded_with("prefix = \"tool\"\ndownloads = true");
    let (ada, _) = twin_only(&server, &launch().but(&[("user_id", "ada")]));
    server.set_now(NOW + 10);
    let (bob, _) = twin_only(&server, &launch_again("2").but(&[("user_id", "bob")]));
    let (older, newer) = (&ada.cookies[0].value, &bob.cookies[0].value);
    for cookies in [
        format!("__Secure-lti={older}; {TWIN}={newer}"),
        format!("{TWIN}={older}; __Secure-lti={newer}"),
    ] {
        let headers =
            [("Host", "tool.example"), ("Sec-Fetch-Site", "same-origin"), ("Cookie", &*cookies)];
        assert_eq!(server.send("GET", "/lti/nb/", &headers, b"").body, "ok");
        let user = recorder.request().header("x-forwarded-user");
        assert_eq!(user.as_deref(), Some("key-1:bob"));
    }
}

#[test]
fn ten_blocks_of_one_page_fit_into_chromiums_limits_with_their_twins() {
    let (recorder, server) = recorded();
    let mut browser = Browser::new(&server);
    let links: Vec<String> = (0..10).map(|number| format!("block-{number}")).collect();
    let (mut partitioned, mut unpartitioned) = (Vec::new(), Vec::new());
    let prefixes: Vec<String> = links
        .iter()
        .map(|link| {
            let form = Form { nonce: link, ..edx() }.but(&[("resource_link_id", link)]);
            let launched = launch_with(&mut browser, &form, &FRAME);
            for cookie in launched.all("set-cookie") {
                let length = cookie.split(';').next().expect("a pair").len() - "=".len();
                match cookie.ends_with("; Partitioned") {
                    true => partitioned.push(length),
                    false => unpartitioned.push(length),
                }
            }
            let entry = launched.header("location").expect("an entry URL");
            entry.split('?').next().expect("a path").to_owned()
        })
        .collect();
    // Chromium's limits for one site: 10,240 bytes and 180 cookies in a partition, 180 without.
    assert_eq!((partitioned.len(), unpartitioned.len()), (20, 10));
    assert!(partitioned.iter().sum::<usize>() <= 10_240, "{partitioned:?}");
    assert!(unpartitioned.iter().all(|length| *length <= 4096), "{unpartitioned:?}");
    browser.cookies.retain(|cookie| cookie.name == TWIN);
    for prefix in prefixes {
        let own = [("Sec-Fetch-Site", "same-origin")];
        assert_eq!(browser.send("GET", &format!("{prefix}/file"), &own, b"").body, "ok");
        recorder.request();
    }
}

#[test]
fn a_page_without_a_session_offers_a_window_if_a_twin_arrives_from_another_site() {
    let (recorder, server) = recorded();
    let (mut browser, prefix) = twin_only(&server, &launch());
    let target = format!("{prefix}/week%201?a=1&b=%22");
    for (method, site, offers) in
        [("GET", "cross-site", true), ("GET", "same-site", true), ("POST", "cross-site", false)]
    {
        let reply = browser.send(method, &target, &[("Sec-Fetch-Site", site)], b"");
        refused_page(&reply, 401, "no-session");
        let link = reply.link();
        assert_eq!(link.as_deref(), offers.then_some(&*target), "{method} {site}");
        assert_eq!(reply.body.contains("target=\"_blank\">Open in a new window</a>"), offers);
    }
    // The click comes from the gateway's own page.
    let own = [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Dest", "document")];
    recorder.saw_nothing();
    assert_eq!(browser.send("GET", &target, &own, b"").body, "ok");
    recorder.request();

    let cross = [("Sec-Fetch-Site", "cross-site")];
    for twin in ["x".to_owned(), browser.cookies[0].value[1..].to_owned()] {
        browser.cookies[0].value = twin;
        assert_eq!(browser.send("GET", &target, &cross, b"").link(), None);
    }
    assert_eq!(Browser::new(&server).send("GET", &target, &cross, b"").link(), None);
    recorder.saw_nothing();
}

#[test]
fn a_tool_may_open_in_a_window_of_its_own() {
    for prefix in ["session", "tool"] {
        let (recorder, server) =
            recorded_with(&format!("open = \"window\"\nprefix = \"{prefix}\""));
        let mut browser = Browser::new(&server);
        let launched = launch_with(&mut browser, &launch(), &FRAME);
        let cookies = launched.all("set-cookie");
        // The frame needs the receipt, but no session.
        assert!(cookies.len() == 1 && cookies[0].starts_with("__Secure-lti-"), "{cookies:?}");
        let entry = launched.header("location").expect("an entry URL").to_owned();
        let window = NewWindow::at(&server, &entry);
        let mut own = Browser::new(&server);
        let reply = window.click(&mut own);
        assert_eq!(reply.status, 303, "{reply:?}");
        let cookies = reply.all("set-cookie");
        assert!(cookies.len() == 1 && cookies[0].starts_with("__Secure-lti="), "{cookies:?}");
        recorder.saw_nothing();
        assert_eq!(own.get(reply.header("location").expect("a URL")).body, "ok");
        recorder.request();
        refused_page(&window.click(&mut Browser::new(&server)), 401, "bad-ticket");
        assert_eq!(log_lines(&window.body["lti_ticket=".len()..]), [""; 0]);
    }
}

#[test]
fn a_window_of_the_platform_needs_no_button() {
    let (recorder, server) = recorded_with("open = \"window\"");
    let mut browser = Browser::new(&server);
    let document = frame_but("Sec-Fetch-Dest", Some("document"));
    let launched = launch_with(&mut browser, &launch(), &document);
    let entry = launched.header("location").expect("an entry URL").to_owned();
    // A frame may not use this cookie instead of the button.
    let other = enter(&mut Browser::new(&server), &launch_again("2"));
    let framed = browser.send("GET", &other, &[("Sec-Fetch-Dest", "iframe")], b"");
    assert_eq!(framed.status, 200, "{framed:?}");
    assert!(framed.body.contains("This tool opens in a window of its own."), "{}", framed.body);
    assert!(!framed.body.contains("blocks cookies"), "{}", framed.body);
    let reply = browser.send("GET", &entry, &[("Sec-Fetch-Dest", "document")], b"");
    assert_eq!(reply.status, 303, "{reply:?}");
    recorder.saw_nothing();
    assert_eq!(browser.get(reply.header("location").expect("a URL")).body, "ok");
    recorder.request();
}
