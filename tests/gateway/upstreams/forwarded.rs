//! `X-Forwarded-Host`, `-Proto` and `-For`, and the `Origin` and `Referer` that an upstream
//! receives.

use super::*;

/// The value that the upstream receives for this header of the browser.
#[track_caller]
fn received(
    recorder: &Recorder,
    browser: &mut Browser<'_>,
    visit: &Visit,
    name: &str,
    value: &str,
) -> Option<String> {
    let reply = browser.send("GET", &visit.at("/"), &[(name, value)], b"");
    assert_eq!(reply.status, 200, "{name}: {value}");
    recorder.request().header(&name.to_ascii_lowercase())
}

#[test]
fn the_browsers_origin_becomes_the_upstreams() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    let mut check = |origin: &str, expected: &str| {
        assert_eq!(
            received(&recorder, &mut browser, &visit, "Origin", origin).as_deref(),
            Some(expected)
        );
    };
    check("https://tool.example", &recorder.origin());
    for foreign in [
        "https://lms.example",
        "http://tool.example",
        "https://tool.example:8443",
        "https://a.tool.example",
        "null",
    ] {
        check(foreign, foreign);
    }
}

#[test]
fn a_referer_inside_the_session_becomes_a_url_of_the_upstream() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    let upstream = recorder.url();
    let prefix = visit.prefix.clone();
    let mut check = |referer: &str, expected: Option<&str>| {
        assert_eq!(
            received(&recorder, &mut browser, &visit, "Referer", referer).as_deref(),
            expected,
            "{referer}"
        );
    };
    let own = format!("https://tool.example{prefix}");
    check(&format!("{own}/"), Some(&format!("{upstream}/")));
    check(&format!("{own}/a%2fb/?x='1'"), Some(&format!("{upstream}/a%2fb/?x='1'")));
    // Other URLs of the gateway: the URL of another session is private.
    for other in [
        "https://tool.example/",
        "https://tool.example",
        "https://tool.example/lti/nb",
        "https://tool.example/lti/nb/~AAAAAAAAAAAAAAAA/page",
        &format!("{own}x/page"),
        &format!("{own}?lti_ticket=x"),
        "https://tool.example/static/a.css",
    ] {
        check(other, None);
    }
    for foreign in [
        "https://lms.example/course?x",
        "https://tool.example.evil.example/",
        "http://tool.example/x",
    ] {
        check(foreign, Some(foreign));
    }
}

#[test]
fn an_upstream_receives_the_host_port_and_scheme_that_browsers_see() {
    let recorder = Recorder::start();
    for (public_url, host, proto) in [
        ("https://tool.example:8443", "tool.example:8443", "https"),
        ("http://localhost:5000", "localhost:5000", "http"),
        ("https://tool.example", "tool.example", "https"),
    ] {
        let file = tools(&recorder.url(), "").replace("https://tool.example", public_url);
        let server = server(&file);
        let url = format!("{public_url}/lti/nb");
        let mut browser = Browser::at(&server, host);
        let visit = browser.open(&Form { url: &url, ..launch() });
        assert_eq!(browser.get(&visit.at("/")).status, 200);
        let request = recorder.request();
        assert_eq!(request.header("x-forwarded-host").as_deref(), Some(host));
        assert_eq!(request.header("x-forwarded-proto").as_deref(), Some(proto));
        assert_eq!(request.header("host"), Some(recorder.authority()));
    }
}

#[test]
fn on_heroku_the_routers_ip_address_is_the_browsers() {
    let recorder = Recorder::start();
    let known = tools(&recorder.url(), "");
    let unknown = known.replace("public_url = \"https://tool.example\"\n", "");
    assert_ne!(known, unknown);
    for file in [known, unknown] {
        let setup = Setup { tools: &file, environment: &[("DYNO", "web.1")], ..Setup::default() };
        let server = Server::start(&setup);
        let (mut browser, visit) = opened(&server);
        // The router appends the IP address that it saw. The browser chose the values before it. If
        // the last value is not an IP address, the header is absent.
        for (lines, expected) in [
            (&["6.6.6.6, 203.0.113.7"][..], Some("203.0.113.7")),
            (&["203.0.113.7"], Some("203.0.113.7")),
            (&["6.6.6.6", "7.7.7.7,203.0.113.7"], Some("203.0.113.7")),
            (&["6.6.6.6, evil", " 2001:db8::7 "], Some("2001:db8::7")),
            (&["6.6.6.6, evil"], None),
            (&["6.6.6.6,"], None),
            (&["6.6.6.6", ""], None),
            (&["6.6.6.6, 203.0.113.7:4711"], None),
            (&[], None),
        ] {
            let mut headers = vec![("X-Forwarded-Proto", "https")];
            headers.extend(lines.iter().map(|line| ("X-Forwarded-For", *line)));
            assert_eq!(browser.send("GET", &visit.at("/"), &headers, b"").status, 200);
            let request = recorder.request();
            assert_eq!(request.header("x-forwarded-for").as_deref(), expected, "{lines:?}");
            assert_eq!(request.header("x-forwarded-proto").as_deref(), Some("https"));
            assert_eq!(request.header("x-forwarded-host").as_deref(), Some("tool.example"));
        }
    }
}

#[test]
fn an_app_with_two_host_names_receives_the_requested_one() {
    let recorder = Recorder::start();
    let file = tools(&recorder.url(), "").replace("public_url = \"https://tool.example\"\n", "");
    let server = Server::start(&Setup {
        tools: &file,
        environment: &[("DYNO", "web.1")],
        ..Setup::default()
    });
    let (_, visit) = opened(&server);
    for host in ["tool.example", "other.example", "tool.example"] {
        let headers = [
            ("Host", host),
            ("Cookie", visit.cookie.as_str()),
            ("Origin", &format!("https://{host}")),
        ];
        assert_eq!(server.send("POST", &visit.at("/"), &headers, b"x=1").status, 200);
        let request = recorder.request();
        assert_eq!(request.header("x-forwarded-host").as_deref(), Some(host));
        assert_eq!(request.header("origin"), Some(recorder.origin()));
        assert_eq!(assertion::claims_of(&server, &request)["iss"], format!("https://{host}"));
    }
}
