//! Stray requests: an app's root-absolute URLs lead back into the session of their page.

use super::*;

const ORIGIN: &str = "https://tool.example";
/// A session id that no launch created.
const INVENTED: &str = "/lti/nb/~AAAAAAAAAAAAAAAA";

/// A gateway with the tool `nb`, a template and files of `static/`.
fn gateway(more: &str) -> (Recorder, Server) {
    let recorder = Recorder::start();
    let template = "[tools.page]\nkey = \"key-1\"\nsecret = \"s3cret\"\n\
                    template = \"page\"\npath = \"/quiz\"\n";
    let file = format!("{}\n{template}", tools(&recorder.url(), more));
    let setup = Setup { tools: &file, statics: &[("style.css", "body {}")], ..Setup::default() };
    (recorder, Server::start(&setup))
}

/// Asserts a redirect to this URL, with nothing else in it.
#[track_caller]
fn redirected(reply: &Reply, location: &str) {
    assert_eq!((reply.status, reply.header("location")), (307, Some(location)), "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("vary"), Some("Referer"));
    // The redirected request keeps its `Referer`, which many apps check.
    assert_eq!(reply.header("referrer-policy"), Some("same-origin"));
    assert_eq!(reply.all("set-cookie"), [""; 0]);
    assert_eq!(reply.body, "");
}

#[track_caller]
fn ask(server: &Server, method: &str, target: &str, referer: &str) -> Reply {
    let headers = [("Host", "tool.example"), ("Referer", referer)];
    server.send(method, target, &headers, b"")
}

#[test]
fn a_root_absolute_url_of_a_page_leads_into_its_session() {
    let (recorder, server) = gateway("");
    let (mut browser, visit) = opened(&server);
    let page = format!("{ORIGIN}{}", visit.at("/week-1/?x=/lti/nb/~BBBBBBBBBBBBBBBB/"));
    for target in [
        "/style.css",
        "/",
        "/?q=1&q=2",
        "/static/style.css",
        "/ready",
        "/tools/nb/config.xml",
        "/grades",
        "/links",
        "/members/7",
        "/metrics",
        "/a%2Fb//c%20d/?next=//evil.example/%2e%2e#".trim_end_matches('#'),
        "/lti/other",
        "/dev",
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
            let reply = ask(&server, method, target, &page);
            redirected(&reply, &visit.at(target));
        }
    }
    recorder.saw_nothing();
    // Method, body and query reach the app.
    let headers = [("Referer", &*page), ("Origin", ORIGIN), ("Content-Type", "text/plain")];
    let reply = browser.send("POST", "/save?x=%2f", &headers, b"answer");
    redirected(&reply, &visit.at("/save?x=%2f"));
    let target = reply.header("location").expect("a URL").to_owned();
    assert_eq!(browser.send("POST", &target, &headers, b"answer").body, "ok");
    let request = recorder.request();
    assert_eq!(
        (request.line().as_str(), request.body.as_slice()),
        ("POST /app/save?x=%2f", b"answer".as_slice())
    );
    let own_page = format!("{}/app/week-1/?x=/lti/nb/~BBBBBBBBBBBBBBBB/", recorder.origin());
    assert_eq!(request.header("referer"), Some(own_page));
}

#[test]
fn with_prefix_tool_it_leads_below_the_launch_path() {
    let (recorder, server) = gateway("prefix = \"tool\"");
    for page in ["/lti/nb", "/lti/nb/", "/lti/nb/a/b", "/lti/nb/~x/?y"] {
        let reply = ask(&server, "GET", "/api?x", &format!("{ORIGIN}{page}"));
        redirected(&reply, "/lti/nb/api?x");
        // No loop: this is a URL of the tool.
        let again = ask(&server, "GET", "/lti/nb/api?x", &format!("{ORIGIN}{page}"));
        assert_eq!((again.status, again.header("location")), (401, None), "{again:?}");
    }
    recorder.saw_nothing();
}

