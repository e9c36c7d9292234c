//! Paths and queries: they keep their bytes, and they cannot leave the upstream's base path (path
//! traversal) or reach another server (SSRF).

use super::*;

#[test]
fn a_path_arrives_byte_for_byte() {
    let (recorder, server) = recorded();
    let (browser, visit) = opened(&server);
    for rest in [
        "/",
        "//",
        "///",
        "/a",
        "/a/",
        "/a//b//",
        "//evil.example/x",
        "/http://evil.example/",
        "/a%2fb%2Fc",
        "/%2f%2f",
        "/%zz",
        "/%",
        "/%4",
        "/a%20b+c",
        "/%c3%a9%C3%A9",
        "/%ff",
        "/\\",
        "/a\\b",
        "/;a=b;c",
        "/'quoted'",
        "/!$&'()*+,;=:@-._~",
        "/[x]|^",
        "/.hidden/..x/x../.../a.b",
        "/%2ehidden/a%2e%2eb",
        "/~other/~AAAAAAAAAAAAAAAA/",
        "/lti/nb",
        "/index.html%23x",
        "/a..b/.../a..%20b/a.%20/%20",
        "/日本語/é.html/a．b",
        "/%u00e9/%C0%E9",
    ] {
        let mut wire = browser.ask("GET", &visit.at(rest), &[]);
        let reply = Reply::read(&mut wire, "GET");
        assert_eq!((reply.status, reply.body.as_str()), (200, "ok"), "{rest}: {reply:?}");
        assert_eq!(recorder.request().line(), format!("GET /app{rest}"));
    }
}

#[test]
fn a_query_arrives_byte_for_byte() {
    let (recorder, server) = recorded();
    let (browser, visit) = opened(&server);
    for query in [
        "?",
        "?a",
        "?a=",
        "?=",
        "?a=1&a=2&&a",
        "?a=b+c%20d",
        "?q='x'",
        "?x=%zz&y=%",
        "?a=b?c=d",
        "?%C3%A9=%c3%a9",
        "?../../x=..%2f",
        "?path=\\..\\x",
        "?a;b|c^d`e[f]",
        "?next=https://tool.example/lti/nb",
        "?lti_ticket=x",
    ] {
        for path in ["/", "/a"] {
            let mut wire = browser.ask("GET", &visit.at(&format!("{path}{query}")), &[]);
            let reply = Reply::read(&mut wire, "GET");
            assert_eq!((reply.status, reply.body.as_str()), (200, "ok"), "{query}: {reply:?}");
            assert_eq!(recorder.request().line(), format!("GET /app{path}{query}"));
        }
    }
}

#[test]
fn a_long_path_and_query_pass() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    let rest = format!("/{}?{}", "a/".repeat(5000), "b=1&".repeat(5000));
    assert_eq!(browser.get(&visit.at(&rest)).status, 200);
    assert_eq!(recorder.request().line(), format!("GET /app{rest}"));
}

#[test]
fn an_upstream_at_the_root_of_its_host_adds_no_path() {
    let recorder = Recorder::start();
    for url in [recorder.origin(), format!("{}/", recorder.origin())] {
        let server = server(&tools(&url, ""));
        let (mut browser, visit) = opened(&server);
        for rest in ["/", "/a", "//a", "/?x"] {
            assert_eq!(browser.get(&visit.at(rest)).status, 200);
            assert_eq!(recorder.request().line(), format!("GET {rest}"));
        }
    }
}

