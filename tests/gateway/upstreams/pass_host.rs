//! `pass_host_header`: the app receives the browser's `Host`, `Origin` and `Referer`.

use crate::support::Upstream;

use super::*;

const PASSED: &str = "pass_host_header = true";

/// Asserts the values of these headers in the next request that the upstream received.
#[track_caller]
fn received(recorder: &Recorder, expected: &[(&str, Option<&str>)]) {
    let request = recorder.request();
    for (name, value) in expected {
        assert_eq!(request.header(name).as_deref(), *value, "{name}");
    }
}

#[test]
fn the_app_receives_the_browsers_host_origin_and_referer() {
    let (recorder, server) = recorded_with(PASSED);
    let (mut browser, visit) = opened(&server);
    let page = format!("https://tool.example{}", visit.at("/a%2fb/?x='1'"));
    let sent = [("Origin", "https://tool.example"), ("Referer", page.as_str())];
    assert_eq!(browser.send("POST", &visit.at("/save"), &sent, b"x=1").status, 200);
    received(
        &recorder,
        &[
            ("host", Some("tool.example")),
            ("origin", Some("https://tool.example")),
            ("referer", Some(&page)),
            ("x-forwarded-host", Some("tool.example")),
            ("x-forwarded-proto", Some("https")),
            ("x-forwarded-prefix", Some(&visit.prefix)),
        ],
    );
    assert_eq!(browser.get(&visit.at("/")).status, 200);
    received(&recorder, &[("host", Some("tool.example")), ("origin", None), ("referer", None)]);
}

#[test]
fn by_default_the_app_receives_its_own_host() {
    for more in ["", "pass_host_header = false"] {
        let (recorder, server) = recorded_with(more);
        let (mut browser, visit) = opened(&server);
        let own = [("Origin", "https://tool.example")];
        assert_eq!(browser.send("POST", &visit.at("/"), &own, b"x=1").status, 200);
        let origin = recorder.origin();
        received(&recorder, &[("host", Some(&recorder.authority())), ("origin", Some(&origin))]);
    }
}

#[test]
fn a_referer_elsewhere_on_the_gateway_does_not_reach_the_app() {
    let (recorder, server) = recorded_with(PASSED);
    let (mut browser, visit) = opened(&server);
    let own = format!("https://tool.example{}", visit.prefix);
    let mut check = |referer: &str, is_passed: bool| {
        let headers = [("Referer", referer)];
        assert_eq!(browser.send("GET", &visit.at("/"), &headers, b"").status, 200);
        received(&recorder, &[("referer", is_passed.then_some(referer))]);
    };
    for private in [
        "https://tool.example/",
        "https://tool.example/lti/nb",
        "https://tool.example/lti/nb/~AAAAAAAAAAAAAAAA/page",
        &format!("{own}x/page"),
        &format!("{own}?lti_ticket=x"),
    ] {
        check(private, false);
    }
    for passed in [&own, &format!("{own}/"), "https://lms.example/course?x"] {
        check(passed, true);
    }
}

#[test]
fn another_host_is_refused_and_reaches_no_app() {
    let recorder = Recorder::start();
    for (public_url, good, bad) in [
        (
            "https://tool.example",
            &["tool.example", "TOOL.example", "tool.example:443"][..],
            &["evil.example", "tool.example:8443", "a.tool.example", "127.0.0.1:5000"][..],
        ),
        (
            "https://tool.example:8443",
            &["tool.example:8443"],
            &["tool.example", "tool.example:443", "evil.example:8443"],
        ),
        ("https://tool.example:443", &["tool.example", "tool.example:443"], &["tool.example:80"]),
    ] {
        let file = tools(&recorder.url(), PASSED).replace("https://tool.example", public_url);
        let server = server(&file);
        let url = format!("{public_url}/lti/nb");
        let mut browser = Browser::at(&server, good[0]);
        let visit = browser.open(&Form { url: &url, ..launch() });
        for host in good {
            let headers = [("Host", *host), ("Cookie", visit.cookie.as_str())];
            assert_eq!(server.send("GET", &visit.at("/"), &headers, b"").status, 200, "{host}");
            received(&recorder, &[("host", Some(good[0])), ("x-real-ip", None)]);
        }
        for host in bad {
            let headers = [("Host", *host), JSON, ("Cookie", visit.cookie.as_str())];
            for method in ["GET", "POST"] {
                let reply = server.send(method, &visit.at("/"), &headers, b"");
                refused(&reply, 400, "other-host");
            }
        }
        recorder.saw_nothing();
    }
}

#[test]
fn the_csrf_check_and_the_session_come_before_the_host() {
    let (recorder, server) = recorded_with(PASSED);
    let (_, visit) = opened(&server);
    let cookie = ("Cookie", visit.cookie.as_str());
    let check = |headers: &[(&str, &str)], status, code| {
        refused(&server.send("POST", &visit.at("/"), headers, b""), status, code);
    };
    let evil = [("Host", "evil.example"), JSON, ("Origin", "https://evil.example"), cookie];
    check(&evil, 403, "foreign-origin");
    check(&evil[..3], 401, "no-session");
    let own = [("Host", "tool.example"), JSON, ("Origin", "https://evil.example"), cookie];
    check(&own, 403, "foreign-origin");
    recorder.saw_nothing();
}

