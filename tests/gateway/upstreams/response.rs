//! Response headers of an upstream, as they arrive in the platform's frame.

use super::*;

/// The browser's response to an upstream's response with these header lines. `ORIGIN` means the
/// upstream's origin.
#[track_caller]
fn response(more: &str, lines: &str) -> (Reply, Visit) {
    let (reply, visit, _) = response_and_origin(more, lines);
    (reply, visit)
}

#[track_caller]
fn response_and_origin(more: &str, lines: &str) -> (Reply, Visit, String) {
    let lines = lines.to_owned();
    let recorder = Recorder::with(move |request| {
        let origin = format!("http://{}", request.header("host").unwrap_or_default());
        let lines = lines.replace("ORIGIN", &origin);
        format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 2\r\n\r\nok").into_bytes()
    });
    let server = server(&tools(&recorder.url(), more));
    let (mut browser, visit) = opened(&server);
    let reply = browser.get(&visit.at("/page"));
    assert_eq!((reply.status, reply.body.as_str()), (200, "ok"), "{reply:?}");
    (reply, visit, recorder.origin())
}

/// Asserts the value of one header in the browser. `PREFIX` means the session's prefix.
#[track_caller]
fn check(line: &str, name: &str, expected: Option<&str>) {
    let (reply, visit) = response("", &format!("{line}\r\n"));
    let expected = expected.map(|value| value.replace("PREFIX", &visit.prefix));
    assert_eq!(reply.header(name), expected.as_deref(), "{line}");
}

#[test]
fn exactly_these_response_headers_reach_the_browser() {
    let (reply, _) = response("", "Content-Type: text/html\r\nX-App: 1\r\n");
    let mut names: Vec<&str> = reply.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "content-length",
        "content-security-policy",
        "content-type",
        "date",
        "referrer-policy",
        "x-app",
    ];
    assert_eq!(names, expected);
}

#[test]
fn status_and_headers_of_the_app_pass() {
    let lines = "Content-Type: text/html; charset=iso-8859-1\r\n\
        Cache-Control: max-age=60, private\r\n\
        Vary: Accept\r\nVary: Cookie\r\nETag: W/\"x\"\r\n\
        Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n\
        Content-Disposition: attachment; filename=\"a;b.txt\"\r\n\
        Link: <https://cdn.example/a.css>; rel=preload\r\n\
        WWW-Authenticate: Basic realm=\"app\"\r\nServer: app/1.0\r\nX-Empty:\r\n\
            X-Text: Zo\u{eb} \u{5c71}\r\n";
    let (reply, _) = response("", lines);
    for (name, values) in [
        ("content-type", &["text/html; charset=iso-8859-1"][..]),
        ("cache-control", &["max-age=60, private"]),
        ("vary", &["Accept", "Cookie"]),
        ("etag", &["W/\"x\""]),
        ("last-modified", &["Mon, 01 Jan 2024 00:00:00 GMT"]),
        ("content-disposition", &["attachment; filename=\"a;b.txt\""]),
        ("link", &["<https://cdn.example/a.css>; rel=preload"]),
        ("www-authenticate", &["Basic realm=\"app\""]),
        ("server", &["app/1.0"]),
        ("x-empty", &[""]),
        ("x-text", &["Zo\u{eb} \u{5c71}"]),
    ] {
        assert_eq!(reply.all(name), values, "{name}");
    }
    assert_eq!(reply.header("x-content-type-options"), None, "the app sets it itself, if at all");
}

#[test]
fn every_status_passes() {
    for status in [
        200, 201, 202, 203, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 410, 418, 429,
        451, 500, 501, 502, 503, 504, 511, 599,
    ] {
        let recorder =
            Recorder::answering(format!("HTTP/1.1 {status} Any\r\nContent-Length: 4\r\n\r\nbody"));
        let server = server(&tools(&recorder.url(), ""));
        let (mut browser, visit) = opened(&server);
        for reply in [browser.get(&visit.at("/")), browser.send("POST", &visit.at("/"), &[], b"x")]
        {
            assert_eq!(
                (reply.status, reply.body.as_str()),
                (status, "body"),
                "the app's own page is passed on"
            );
        }
    }
}