#[test]
fn on_a_tools_own_host_it_leads_into_the_session_too() {
    let (recorder, server) = gateway("host = \"nb.example\"");
    let form = Form { url: "https://nb.example/", ..launch() };
    let visit = Browser::at(&server, "nb.example").open(&form);
    let page = format!("https://nb.example{}", visit.at("/"));
    let ask = |method: &str, target: &str, page: &str| {
        server.send(method, target, &[("Host", "nb.example"), ("Referer", page)], b"")
    };
    for target in ["/", "/style.css", "/grades", "/dev/x", "/lti/nb"] {
        redirected(&ask("GET", target, &page), &visit.at(target));
        redirected(&ask("POST", target, &page), &visit.at(target));
    }
    for (target, status) in [
        ("/is_up", 200),
        ("/.well-known/jwks.json", 200),
        ("/.well-known/x", 405),
        ("/~login", 400),
    ] {
        let reply = ask("GET", target, &page);
        assert_eq!((reply.status, reply.header("location")), (status, None), "{target}");
    }
    // A page of the public host is another site.
    for page in ["https://tool.example/~AAAAAAAAAAAAAAAA/", "http://nb.example/~AAAAAAAAAAAAAAAA/"]
    {
        assert_eq!(ask("GET", "/style.css", page).header("location"), None, "{page}");
    }
    let public = format!("{ORIGIN}{}", visit.at("/"));
    assert_eq!(server.send("GET", "/x", &[("Referer", &*public)], b"").header("location"), None);
    recorder.saw_nothing();
}

#[test]
fn with_its_own_host_and_prefix_tool_every_path_is_the_apps_already() {
    let (recorder, server) = gateway("host = \"nb.example\"\nprefix = \"tool\"");
    for target in ["/", "/a", "/is_up", "/~login", "/.well-known/jwks.json"] {
        let headers = [("Host", "nb.example"), ("Referer", "https://nb.example/a")];
        let reply = server.send("GET", target, &headers, b"");
        assert!(reply.status != 307 && reply.header("location").is_none(), "{target}: {reply:?}");
    }
    recorder.saw_nothing();
}

#[test]
fn the_gateways_own_urls_and_those_of_tools_stay_where_they_are() {
    let (recorder, server) = gateway("");
    let page = format!("{ORIGIN}{INVENTED}/");
    for (method, target, status) in [
        ("GET", "/is_up", 200),
        ("HEAD", "/is_up", 200),
        ("GET", "/.well-known/jwks.json", 200),
        ("GET", "/.well-known/other", 404),
        ("GET", "/~login", 400),
        ("GET", "/%7Elogin/x", 404),
        ("GET", "/~AAAAAAAAAAAAAAAA/", 404),
        ("GET", "/lti/nb", 405),
        ("POST", "/lti/nb", 415),
        ("POST", "/lti/nb/style.css", 415),
        ("GET", "/lti/nb/~BBBBBBBBBBBBBBBB/", 401),
        ("GET", "/lti/nb/~x", 401),
        ("GET", "/quiz", 405),
    ] {
        let reply = ask(&server, method, target, &page);
        assert_eq!((reply.status, reply.header("location")), (status, None), "{method} {target}");
    }
    for (target, status) in [
        ("/grades", 401),
        ("/grades/7", 401),
        ("/links", 405),
        ("/members", 401),
        ("/members/7?x", 404),
    ] {
        let headers =
            [("Host", "tool.example"), ("Referer", &*page), ("Authorization", "Bearer x")];
        let reply = server.send("GET", target, &headers, b"");
        assert_eq!((reply.status, reply.header("location")), (status, None), "{target}");
    }
    recorder.saw_nothing();
}

#[test]
fn in_development_its_pages_stay_where_they_are() {
    let recorder = Recorder::start();
    let file = tools(&recorder.url(), "").replace("public_url = \"https://tool.example\"", "");
    let setup = Setup { tools: &file, development: true, ..Setup::default() };
    let server = Server::start(&setup);
    let page = format!("http://localhost:5000{INVENTED}/");
    let ask = |target: &str| {
        server.send("GET", target, &[("Host", "localhost:5000"), ("Referer", &*page)], b"")
    };
    assert_eq!(ask("/dev").status, 200);
    assert_eq!(ask("/dev/x").status, 404);
    redirected(&ask("/devices"), &format!("{INVENTED}/devices"));
    redirected(&ask("/"), &format!("{INVENTED}/"));
    let other = server.send("GET", "/x", &[("Host", "127.0.0.1:5000"), ("Referer", &*page)], b"");
    assert_eq!((other.status, other.header("location")), (404, None));
}