#[test]
fn a_dot_segment_in_any_spelling_is_refused() {
    let (recorder, server) = recorded();
    let (browser, visit) = opened(&server);
    for rest in [
        "/.",
        "/..",
        "/./",
        "/../",
        "/../x",
        "/a/../x",
        "/a/..",
        "/a/.",
        "/a/./b",
        "/%2e",
        "/%2e%2e",
        "/%2E%2e/x",
        "/.%2e/x",
        "/%2e./x",
        "/..%2fx",
        "/..%2Fx",
        "/a%2f..%2fx",
        "/%2e%2e%2fx",
        "/..%5cx",
        "/..%5Cx",
        "/a%5c..%5cx",
        "/..\\x",
        "/a\\..",
        "/a\\..\\..\\x",
        "/%252e%252e/x",
        "/%252E%252e%252fx",
        "/..%252fx",
        "/..%255cx",
        "/.%252e/x",
        "/%25252e%25252e/x",
        "/..;/x",
        "/..;x=1/x",
        "/.;/x",
        "/%2e%2e;x/y",
        "/..%3b/x",
        "/~x/../../x",
        "/..%3fx",
        "/..%3Fx/y",
        "/..%23",
        "/.%23x",
        "/..%253fx",
        "/%c0%ae%c0%ae",
        "/%C0%AE%c0%ae/x",
        "/a/.%c0%ae%c0%afx",
        "/%25c0%25ae%25c0%25ae/x",
        "/%u002e%u002e/x",
        "/%U002E./x",
        "/..%u002fx",
        "/%25u002e./x",
        "/..%20",
        "/..%20/x",
        "/%20../x",
        "/..%09/x",
        "/..%2520/x",
        "/..%20.;/x",
        "/..%c2%a0/x",
        "/..%EF%BC%8Fx",
        "/..／x",
        "/%EF%BC%8E%EF%BC%8E/x",
        "/．．/x",
        "/%25EF%25BC%258E./x",
        "/..%EF%BC%BCx",
        "/..＼x",
        "/..%e0%80%afx",
        "/%f0%80%80%ae./x",
        "/..%c1%9cx",
    ] {
        let mut wire = browser.ask("GET", &visit.at(rest), &[JSON]);
        refused(&Reply::read(&mut wire, "GET"), 400, "bad-path");
        recorder.saw_nothing();
    }
}

#[test]
fn a_null_byte_in_a_path_is_refused() {
    let (recorder, server) = recorded();
    let (browser, visit) = opened(&server);
    for rest in ["/%00", "/a%00.css", "/%2500", "/a%2500/x"] {
        let mut wire = browser.ask("GET", &visit.at(rest), &[JSON]);
        refused(&Reply::read(&mut wire, "GET"), 400, "bad-path");
        recorder.saw_nothing();
    }
}

#[test]
fn a_dot_segment_does_not_lead_into_another_session() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    let other = Browser::new(&server).open(&launch_again("2").but(&[("resource_link_id", "rl-2")]));
    let id = other.prefix.rsplit('/').next().expect("an id");
    for path in [
        format!("{}/../{id}/", visit.prefix),
        format!("{}/%2e%2e/{id}/", visit.prefix),
        format!("/lti/nb/x/../{id}/"),
        format!("/lti/./nb/{id}/"),
        format!("/lti/nb//{id}/"),
        format!("/static/../lti/nb/{id}/"),
    ] {
        for cookie in [&visit.cookie, &other.cookie] {
            let headers = [("Host", "tool.example"), JSON, ("Cookie", cookie.as_str())];
            let reply = server.send("GET", &path, &headers, b"");
            assert!((400..500).contains(&reply.status), "{path}: {reply:?}");
            recorder.saw_nothing();
        }
    }
}

#[test]
fn an_absolute_request_target_reaches_no_other_host() {
    let (recorder, server) = recorded();
    let other = Recorder::start();
    let (browser, visit) = opened(&server);
    for origin in [other.origin(), "https://evil.example".to_owned(), recorder.origin()] {
        let cookie = [("Cookie", visit.cookie.as_str())];
        let mut wire = browser.ask("GET", &format!("{origin}{}", visit.at("/x")), &cookie);
        assert_eq!(Reply::read(&mut wire, "GET").body, "ok");
        let request = recorder.request();
        assert_eq!(request.line(), "GET /app/x");
        assert_eq!(request.header("host"), Some(recorder.authority()));
        assert_eq!(request.header("x-forwarded-host").as_deref(), Some("tool.example"));
        other.saw_nothing();
    }
}

#[test]
fn no_path_reaches_another_server() {
    let (recorder, server) = recorded();
    let other = Recorder::start();
    let (browser, visit) = opened(&server);
    let authority = other.authority();
    for rest in [
        format!("//{authority}/x"),
        format!("/@{authority}/"),
        format!("/http://{authority}/x"),
        format!("/%2f%2f{authority}/"),
        format!("/:80@{authority}"),
    ] {
        let mut wire = browser.ask("GET", &visit.at(&rest), &[]);
        assert_eq!(Reply::read(&mut wire, "GET").status, 200, "{rest}");
        assert_eq!(recorder.request().line(), format!("GET /app{rest}"));
        other.saw_nothing();
    }
}