#[test]
fn the_tool_decides_who_may_frame_the_app() {
    let lines = "X-Frame-Options: DENY\r\nX-Frame-Options: SAMEORIGIN\r\n\
        Content-Security-Policy: default-src 'self'; frame-ancestors 'none'; img-src *\r\n\
        Content-Security-Policy: Frame-Ancestors 'self'\r\n\
        Content-Security-Policy: script-src 'nonce-x', frame-ancestors 'self'\r\n\
        Content-Security-Policy-Report-Only: frame-ancestors 'self'; style-src 'self'\r\n";
    for (more, ancestors) in [
        ("", "frame-ancestors *"),
        (
            "frame_ancestors = [\"https://lms.example\", \"'self'\"]",
            "frame-ancestors https://lms.example 'self'",
        ),
    ] {
        let (reply, _) = response(more, lines);
        assert_eq!(reply.header("x-frame-options"), None);
        let policies = reply.all("content-security-policy");
        assert_eq!(policies, ["default-src 'self'; img-src *", "script-src 'nonce-x'", ancestors]);
        assert_eq!(reply.all("content-security-policy-report-only"), ["style-src 'self'"]);
    }
}

#[test]
fn response_headers_for_a_whole_host_are_removed() {
    let lines = "Strict-Transport-Security: max-age=1\r\nClear-Site-Data: \"*\"\r\n\
        Alt-Svc: h3=\":443\"\r\nNEL: {}\r\nReport-To: {}\r\n\
        Secure-Session-Registration: (ES256);path=\"x\"\r\n\
        Sec-Session-Registration: (ES256);path=\"x\"\r\n\
        Use-As-Dictionary: match=\"/*\"\r\nSet-Login: logged-in\r\nAccept-CH: Sec-CH-UA\r\n\
        Critical-CH: Sec-CH-UA\r\nOrigin-Agent-Cluster: ?1\r\n\
        Referrer-Policy: unsafe-url\r\nreferrer-policy: no-referrer\r\n";
    let (reply, _) = response("", lines);
    for name in [
        "strict-transport-security",
        "clear-site-data",
        "alt-svc",
        "nel",
        "report-to",
        "secure-session-registration",
        "sec-session-registration",
        "use-as-dictionary",
        "set-login",
        "accept-ch",
        "critical-ch",
        "origin-agent-cluster",
    ] {
        assert_eq!(reply.header(name), None, "{name}");
    }
    assert_eq!(reply.header("referrer-policy"), Some("same-origin"));
}

#[test]
fn hop_by_hop_response_headers_do_not_reach_the_browser() {
    let lines = "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\
        Proxy-Authenticate: Basic\r\nTrailer: X-T\r\nUpgrade: h2c\r\nX-Kept: 1\r\n";
    let (reply, _) = response("", lines);
    for name in ["x-hop", "keep-alive", "proxy-authenticate", "trailer", "upgrade", "connection"] {
        assert_eq!(reply.header(name), None, "{name}");
    }
    assert_eq!(reply.header("x-kept"), Some("1"));
}

#[test]
fn urls_of_the_app_lead_below_the_prefix() {
    for name in ["Location", "Content-Location"] {
        let lower = name.to_lowercase();
        for (url, expected) in [
            ("ORIGIN/app/a/b?c=d#e", "PREFIX/a/b?c=d#e"),
            ("ORIGIN/app", "PREFIX"),
            ("ORIGIN/app/", "PREFIX/"),
            ("/app/a%2Fb//c", "PREFIX/a%2Fb//c"),
            ("/other", "PREFIX/other"),
            ("/lti/nb/~AAAAAAAAAAAAAAAA/", "PREFIX/lti/nb/~AAAAAAAAAAAAAAAA/"),
            ("/app/../../x", "PREFIX/x"),
            ("a/b", "a/b"),
            ("../a", "../a"),
            ("?x", "?x"),
            ("https://lms.example/course", "https://lms.example/course"),
            ("//lms.example/x", "//lms.example/x"),
            ("https://tool.example/app/x", "PREFIX/x"),
        ] {
            check(&format!("{name}: {url}"), &lower, Some(expected));
        }
    }
}