#[test]
fn a_referer_outside_a_session_of_this_host_redirects_nothing() {
    let (recorder, server) = gateway("");
    let id = "~AAAAAAAAAAAAAAAA";
    for referer in [
        // Another site, also one that resembles this one.
        "https://evil.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        "https://tool.example.evil.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        "https://evil.tool.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        "https://tool.example:8443/lti/nb/~AAAAAAAAAAAAAAAA/",
        "http://tool.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        "//tool.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        "ftp://tool.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        "https://evil.example/?https://tool.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        "https://evil.example#https://tool.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        // With a user.
        "https://tool.example@evil.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        "https://evil.example@tool.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        "https://ada:pw@tool.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        "https://@tool.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        // Backslashes, further slashes and encodings.
        "https:\\\\tool.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        "https://tool.example\\@evil.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        "https://tool.example\\lti\\nb\\~AAAAAAAAAAAAAAAA\\",
        "https://tool.example/lti/nb\\~AAAAAAAAAAAAAAAA/",
        "https://tool.example/lti/nb/~AAAAAAAAAAAAAAAA\\x",
        "https://tool.example//lti/nb/~AAAAAAAAAAAAAAAA/",
        "https:///tool.example/lti/nb/~AAAAAAAAAAAAAAAA/",
        "https://tool.example/lti//nb/~AAAAAAAAAAAAAAAA/",
        "https://tool.example/lti/nb//~AAAAAAAAAAAAAAAA/",
        "https://tool%2eexample/lti/nb/~AAAAAAAAAAAAAAAA/",
        "https://tool.example/%6cti/nb/~AAAAAAAAAAAAAAAA/",
        "https://tool.example/lti%2Fnb/~AAAAAAAAAAAAAAAA/",
        "https://tool.example/lti/nb/%7EAAAAAAAAAAAAAAAA/",
        "https://tool.example/lti/nb/~%41AAAAAAAAAAAAAAA/",
        "https://tool.example/lti/nb/~AAAAAAAAAAAAAAAA%2F",
        "https://tool.example/lti/nb/~AAAAAAAAAAAAAAAA/../../page",
        "https://tool.example/lti/nb/~AAAAAAAAAAAAAAAA/%2e%2e/x",
        "https://tool.example/lti/nb/~AAAAAAAAAAAAAAAA/#x",
        "https://tool.example/lti/nb/~AAAAAAAAAAAAAAAA/ x",
        // Pages of the gateway, of a template, or of no tool.
        "https://tool.example",
        "https://tool.example/",
        "https://tool.example/lti/nb",
        "https://tool.example/lti/nb/week-1",
        "https://tool.example/lti/nb?/~AAAAAAAAAAAAAAAA/",
        "https://tool.example/lti/nb/~AAAAAAAAAAAAAAA/",
        "https://tool.example/lti/nb/~AAAAAAAAAAAAAAAAA/",
        "https://tool.example/lti/nb/~AAAAAAAAAAAAAAA./",
        "https://tool.example/lti/nb/~login/",
        "https://tool.example/lti/nbx/~AAAAAAAAAAAAAAAA/",
        "https://tool.example/quiz",
        "https://tool.example/quiz/~AAAAAAAAAAAAAAAA/",
        "https://tool.example/lti/other/~AAAAAAAAAAAAAAAA/",
        // No URL at all.
        "",
        "/lti/nb/~AAAAAAAAAAAAAAAA/",
        "about:srcdoc",
        "tool.example/lti/nb/~AAAAAAAAAAAAAAAA/",
    ] {
        for (target, status) in [("/style.css", 404), ("/", 200), ("/static/style.css", 200)] {
            let reply = ask(&server, "GET", target, referer);
            assert_eq!((reply.status, reply.header("location")), (status, None), "{referer}");
        }
    }
    let page = format!("{ORIGIN}/lti/nb/{id}/");
    for headers in [
        &[("Host", "tool.example"), ("Referer", "https://evil.example/"), ("Referer", &*page)][..],
        &[("Host", "tool.example"), ("Referer", &*page), ("Referer", &*page)],
        &[("Host", "tool.example"), ("X-Forwarded-Referer", &*page)],
    ] {
        assert_eq!(server.send("GET", "/style.css", headers, b"").status, 404, "{headers:?}");
    }
    // The same site, written as browsers do not write it.
    let written = format!("HTTPS://Tool.Example:443/lti/nb/{id}/");
    redirected(&ask(&server, "GET", "/x", &written), &format!("{INVENTED}/x"));
    recorder.saw_nothing();
}

