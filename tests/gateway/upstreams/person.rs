//! Cookies of an app whose URLs all people of a browser share (`prefix = "tool"`): one person's
//! cookies never reach the app in another person's session.

use super::entry::enter;
use super::*;
use crate::support::Cookie;

const TOOL: &str = "prefix = \"tool\"";
const OWNER: &str = "__Secure-lti-person=";
const FRAMED: &str = "; Secure; SameSite=None; Partitioned";

/// An app with logins. `/set` sets the cookies in its query, one in each part. The body has the
/// cookies that the app received.
fn app() -> Recorder {
    Recorder::with(|request| {
        let line = request.line();
        let target = line.split(' ').nth(1).expect("a target");
        let set = target.split_once("/set?").map(|(_, set)| set).unwrap_or_default();
        let lines: String = set
            .split('&')
            .filter(|cookie| !cookie.is_empty())
            .map(|cookie| format!("Set-Cookie: {}\r\n", cookie.replace('+', " ")))
            .collect();
        let body = request.header("cookie").unwrap_or_default();
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: {length}\r\n\r\n{body}").into_bytes()
    })
}

fn of(user: &'static str, nonce: &'static str) -> Form<'static> {
    launch_again(nonce).but(&[("user_id", user)])
}

/// The cookies that the app sets in the browser's session: what the browser receives of them.
fn set(browser: &mut Browser<'_>, path: &str, cookies: &str) -> Vec<String> {
    let reply = browser.get(&format!("{path}/set?{cookies}"));
    assert_eq!(reply.status, 200, "{reply:?}");
    let all = reply.all("set-cookie").into_iter();
    all.filter(|line| !line.starts_with(OWNER)).map(str::to_owned).collect()
}

/// The tag of the browser's person.
fn tag(browser: &Browser<'_>) -> String {
    let owner = browser.cookies.iter().find(|cookie| cookie.name == "__Secure-lti-person");
    owner.expect("an owner").value.clone()
}

#[test]
fn an_http_only_cookie_is_stored_under_a_name_of_its_person() {
    let recorder = app();
    let server = server(&tools(&recorder.url(), TOOL));
    let mut browser = Browser::new(&server);
    browser.open(&launch());
    let lines = set(&mut browser, "/lti/nb", "sid=1;+Path=/;+HttpOnly&csrf=2;+Path=/");
    let tag = tag(&browser);
    assert!(tag.len() == 8 && !tag.contains("user"), "{tag}");
    assert_eq!(
        lines,
        [
            format!("~{tag}-sid=1; HttpOnly; Path=/lti/nb{FRAMED}"),
            format!("csrf=2; Path=/lti/nb{FRAMED}"),
        ]
    );
    assert_eq!(browser.get("/lti/nb/").body, "sid=1; csrf=2");
    // The owner is set once.
    assert_eq!(browser.get("/lti/nb/").all("set-cookie"), [""; 0]);
}

#[test]
fn two_people_one_after_the_other_and_back_never_share_a_cookie() {
    let recorder = app();
    let server = server(&tools(&recorder.url(), TOOL));
    let mut browser = Browser::new(&server);
    browser.open(&of("ada", "1"));
    // As Express does, PHP with its default settings, and an app below its root.
    set(
        &mut browser,
        "/lti/nb",
        "connect.sid=ada;+Path=/;+HttpOnly&PHPSESSID=ada;+path=/&deep=ada;+Path=/x",
    );
    assert_eq!(browser.get("/lti/nb/x/").body, "deep=ada; connect.sid=ada; PHPSESSID=ada");

    server.set_now(NOW + 10);
    browser.open(&of("bob", "2"));
    for path in ["/lti/nb/", "/lti/nb/x/", "/lti/nb/x/"] {
        assert_eq!(browser.get(path).body, "", "{path}: {:?}", browser.cookies);
    }
    set(&mut browser, "/lti/nb", "connect.sid=bob;+Path=/;+HttpOnly&PHPSESSID=bob;+path=/");
    assert_eq!(browser.get("/lti/nb/x/").body, "connect.sid=bob; PHPSESSID=bob");

    server.set_now(NOW + 20);
    browser.open(&of("ada", "3"));
    assert_eq!(browser.get("/lti/nb/x/").body, "connect.sid=ada", "her session, but not his");
    server.set_now(NOW + 30);
    browser.open(&of("ada", "4"));
    set(&mut browser, "/lti/nb", "theme=dark;+Path=/");
    server.set_now(NOW + 40);
    browser.open(&of("ada", "5").but(&[("resource_link_id", "rl-2")]));
    assert_eq!(browser.get("/lti/nb/").body, "connect.sid=ada; theme=dark", "the same person");
    server.set_now(NOW + 50);
    browser.open(&of("bob", "6"));
    assert_eq!(browser.get("/lti/nb/").body, "connect.sid=bob");
}