#[test]
fn urls_of_an_app_that_knows_its_prefix_stay() {
    let recorder = Recorder::with(|request| {
        let prefix = request.header("x-forwarded-prefix").expect("a prefix");
        format!(
            "HTTP/1.1 302 Found\r\nLocation: {prefix}/login?next={prefix}/\r\n\
            Content-Length: 0\r\n\r\n"
        )
        .into_bytes()
    });
    let server = server(&tools(&recorder.url(), ""));
    let (mut browser, visit) = opened(&server);
    let reply = browser.get(&visit.at("/"));
    let expected = format!("{0}/login?next={0}/", visit.prefix);
    assert_eq!((reply.status, reply.header("location")), (302, Some(expected.as_str())));
}

#[test]
fn refresh_and_service_workers_stay_below_the_prefix() {
    check("Refresh: 5", "refresh", Some("5"));
    check("Refresh: 0; url=/app/next", "refresh", Some("0; url=PREFIX/next"));
    check("Refresh: 0;URL='ORIGIN/app/next?x'", "refresh", Some("0;URL='PREFIX/next?x'"));
    check("Refresh: 3; url=https://lms.example/", "refresh", Some("3; url=https://lms.example/"));
    check("Service-Worker-Allowed: /", "service-worker-allowed", Some("PREFIX/"));
    check("Service-Worker-Allowed: /app/", "service-worker-allowed", Some("PREFIX/"));
    check("Service-Worker-Allowed: /app/sw/", "service-worker-allowed", Some("PREFIX/"));
    check(
        "Service-Worker-Allowed: https://tool.example/",
        "service-worker-allowed",
        Some("PREFIX/"),
    );
    check("Service-Worker-Allowed: /app/../../../", "service-worker-allowed", Some("PREFIX/"));
    check("Service-Worker-Allowed: ../../", "service-worker-allowed", Some("PREFIX/"));
}

#[test]
fn every_header_with_urls_of_the_app_leads_below_the_prefix() {
    for name in [
        "HX-Location",
        "HX-Push",
        "HX-Push-Url",
        "HX-Redirect",
        "HX-Replace-Url",
        "SourceMap",
        "Turbo-Location",
        "Turbolinks-Location",
        "X-Inertia-Location",
        "X-Inertia-Redirect",
        "X-PJAX-URL",
        "X-Redirect",
        "X-SourceMap",
        "X-Up-Location",
        "X-XHR-Redirected-To",
    ] {
        for (url, expected) in [
            ("/app/a?b#c", "PREFIX/a?b#c"),
            ("ORIGIN/app/a", "PREFIX/a"),
            ("https://tool.example/a", "PREFIX/a"),
            ("/app/../../x", "PREFIX/x"),
            ("a.js.map", "a.js.map"),
            ("false", "false"),
            ("https://lms.example/app/a", "https://lms.example/app/a"),
        ] {
            check(&format!("{name}: {url}"), &name.to_lowercase(), Some(expected));
        }
    }
    for (line, name, expected) in [
        (
            "Link: </app/a.css>; rel=preload, <ORIGIN/app/2>;rel=next, <https://cdn.example/x>",
            "link",
            "<PREFIX/a.css>; rel=preload, <PREFIX/2>;rel=next, <https://cdn.example/x>",
        ),
        (
            "HX-Location: {\"path\": \"/app/a\", \"target\": \"#main\"}",
            "hx-location",
            "{\"path\": \"PREFIX/a\", \"target\": \"#main\"}",
        ),
        ("Speculation-Rules: \"/app/rules.json\"", "speculation-rules", "\"PREFIX/rules.json\""),
        ("Reporting-Endpoints: main=\"/r\"", "reporting-endpoints", "main=\"PREFIX/r\""),
    ] {
        check(line, name, Some(expected));
    }
}

#[test]
fn malformed_headers_with_urls_pass_unchanged() {
    for (name, value) in [
        ("Link", "</app/a"),
        ("Link", "/app/a"),
        ("HX-Location", "{\"path\": \"/app/a\""),
        ("HX-Location", "{\"path\": \"https://lms.example/\"}"),
        ("Speculation-Rules", "\"/app/a"),
        ("X-Action-Redirect", "/app/a;push"),
        ("X-Other", "/app/a"),
    ] {
        check(&format!("{name}: {value}"), &name.to_lowercase(), Some(value));
    }
}

