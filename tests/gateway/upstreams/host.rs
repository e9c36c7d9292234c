//! `host`: a tool at the root of its own host name, separate from the other tools.

use super::*;

const HOST: &str = "nb.example";
const LAUNCH: &str = "https://nb.example/";

/// A gateway with the tool on its own host, and a template on the shared one.
fn at_host(more: &str) -> (Recorder, Server) {
    let recorder = Recorder::start();
    let template = "[tools.page]\nkey = \"key-1\"\nsecret = \"s3cret\"\ntemplate = \"page\"\n";
    let file =
        format!("{}\n{template}", tools(&recorder.url(), &format!("host = \"{HOST}\"\n{more}")));
    let setup = Setup { tools: &file, statics: &[("style.css", "body {}")], ..Setup::default() };
    (recorder, Server::start(&setup))
}

fn at<'s>(server: &'s Server, form: &Form<'_>) -> (Browser<'s>, Visit) {
    let mut browser = Browser::at(server, HOST);
    let visit = browser.open(form);
    (browser, visit)
}

#[test]
fn the_tool_answers_at_the_root_of_its_host() {
    let (recorder, server) = at_host("");
    let form = Form { url: LAUNCH, ..launch() };
    let launched = Browser::at(&server, HOST).launch(&form);
    let entry = launched.header("location").expect("an entry URL").to_owned();
    let (prefix, _) = entry.split_once("?lti_ticket=").expect("a ticket");
    assert!(prefix.starts_with("/~") && prefix.len() == 18, "{entry}");
    for (cookie, path) in launched.all("set-cookie").iter().zip(["/", prefix]) {
        assert!(
            cookie.contains(&format!("; Path={path};")) || cookie.contains("; Path="),
            "{cookie}"
        );
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let (mut browser, visit) = at(&server, &Form { nonce: "2", ..form });
    assert_eq!(visit.prefix, prefix);
    assert_eq!(browser.get(&visit.at("/a?b")).body, "ok");
    let request = recorder.request();
    assert_eq!(request.line(), "GET /app/a?b");
    assert_eq!(request.header("x-forwarded-host").as_deref(), Some(HOST));
    assert_eq!(request.header("x-forwarded-prefix").as_deref(), Some(prefix));
    let claims = assertion::claims_of(&server, &request);
    assert_eq!(claims["iss"], "https://tool.example");
    assert_eq!(claims["https://purl.imsglobal.org/spec/lti/claim/target_link_uri"], LAUNCH);
}

#[test]
fn a_launch_is_valid_for_its_host_only() {
    let (recorder, server) = at_host("");
    let check = |host: &str, url: &'static str, nonce: &'static str| {
        Browser::at(&server, host).launch(&Form { url, nonce, ..launch() }).status
    };
    assert_eq!(check(HOST, LAUNCH, "1"), 303);
    assert_eq!(check("NB.Example", "https://nb.example/week-1?x=1", "2"), 303);
    assert_eq!(check("nb.example:443", LAUNCH, "3"), 303);
    assert_eq!(check(HOST, "https://tool.example/", "4"), 401);
    assert_eq!(check(HOST, "http://nb.example/", "5"), 401);
    assert_eq!(check("tool.example", LAUNCH, "6"), 404);
    assert_eq!(check("tool.example", "https://tool.example/lti/nb", "7"), 404);
    assert_eq!(check("sub.nb.example", LAUNCH, "8"), 404);
    recorder.saw_nothing();
}

#[test]
fn hosts_share_no_urls() {
    let (recorder, server) = at_host("");
    let (_, visit) = at(&server, &Form { url: LAUNCH, ..launch() });
    for host in ["tool.example", "other.example", "nb.example.evil.example", "xnb.example"] {
        let headers = [("Host", host), ("Cookie", visit.cookie.as_str())];
        assert_eq!(server.send("GET", &visit.at("/"), &headers, b"").status, 404, "{host}");
    }
    assert_eq!(server.get("/lti/nb").status, 404);
    let get = |path: &str| server.send("GET", path, &[("Host", HOST)], b"");
    assert_eq!((get("/is_up").status, get("/is_up").body.as_str()), (200, "I'm up"));
    assert_eq!(get("/.well-known/jwks.json").json(), server.get("/.well-known/jwks.json").json());
    let root = get("/");
    assert_eq!((root.status, root.header("allow")), (405, Some("POST")));
    assert!(!root.body.contains("/lti/page"), "no list of the other tools: {}", root.body);
    for path in ["/ready", "/static/style.css", "/lti/page", "/lti/nb", "/metrics"] {
        let reply = get(path);
        assert!(matches!(reply.status, 404 | 405), "{path}: {reply:?}");
        assert!(!reply.body.contains("body {}"));
    }
    let page = Form { url: "https://nb.example/lti/page", nonce: "2", ..launch() };
    assert_ne!(Browser::at(&server, HOST).launch(&page).body, "launched");
    recorder.saw_nothing();
}

#[test]
fn at_the_root_of_its_host_the_app_has_every_path_but_the_launch_path() {
    let (recorder, server) = at_host("prefix = \"tool\"");
    let launched = Browser::at(&server, HOST).launch(&Form { url: LAUNCH, ..launch() });
    assert!(
        launched.header("location").is_some_and(|entry| entry.starts_with("/?lti_ticket=")),
        "{launched:?}"
    );
    assert!(
        launched.all("set-cookie").iter().all(|cookie| cookie.contains("; Path=/; ")),
        "{launched:?}"
    );
    let (mut browser, visit) = at(&server, &Form { url: LAUNCH, ..launch_again("2") });
    assert_eq!((visit.address.as_str(), visit.prefix.as_str()), ("/", ""));
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/?x=1"),
        ("GET", "/ready"),
        ("GET", "/static/style.css"),
        ("GET", "/lti/page"),
        ("POST", "/lti/page"),
        ("POST", "/api"),
        ("PUT", "/"),
        ("GET", "/~AAAAAAAAAAAAAAAA/"),
        ("GET", "//a"),
    ] {
        assert_eq!(browser.send(method, path, &[], b"").body, "ok", "{method} {path}");
        let request = recorder.request();
        assert_eq!(request.line(), format!("{method} /app{path}"));
        assert_eq!(
            (request.header("x-forwarded-prefix"), request.header("x-script-name")),
            (None, None)
        );
        assert_eq!(request.header("x-forwarded-host").as_deref(), Some(HOST));
    }
    assert_eq!(browser.get("/is_up").body, "I'm up");
    assert!(browser.get("/.well-known/jwks.json").body.contains("keys"));
    recorder.saw_nothing();
    assert_eq!(browser.launch(&Form { url: LAUNCH, ..launch_again("3") }).status, 303);
    recorder.saw_nothing();
}