#[test]
fn a_launch_by_another_person_deletes_cookies_at_the_entry_url() {
    let recorder = app();
    let server = server(&tools(&recorder.url(), TOOL));
    let mut browser = Browser::new(&server);
    browser.open(&of("ada", "1"));
    set(&mut browser, "/lti/nb", "PHPSESSID=ada;+path=/&sid=1;+HttpOnly;+Path=/");
    server.set_now(NOW + 10);
    let entry = enter(&mut browser, &of("bob", "2"));
    // Neither the gateway's cookies nor bound ones. Those of other tools have other paths.
    let deleted = "; Path=/lti/nb; Max-Age=0; HttpOnly; Secure; SameSite=None";
    let expected = [format!("PHPSESSID={deleted}; Partitioned"), format!("PHPSESSID={deleted}")];
    assert_eq!(browser.get(&entry).all("set-cookie"), expected);
    server.set_now(NOW + 20);
    let entry = enter(&mut browser, &of("bob", "3"));
    browser.get("/lti/nb/");
    set(&mut browser, "/lti/nb", "PHPSESSID=bob;+path=/");
    assert_eq!(browser.get(&entry).all("set-cookie"), [""; 0], "the same person");
}

#[test]
fn the_app_receives_no_older_cookie_even_if_the_entry_url_was_not_visited() {
    let recorder = app();
    let server = server(&tools(&recorder.url(), TOOL));
    let mut browser = Browser::new(&server);
    browser.open(&of("ada", "1"));
    set(&mut browser, "/lti/nb", "PHPSESSID=ada;+path=/");
    server.set_now(NOW + 10);
    enter(&mut browser, &of("bob", "2"));
    assert_eq!(browser.get("/lti/nb/").body, "");
    // The same response deletes it.
    assert!(browser.cookies.iter().all(|cookie| cookie.name != "PHPSESSID"));

    // A cookie of an unknown person, as from an older version of the gateway.
    let mut browser = Browser::new(&server);
    browser.open(&of("ada", "3"));
    let unknown = Cookie { name: "sid".into(), value: "x".into(), path: "/lti/nb".into() };
    browser.cookies.push(unknown);
    assert_eq!(browser.get("/lti/nb/").body, "");
    assert!(browser.cookies.iter().all(|cookie| cookie.name != "sid"));
}

#[test]
fn a_cookie_of_another_person_cannot_be_smuggled_in_by_its_name() {
    let recorder = app();
    let server = server(&tools(&recorder.url(), TOOL));
    let mut browser = Browser::new(&server);
    let visit = browser.open(&of("ada", "1"));
    browser.get("/lti/nb/");
    let ada = tag(&browser);
    let mut other = Browser::new(&server);
    other.open(&of("bob", "2"));
    other.get("/lti/nb/");
    let bob = tag(&other);
    assert_ne!(ada, bob);
    let session = &visit.cookie;
    for (cookies, arrives) in [
        (format!("{session}; {OWNER}{bob}; ~{bob}-sid=1; PHPSESSID=1"), ""),
        (format!("{session}; {OWNER}{ada}; {OWNER}{bob}; PHPSESSID=1"), ""),
        (format!("{session}; {OWNER}{ada}; ~{bob}-sid=1; __Secure-~{bob}-sid=1; a=1"), "a=1"),
        (format!("{session}; {OWNER}{ada}; __Secure-~{ada}-lti=1; __Host-~{ada}-lti-x=1"), ""),
        (format!("{session}; {OWNER}{ada}; ~{ada}-__Secure-lti=1; ~{ada}-b=2"), "b=2"),
        (format!("{session}; ~{ada}-sid=1; a=1"), "sid=1"),
    ] {
        let headers = [("Host", "tool.example"), ("Cookie", cookies.as_str())];
        let reply = server.send("GET", "/lti/nb/", &headers, b"");
        assert_eq!((reply.status, reply.body.as_str()), (200, arrives), "{cookies}");
    }
}