#[test]
fn every_name_of_an_app_on_this_machine_is_its_own() {
    let recorder = Recorder::with(|request| {
        let line = request.line();
        let (_, url) = line.rsplit_once("?u=").expect("a URL");
        format!(
            "HTTP/1.1 200 OK\r\nLocation: {url}\r\nContent-Location: {url}\r\n\
            Refresh: 1; url={url}\r\nLink: <{url}>\r\nSourceMap: {url}\r\n\
            HX-Redirect: {url}\r\nHX-Location: {{\"path\":\"{url}\"}}\r\n\
            Set-Cookie: a=1; Domain=localhost; Path=/app\r\nContent-Length: 0\r\n\r\n"
        )
        .into_bytes()
    });
    let port = recorder.authority().rsplit_once(':').expect("a port").1.to_owned();
    let server = server(&tools(&recorder.url(), ""));
    let (mut browser, visit) = opened(&server);
    let mut check = |host: &str, expected: &str| {
        let url = format!("http://{host}/app/x");
        let reply = browser.get(&visit.at(&format!("/?u={url}")));
        let expected = expected.replace("URL", &url);
        assert_eq!(reply.header("location"), Some(expected.as_str()));
        assert_eq!(reply.header("content-location"), Some(expected.as_str()));
        assert_eq!(reply.header("refresh"), Some(format!("1; url={expected}").as_str()));
        assert_eq!(reply.header("link"), Some(format!("<{expected}>").as_str()));
        assert_eq!(reply.header("sourcemap"), Some(expected.as_str()));
        assert_eq!(reply.header("hx-redirect"), Some(expected.as_str()));
        let action = format!("{{\"path\":\"{expected}\"}}");
        assert_eq!(reply.header("hx-location"), Some(action.as_str()));
        let cookie = format!("a=1; Path={}; Secure; SameSite=None; Partitioned", visit.prefix);
        assert_eq!(reply.header("set-cookie"), Some(cookie.as_str()));
    };
    let own = visit.at("/x");
    for host in ["localhost", "LocalHost", "127.0.0.1", "[::1]", "0.0.0.0"] {
        check(&format!("{host}:{port}"), &own);
    }
    check("localhost:1", "URL");
    check(&format!("127.0.0.2:{port}"), "URL");
    check(&format!("localhost.evil.example:{port}"), "URL");
    check(&format!("evil.example:{port}"), "URL");
}

#[test]
fn no_response_reveals_the_upstreams_url() {
    let lines = "Location: ORIGIN/app/x\r\nContent-Location: ORIGIN/other\r\n\
        Link: <ORIGIN/app/a>\r\nSourceMap: ORIGIN/a.map\r\nHX-Redirect: ORIGIN/b\r\n\
        Refresh: 1; url=ORIGIN/app/y\r\n\
        Set-Cookie: a=1; Domain=127.0.0.1; Path=/app\r\n";
    let (reply, _, origin) = response_and_origin("", lines);
    for (name, value) in &reply.headers {
        assert!(!value.contains(&origin) && !value.contains("127.0.0.1"), "{name}: {value}");
    }
}

#[test]
fn the_redirect_of_a_post_is_passed_on_and_not_followed() {
    let recorder = Recorder::with(|request| {
        let lines = match request.line().as_str() {
            "POST /app/old?x" => "307 Temporary Redirect\r\nLocation: /app/new?x",
            _ => "200 OK",
        };
        format!("HTTP/1.1 {lines}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    });
    let server = server(&tools(&recorder.url(), ""));
    let (mut browser, visit) = opened(&server);
    let reply = browser.send("POST", &visit.at("/old?x"), &[], b"a=1");
    assert_eq!((reply.status, reply.header("location")), (307, Some(visit.at("/new?x").as_str())));
    assert_eq!(
        recorder.request().line(),
        "POST /app/old?x",
        "the browser follows, not the gateway"
    );
}