#[test]
fn the_gateways_own_urls_answer_head_on_a_tools_host() {
    for more in ["", "prefix = \"tool\""] {
        let (recorder, server) = at_host(more);
        let (browser, _) = at(&server, &Form { url: LAUNCH, ..launch() });
        for path in ["/is_up", "/.well-known/jwks.json"] {
            let mut wire = browser.ask("HEAD", path, &[("Connection", "close")]);
            let reply = Reply::read(&mut wire, "HEAD");
            assert_eq!(reply.status, 200, "{path}: {reply:?}");
            assert_eq!(wire.rest(), b"", "{path}");
        }
        recorder.saw_nothing();
    }
}

#[test]
fn a_configured_launch_path_leaves_the_root_to_the_app() {
    let (recorder, server) = at_host("prefix = \"tool\"\npath = \"/launch\"");
    let form = Form { url: "https://nb.example/launch", ..launch() };
    let (mut browser, visit) = at(&server, &form);
    assert_eq!(visit.address, "/");
    for (method, path) in [("GET", "/"), ("POST", "/"), ("POST", "/login"), ("POST", "/launch/x")] {
        assert_eq!(browser.send(method, path, &[], b"x=1").body, "ok", "{method} {path}");
        assert_eq!(recorder.request().line(), format!("{method} /app{path}"));
    }
    // With a session, the launch path too, except for launches.
    assert_eq!(browser.post_form("/launch", "x=1").body, "ok");
    assert_eq!(recorder.request().line(), "POST /app/launch");
    assert_eq!(browser.post_form("/launch", "oauth_signature=x").status, 400);
    assert_eq!(Browser::at(&server, HOST).post_form("/launch", "x=1").status, 400);
    recorder.saw_nothing();
    let form = Form { url: "https://nb.example/launch/week-2?x", nonce: "2", ..launch() };
    assert_eq!(at(&server, &form).1.address, "/week-2?x");
    recorder.saw_nothing();
}

#[test]
fn a_session_of_one_host_is_invalid_on_another() {
    let (recorder, server) = at_host("prefix = \"tool\"");
    let (_, visit) = at(&server, &Form { url: LAUNCH, ..launch() });
    let file = format!(
        "{GATEWAY}\n[tools.other]\nhost = \"other.example\"\nprefix = \"tool\"\nkey = \"key-1\"\n\
            secret = \"s3cret\"\nupstream = \"{}\"\n",
        recorder.url()
    );
    let other = Server::start(&Setup { tools: &file, ..Setup::default() });
    let headers = [("Host", "other.example"), JSON, ("Cookie", visit.cookie.as_str())];
    refused(&other.send("GET", "/x", &headers, b""), 401, "no-session");
    recorder.saw_nothing();
}