#[test]
fn a_host_prefix_stays_enforced_by_the_browser() {
    let recorder = app();
    let at_path = server(&tools(&recorder.url(), TOOL));
    let mut browser = Browser::new(&at_path);
    browser.open(&launch());
    let sid = "__Host-sid=1;+Path=/;+Secure;+HttpOnly&__Secure-b=2;+Secure;+HttpOnly;+Path=/";
    let lines = set(&mut browser, "/lti/nb", sid);
    let person = tag(&browser);
    assert!(lines[0].starts_with(&format!("__Secure-~{person}-Host-sid=1; ")), "{lines:?}");
    assert!(lines[1].starts_with(&format!("__Secure-~{person}-b=2; ")), "{lines:?}");
    assert_eq!(browser.get("/lti/nb/").body, "__Host-sid=1; __Secure-b=2");

    let own_host = format!("{TOOL}\nhost = \"nb.example\"");
    let at_host = server(&tools(&recorder.url(), &own_host));
    let mut browser = Browser::at(&at_host, "nb.example");
    browser.open(&Form { url: "https://nb.example/", ..launch() });
    let lines = set(&mut browser, "", sid);
    let person = tag(&browser);
    assert!(lines[0].starts_with(&format!("__Host-~{person}-sid=1; HttpOnly; Path=/; ")));
    assert_eq!(browser.get("/").body, "__Host-sid=1; __Secure-b=2");
}

#[test]
fn an_app_deletes_a_cookie_as_usual() {
    let recorder = app();
    let server = server(&tools(&recorder.url(), TOOL));
    let mut browser = Browser::new(&server);
    browser.open(&launch());
    // Express deletes without `HttpOnly`.
    for end in [
        "sid=;+Path=/;+Expires=Thu,+01+Jan+1970+00:00:00+GMT",
        "sid=;+Path=/;+Max-Age=0;+HttpOnly",
        "sid=deleted;+Path=/;+Max-Age=0",
    ] {
        set(&mut browser, "/lti/nb", "sid=1;+Path=/;+HttpOnly");
        assert_eq!(browser.get("/lti/nb/").body, "sid=1");
        // The test's browser deletes by `Max-Age` only.
        set(
            &mut browser,
            "/lti/nb",
            &end.replace("Expires=Thu,+01+Jan+1970+00:00:00+GMT", "Max-Age=0"),
        );
        assert_eq!(browser.get("/lti/nb/").body, "", "{end}");
    }
    // A cookie replaces the one of the same name that scripts can read, and the other way round.
    set(&mut browser, "/lti/nb", "sid=1;+Path=/");
    set(&mut browser, "/lti/nb", "sid=2;+Path=/;+HttpOnly");
    assert_eq!(browser.get("/lti/nb/").body, "sid=2");
    set(&mut browser, "/lti/nb", "sid=3;+Path=/");
    assert_eq!(browser.get("/lti/nb/").body, "sid=3");
}

#[test]
fn with_the_session_in_the_path_names_stay() {
    let recorder = app();
    let server = server(&tools(&recorder.url(), ""));
    let mut browser = Browser::new(&server);
    let visit = browser.open(&launch());
    let lines = set(&mut browser, &visit.prefix, "sid=1;+Path=/;+HttpOnly&a=1;+Path=/x");
    let prefix = &visit.prefix;
    assert_eq!(
        lines,
        [
            format!("sid=1; HttpOnly; Path={prefix}{FRAMED}"),
            format!("a=1; Path={prefix}/x{FRAMED}"),
        ]
    );
    assert_eq!(browser.get(&visit.at("/")).body, "sid=1");
}

#[test]
fn a_cookie_over_4096_bytes_is_dropped_and_logged_without_its_value() {
    for (prefix, tool, fits) in [("", "roomy", 4093), (TOOL, "tight", 4083)] {
        let recorder = app();
        let file = tools(&recorder.url(), prefix).replace("tools.nb", &format!("tools.{tool}"));
        let server = server(&file);
        let mut browser = Browser::new(&server);
        let url = format!("https://tool.example/lti/{tool}");
        let visit = browser.open(&Form { url: &url, ..launch() });
        // The browser counts the name under which it stores the cookie.
        let lines = set(
            &mut browser,
            &visit.prefix,
            &format!("sid={};+HttpOnly;+Path=/", "v".repeat(fits)),
        );
        assert_eq!(lines.len(), 1, "{lines:?}");
        let lines = set(
            &mut browser,
            &visit.prefix,
            &format!("sid={};+HttpOnly;+Path=/&b=1;+Path=/", "w".repeat(fits + 1)),
        );
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("b=1; "), "{lines:?}");
        let logged = log_lines(&format!("tool=\"{tool}\" outcome=\"cookie-dropped\" bytes=4097 "));
        assert_eq!(logged.len(), 1, "{logged:?}");
        assert!(!logged[0].contains("www") && !logged[0].contains("sid"), "{logged:?}");
    }
}