#[test]
fn a_tool_with_a_host_passes_this_host() {
    let (recorder, server) = recorded_with(&format!("host = \"nb.example\"\n{PASSED}"));
    let mut browser = Browser::at(&server, "nb.example");
    let visit = browser.open(&Form { url: "https://nb.example/", ..launch() });
    let own = [("Origin", "https://nb.example")];
    assert_eq!(browser.send("POST", &visit.at("/"), &own, b"x=1").status, 200);
    received(
        &recorder,
        &[
            ("host", Some("nb.example")),
            ("origin", Some("https://nb.example")),
            ("x-forwarded-host", Some("nb.example")),
        ],
    );
    let headers = [("Host", "nb.example:8443"), JSON, ("Cookie", visit.cookie.as_str())];
    refused(&server.send("GET", &visit.at("/"), &headers, b""), 400, "other-host");
    recorder.saw_nothing();
}

#[test]
fn on_heroku_and_in_development_the_app_receives_the_host_of_the_request() {
    let recorder = Recorder::start();
    let file =
        tools(&recorder.url(), PASSED).replace("public_url = \"https://tool.example\"\n", "");
    let heroku = Setup { tools: &file, environment: &[("DYNO", "web.1")], ..Setup::default() };
    let development = Setup { tools: &file, development: true, ..Setup::default() };
    for (setup, url, hosts) in [
        (heroku, "https://tool.example/lti/nb", ["tool.example", "other.example"]),
        (development, "http://localhost:5000/lti/nb", ["localhost:5000", "127.0.0.1:5000"]),
    ] {
        let server = Server::start(&setup);
        let mut browser = Browser::at(&server, hosts[0]);
        let visit = browser.open(&Form { url, ..launch() });
        for host in hosts {
            let scheme = url.split("//").next().expect("a scheme");
            let origin = format!("{scheme}//{host}");
            let cookie = visit.cookie.as_str();
            let headers = [("Host", host), ("Cookie", cookie), ("Origin", origin.as_str())];
            assert_eq!(server.send("POST", &visit.at("/"), &headers, b"x=1").status, 200);
            received(&recorder, &[("host", Some(host)), ("origin", Some(&origin))]);
        }
    }
}

#[test]
fn behind_a_port_forwarder_the_app_receives_the_dev_host() {
    let recorder = Recorder::start();
    let dev_host = "https://name-5000.app.github.dev";
    let file = tools(&recorder.url(), PASSED)
        .replace("public_url = \"https://tool.example\"", &format!("dev_host = \"{dev_host}\""));
    let server = Server::start(&Setup { tools: &file, development: true, ..Setup::default() });
    let mut browser = Browser::at(&server, "localhost:5000");
    let visit = browser.open(&Form { url: &format!("{dev_host}/lti/nb"), ..launch() });
    let check = |host, origin| {
        let headers = [
            ("Host", host),
            ("Cookie", visit.cookie.as_str()),
            ("Origin", origin),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        server.send("POST", &visit.at("/"), &headers, b"x=1")
    };
    for (host, origin) in [
        ("name-5000.app.github.dev", dev_host),
        ("localhost:5000", dev_host),
        // GitHub Codespaces rewrites both.
        ("localhost:5000", "http://localhost:5000"),
    ] {
        assert_eq!(check(host, origin).status, 200, "{host} {origin}");
        let expected = [("host", Some("name-5000.app.github.dev")), ("origin", Some(dev_host))];
        received(&recorder, &expected);
    }
    assert_eq!(check("evil.example", dev_host).status, 400);
    recorder.saw_nothing();
}

#[test]
fn a_websocket_passes_the_host_too_and_only_the_right_one() {
    let upstream = Upstream::start();
    let server = server(&tools(&upstream.url(), PASSED));
    let (browser, visit) = opened(&server);
    let handshake = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Origin", "https://tool.example"),
    ];
    let mut wire = browser.ask("GET", &visit.at("/socket"), &handshake);
    let (mut app, head) = upstream.request();
    assert_eq!(head.header("host").as_deref(), Some("tool.example"));
    assert_eq!(head.header("origin").as_deref(), Some("https://tool.example"));
    app.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(Reply::read(&mut wire, "GET").status, 403);
    let mut other = handshake.to_vec();
    other.extend([("Host", "evil.example"), JSON, ("Cookie", visit.cookie.as_str())]);
    refused(&server.send("GET", &visit.at("/socket"), &other, b""), 400, "other-host");
    assert!(upstream.saw_nothing());
}

#[test]
fn urls_that_the_app_builds_with_the_public_host_lead_into_the_session() {
    let recorder = Recorder::with(|request| {
        let host = request.header("host").unwrap_or_default();
        format!(
            "HTTP/1.1 302 Found\r\nLocation: http://{host}/app/page?x#y\r\n\
            Content-Location: https://{host}/other\r\nLink: <//{host}/a.css>; rel=preload\r\n\
            Set-Cookie: a=1; Domain={host}; Path=/app\r\nContent-Length: 0\r\n\r\n"
        )
        .into_bytes()
    });
    let server = server(&tools(&recorder.url(), PASSED));
    let (mut browser, visit) = opened(&server);
    let reply = browser.get(&visit.at("/"));
    assert_eq!(reply.header("location"), Some(visit.at("/page?x#y").as_str()));
    assert_eq!(reply.header("content-location"), Some(visit.at("/other").as_str()));
    let link = format!("<{}>; rel=preload", visit.at("/a.css"));
    assert_eq!(reply.header("link"), Some(link.as_str()));
    let cookie = format!("a=1; Path={}; Secure; SameSite=None; Partitioned", visit.prefix);
    assert_eq!(reply.header("set-cookie"), Some(cookie.as_str()));
}