#[test]
fn a_page_of_another_host_fails_the_csrf_check() {
    let (recorder, server) = at_host("");
    let (mut browser, visit) = at(&server, &Form { url: LAUNCH, ..launch() });
    for origin in ["https://tool.example", "https://other.example", "http://nb.example"] {
        let reply = browser.send("POST", &visit.at("/save"), &[JSON, ("Origin", origin)], b"x=1");
        refused(&reply, 403, "foreign-origin");
    }
    recorder.saw_nothing();
    let reply =
        browser.send("POST", &visit.at("/save"), &[("Origin", "https://nb.example")], b"x=1");
    assert_eq!(reply.status, 200);
    assert_eq!(recorder.request().header("origin"), Some(recorder.origin()));
}

#[test]
fn every_host_has_the_port_of_the_public_url() {
    let recorder = Recorder::start();
    let file = tools(&recorder.url(), &format!("host = \"{HOST}\""));
    let server = server(&file.replace("https://tool.example", "https://tool.example:8443"));
    let mut browser = Browser::at(&server, "nb.example:8443");
    assert_eq!(browser.launch(&Form { url: LAUNCH, ..launch() }).status, 401);
    let visit = browser.open(&Form { url: "https://nb.example:8443/", ..launch_again("2") });
    let own = [("Origin", "https://nb.example:8443")];
    assert_eq!(browser.send("POST", &visit.at("/"), &own, b"x=1").status, 200);
    let request = recorder.request();
    assert_eq!(request.header("x-forwarded-host").as_deref(), Some("nb.example:8443"));
    assert_eq!(request.header("origin"), Some(recorder.origin()));
}

#[test]
fn a_request_has_exactly_one_well_formed_host() {
    let (recorder, server) = at_host("");
    let (_, visit) = at(&server, &Form { url: LAUNCH, ..launch() });
    for hosts in [
        &[][..],
        &[""],
        &[" "],
        &["."],
        &[":443"],
        &["nb.example", "nb.example"],
        &["nb.example", ""],
        &["nb.example, tool.example"],
        &["ada@nb.example"],
        &["nb.example:65536"],
        &["nb.example:x"],
        &["nb.example/"],
        &["nb.example.."],
        &["nb%2eexample"],
        &["nb．example"],
        &["[::1"],
    ] {
        let mut headers = vec![("Cookie", visit.cookie.as_str())];
        headers.extend(hosts.iter().map(|host| ("Host", *host)));
        for (method, path) in [("GET", visit.at("/")), ("POST", "/".to_owned())] {
            let reply = server.send(method, &path, &headers, b"");
            assert_eq!(reply.status, 400, "{hosts:?}: {reply:?}");
            opened_nothing(&reply);
        }
        assert_eq!(server.send("GET", "/is_up", &headers, b"").status, 200, "{hosts:?}");
        // A tool's host has no `/ready`.
        if !hosts.iter().any(|host| host.contains(HOST)) {
            assert_eq!(server.send("GET", "/ready", &headers, b"").status, 200, "{hosts:?}");
        }
    }
    for host in ["NB.EXAMPLE", "nb.example:8443", "nb.example:"] {
        let headers = [("Host", host), ("Cookie", visit.cookie.as_str())];
        assert_eq!(server.send("GET", &visit.at("/"), &headers, b"").body, "ok", "{host}");
        assert_eq!(recorder.request().line(), "GET /app/");
    }
    recorder.saw_nothing();
}

#[test]
fn a_trailing_dot_gets_the_right_url() {
    let (recorder, server) = at_host("");
    let (_, visit) = at(&server, &Form { url: LAUNCH, ..launch() });
    for (host, right) in [
        ("nb.example.", "https://nb.example"),
        ("NB.example.:443", "https://NB.example:443"),
        ("tool.example.:", "https://tool.example"),
        ("other.example.:8443", "https://other.example:8443"),
    ] {
        let headers = [("Host", host), ("Cookie", visit.cookie.as_str())];
        let path = "/dotted-'&path";
        let reply = server.send("GET", &format!("{path}?private"), &headers, b"");
        assert_eq!(reply.status, 400, "{reply:?}");
        opened_nothing(&reply);
        assert!(!reply.body.contains("private") && !reply.body.contains("'&path"), "{reply:?}");
        let url = format!("{right}{path}");
        assert!(
            crate::support::unescaped(&reply.body).contains(&format!("<code>{url}<")),
            "{reply:?}"
        );
        let lines = log_lines(&format!("open {url}"));
        assert!(lines.iter().all(|line| line.contains("code=\"trailing-dot\"")), "{lines:?}");
        assert_eq!(lines.len(), 1, "{lines:?}");
        let long = server.send("GET", &format!("/{}", "a".repeat(5000)), &headers, b"");
        assert!(long.status == 400 && !long.body.contains("aaaaa"), "{long:?}");
        assert_eq!(server.send("POST", "/", &headers, b"").status, 400);
        for path in ["/is_up", "/ready"] {
            assert_eq!(server.send("GET", path, &headers, b"").status, 200, "{host}");
        }
    }
    recorder.saw_nothing();
}