#[test]
fn a_stray_path_never_becomes_another_url() {
    let (recorder, server) = gateway("");
    let page = format!("{ORIGIN}{INVENTED}/");
    for target in [
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "/../x",
        "/a/../../x",
        "/%2e%2e/x",
        "/..%2fx",
        "/.",
        "/a/..;/x",
        "*",
    ] {
        for method in ["GET", "OPTIONS", "PROPFIND"] {
            let reply = ask(&server, method, target, &page);
            assert!(reply.status >= 400, "{method} {target}: {reply:?}");
            assert_eq!(reply.header("location"), None, "{method} {target}");
        }
    }
    // The absolute form of a request has a host of its own, which is not part of the path.
    let reply = ask(&server, "GET", "http://evil.example/x", &page);
    redirected(&reply, &format!("{INVENTED}/x"));
    // Such a path stays a path.
    for target in ["/http://evil.example/", "/:80/@evil.example", "/a//evil.example", "/%2F/x"] {
        redirected(&ask(&server, "GET", target, &page), &format!("{INVENTED}{target}"));
    }
    recorder.saw_nothing();
}

#[test]
fn the_redirect_of_a_stray_request_does_not_depend_on_the_session() {
    let (recorder, server) = gateway("");
    let (browser, visit) = opened(&server);
    let (_, other) = {
        let mut browser = Browser::new(&server);
        let visit = browser.open(&launch_again("2").but(&[("user_id", "user-2")]));
        (browser, visit)
    };
    let mut shapes = Vec::new();
    for prefix in [visit.prefix.as_str(), other.prefix.as_str(), INVENTED] {
        let reply = ask(&server, "GET", "/x", &format!("{ORIGIN}{prefix}/"));
        redirected(&reply, &format!("{prefix}/x"));
        let headers = reply.headers.iter().filter(|(name, _)| name != "date");
        let shape = format!("{} {headers:?}", reply.status, headers = headers.collect::<Vec<_>>());
        shapes.push(shape.replace(prefix, "PREFIX"));
    }
    assert!(shapes.iter().all(|shape| *shape == shapes[0]), "{shapes:?}");
    // The page of another person's session leads into that session, where this person has no
    // cookie.
    assert_eq!(browser.session_for(&other.at("/x")), None);
    let mut browser = browser;
    assert_eq!(browser.get(&other.at("/x")).status, 401);
    recorder.saw_nothing();
}

#[test]
fn a_page_of_ones_own_other_session_leads_into_that_session_only() {
    let (recorder, server) = gateway("");
    let (mut browser, one) = opened(&server);
    let second = browser.open(&launch_again("2").but(&[("resource_link_id", "block-2")]));
    assert_ne!(one.prefix, second.prefix);
    for visit in [&one, &second, &one] {
        let page = format!("{ORIGIN}{}", visit.at("/"));
        let reply = browser.send("GET", "/data", &[("Referer", &page)], b"");
        redirected(&reply, &visit.at("/data"));
        assert_eq!(browser.get(&visit.at("/data")).body, "ok");
        let prefix = recorder.request().header("x-forwarded-prefix");
        assert_eq!(prefix.as_deref(), Some(visit.prefix.as_str()));
    }
}

#[test]
fn a_stray_request_of_another_sites_page_still_fails_the_csrf_check() {
    let (recorder, server) = gateway("");
    let (mut browser, visit) = opened(&server);
    let page = format!("{ORIGIN}{}", visit.at("/"));
    let foreign = [JSON, ("Referer", &*page), ("Origin", "https://evil.example")];
    let reply = browser.send("POST", "/save", &foreign, b"x=1");
    redirected(&reply, &visit.at("/save"));
    refused(&browser.send("POST", &visit.at("/save"), &foreign, b"x=1"), 403, "foreign-origin");
    recorder.saw_nothing();
}
