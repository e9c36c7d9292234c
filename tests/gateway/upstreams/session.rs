//! Sessions: how a launch opens one, and which cookies do not.

use crate::support::Pairs;

use super::*;

/// The id at the end of a session's prefix.
#[track_caller]
fn id(visit: &Visit) -> &str {
    visit.prefix.rsplit_once("/~").expect("an id").1
}

#[test]
fn a_launch_leads_through_the_entry_url_to_the_upstream() {
    let (recorder, server) = recorded();
    let mut browser = Browser::new(&server);
    let launched = browser.launch(&launch());
    recorder.saw_nothing();
    assert_eq!((launched.status, launched.body.as_str()), (303, ""));
    assert_eq!(launched.header("cache-control"), Some("no-store"));
    let cookies: Vec<&str> = launched.all("set-cookie");
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    let session =
        cookies.iter().find(|cookie| cookie.starts_with("__Secure-lti=")).expect("a session");
    let receipt =
        cookies.iter().find(|cookie| cookie.starts_with("__Secure-lti-")).expect("a receipt");
    let entry = launched.header("location").expect("an entry URL").to_owned();
    let (prefix, ticket) = entry.split_once("?lti_ticket=").expect("a ticket");
    let id = prefix.strip_prefix("/lti/nb/~").expect("an id");
    assert!(
        id.len() == 16
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    );
    assert!(!ticket.is_empty() && !ticket.contains(['&', '=', '/', '+', '%']), "{ticket}");

    let attributes = "; Max-Age=28800; HttpOnly; Secure; SameSite=None; Partitioned";
    let pair = session.split(';').next().unwrap_or_default();
    assert_eq!(session.replacen(pair, "", 1), format!("; Path={prefix}{attributes}"));
    let pair = receipt.split(';').next().unwrap_or_default();
    assert!(pair.starts_with(&format!("__Secure-lti-{id}=")), "{pair}");
    assert_eq!(receipt.replacen(pair, "", 1), format!("; Path=/lti/nb{attributes}"));

    let arrived = browser.get(&entry);
    recorder.saw_nothing();
    assert_eq!(
        (arrived.status, arrived.header("location")),
        (303, Some(format!("{prefix}/").as_str()))
    );
    assert_eq!(arrived.header("cache-control"), Some("no-store"));
    assert_eq!(arrived.all("set-cookie"), [""; 0]);

    let page = browser.get(&format!("{prefix}/"));
    assert_eq!((page.status, page.body.as_str(), page.complete), (200, "ok", true));
    assert_eq!(page.all("set-cookie"), [""; 0]);
    let request = recorder.request();
    assert_eq!(request.line(), "GET /app/");
    assert!(
        !request.head.contains("lti_ticket") && !request.head.contains("__Secure"),
        "{request:?}"
    );

    let value = session.split([';', '=']).nth(1).expect("a value");
    for secret in [value, ticket] {
        assert_eq!(log_lines(secret), [""; 0], "no credential of a session is in the log");
    }
}

#[test]
fn a_launch_of_an_upstream_is_one_line_in_the_log() {
    let recorder = Recorder::start();
    let file = tools(&recorder.url(), "").replace("tools.nb", "tools.lined");
    let server = server(&file);
    let form = Form { url: "https://tool.example/lti/lined", ..launch() };
    Browser::new(&server).open(&form);
    let lines = log_lines(" tool=\"lined\" ");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains(
            "launch: tool=\"lined\" consumer=\"key-1\" outcome=\"accepted\" code=\"-\" \
             variant=\"strict\" "
        ),
        "{lines:?}"
    );
    for private in PRIVATE {
        assert!(!lines[0].contains(private), "{private} in {lines:?}");
    }
}

#[test]
fn the_launched_path_and_query_reach_the_upstream() {
    let (recorder, server) = recorded();
    for (nonce, path, rest) in [
        ("1", "", "/"),
        ("2", "/", "/"),
        ("3", "?x=1&x=2", "/?x=1&x=2"),
        ("4", "/?x", "/?x"),
        ("5", "/week-1/quiz", "/week-1/quiz"),
        ("6", "/week-1/quiz/", "/week-1/quiz/"),
        ("7", "/a%2Fb//c;d?q=%20'a'+b&y=", "/a%2Fb//c;d?q=%20'a'+b&y="),
    ] {
        let url = format!("https://tool.example/lti/nb{path}");
        let form = Form { url: &url, nonce, ..launch() };
        let mut browser = Browser::new(&server);
        let visit = browser.open(&form);
        assert_eq!(visit.address, visit.at(rest), "{path}");
        recorder.saw_nothing();
        assert_eq!(browser.get(&visit.address).body, "ok");
        assert_eq!(recorder.request().line(), format!("GET /app{rest}"));
    }
}

#[test]
fn a_typical_edx_launch_is_sealed_into_900_bytes() {
    assert_eq!(Pairs::read(&edx().sign()).0.len(), 35);
    let (_recorder, server) = recorded_with("identity = [\"name\", \"email\"]");
    let visit = Browser::new(&server).open(&edx());
    assert!(visit.cookie.len() <= 900, "{} bytes", visit.cookie.len());
}

#[test]
fn ten_blocks_of_one_page_have_ten_sessions() {
    let (recorder, server) = recorded();
    let mut browser = Browser::new(&server);
    let links: Vec<String> = (0..10).map(|number| format!("block-{number}")).collect();
    let visits: Vec<Visit> = links
        .iter()
        .map(|link| browser.open(&Form { nonce: link, ..edx() }.but(&[("resource_link_id", link)])))
        .collect();
    let sent: usize =
        browser.cookies.iter().map(|cookie| cookie.name.len() + cookie.value.len() + 1).sum();
    assert!(sent <= 10_180, "browsers give one site 10 KB in total, this is {sent}");
    for (link, visit) in links.iter().zip(&visits) {
        assert_eq!(browser.get(&visit.address).body, "ok");
        let request = recorder.request();
        let claims = assertion::claims_of(&server, &request);
        assert_eq!(
            claims["https://purl.imsglobal.org/spec/lti/claim/resource_link"]["id"],
            link.as_str()
        );
    }
}

#[test]
fn no_other_cookie_opens_a_session() {
    let recorder = Recorder::start();
    let second = "[tools.other]\nkey = \"key-1\"\nsecret = \"s3cret\"\nupstream = \"";
    let file = format!("{}\n{second}{}\"\n", tools(&recorder.url(), ""), recorder.url());
    let server = server(&file);
    let (_, visit) = opened(&server);
    let elsewhere = Browser::new(&server)
        .open(&Form { nonce: "2", ..launch() }.but(&[("resource_link_id", "rl-2")]));
    let tool = Form { url: "https://tool.example/lti/other", nonce: "3", ..launch() };
    let other_tool = Browser::new(&server).open(&tool);
    assert_eq!([id(&visit), id(&elsewhere), id(&other_tool)].map(str::len), [16; 3]);
    assert!(id(&visit) != id(&elsewhere) && id(&visit) != id(&other_tool));

    let value = visit.cookie.strip_prefix("__Secure-lti=").expect("the name");
    let mut cookies = vec![
        None,
        Some(String::new()),
        Some("a=b".to_owned()),
        Some("__Secure-lti".to_owned()),
        Some("__Secure-lti=".to_owned()),
        Some("__Secure-lti=x".to_owned()),
        Some(format!("__Secure-lti={}", id(&visit))),
        Some(format!("lti={value}")),
        Some(format!("__Secure-lti-{}={value}", id(&visit))),
        Some(format!("__Secure-lti={value}A")),
        Some(format!("__Secure-lti={}", &value[..value.len() - 1])),
        Some(elsewhere.cookie.clone()),
        Some(other_tool.cookie.clone()),
    ];
    // Every character of the cookie matters.
    for at in 0..value.len() {
        let swapped = if value.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut tampered = value.to_owned();
        tampered.replace_range(at..=at, swapped);
        cookies.push(Some(format!("__Secure-lti={tampered}")));
    }
    for cookie in &cookies {
        let headers: Vec<(&str, &str)> = [("Host", "tool.example"), JSON]
            .into_iter()
            .chain(cookie.as_deref().map(|it| ("Cookie", it)))
            .collect();
        let reply = server.send("GET", &visit.at("/page"), &headers, b"");
        refused(&reply, 401, "no-session");
    }
    recorder.saw_nothing();
    // The other sessions are just as separate.
    for (at, cookie) in [(&elsewhere, &visit), (&other_tool, &visit), (&elsewhere, &other_tool)] {
        let headers = [("Host", "tool.example"), JSON, ("Cookie", &cookie.cookie)];
        refused(&server.send("POST", &at.at("/"), &headers, b"x=1"), 401, "no-session");
    }
    recorder.saw_nothing();
    let headers = [("Host", "tool.example"), ("Cookie", visit.cookie.as_str())];
    assert_eq!(server.send("GET", &visit.at("/page"), &headers, b"").status, 200);
    assert_eq!(recorder.request().line(), "GET /app/page");
}

#[test]
fn a_session_url_without_its_cookie_opens_nothing() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    let page = server.get(&visit.at("/"));
    refused_page(&page, 401, "no-session");
    assert!(page.body.contains("Open this again from your course"), "{}", page.body);
    for path in [
        visit.at("/"),
        "/lti/nb/~AAAAAAAAAAAAAAAA/".into(),
        "/lti/nb/~x/".into(),
        "/lti/nb/~/".into(),
    ] {
        for accept in ["application/json", "application/problem+json, */*"] {
            let reply =
                server.send("GET", &path, &[("Host", "tool.example"), ("Accept", accept)], b"");
            refused(&reply, 401, "no-session");
        }
        let accept = "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8";
        let reply = server.send("GET", &path, &[("Host", "tool.example"), ("Accept", accept)], b"");
        refused_page(&reply, 401, "no-session");
    }
    recorder.saw_nothing();
}

#[test]
fn a_session_ends_after_the_tools_session_lifetime() {
    for (more, seconds) in
        [("", 8 * 3600), ("session = \"10m\"", 600), ("session = \"2d\"", 2 * 86_400)]
    {
        let (recorder, server) = recorded_with(more);
        let mut browser = Browser::new(&server);
        let launched = browser.launch(&launch());
        for cookie in launched.all("set-cookie") {
            assert!(cookie.contains(&format!("; Max-Age={seconds};")), "{cookie}");
        }
        let prefix = launched
            .header("location")
            .and_then(|entry| entry.split('?').next())
            .expect("an entry URL");
        server.set_now(NOW + seconds);
        assert_eq!(browser.get(&format!("{prefix}/")).status, 200);
        assert_eq!(recorder.request().line(), "GET /app/");
        server.set_now(NOW + seconds + 1);
        refused(&browser.send("GET", &format!("{prefix}/"), &[JSON], b""), 401, "no-session");
        recorder.saw_nothing();
    }
}

#[test]
fn of_several_cookies_with_one_name_the_valid_one_opens_the_session() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    let invalid = "__Secure-lti=AAAA";
    let valid = visit.cookie.as_str();
    let check = |headers: &[&str], others: Option<&str>| {
        let mut all = vec![("Host", "tool.example")];
        all.extend(headers.iter().map(|cookie| ("Cookie", *cookie)));
        let reply = server.send("GET", &visit.at("/"), &all, b"");
        assert_eq!(reply.status, 200, "{headers:?}");
        let request = recorder.request();
        assert_eq!(request.header("cookie").as_deref(), others);
    };
    check(&[valid], None);
    check(&[&format!("{invalid}; {valid}")], None);
    check(&[&format!("{valid}; {invalid}")], None);
    check(&[&format!("a=1; {invalid}; b=2;{invalid};{valid} ; c=3")], Some("a=1; b=2; c=3"));
    check(&[&vec![invalid; 20].join("; "), valid], None);
    check(&[valid, "a=1"], Some("a=1"));
}

#[test]
fn of_many_cookies_that_do_not_open_the_gateway_tries_four() {
    let (recorder, server) = recorded();
    let (_, visit) = opened(&server);
    // They look sealed, and differ.
    let broken = |count: usize| -> String {
        (0..count).map(|number| format!("__Secure-lti=AQ{number:058}; ")).collect()
    };
    let get = |cookies: &str| {
        let headers = [("Host", "tool.example"), JSON, ("Cookie", cookies)];
        server.send("GET", &visit.at("/"), &headers, b"")
    };
    assert_eq!(get(&format!("{}{}", broken(3), visit.cookie)).status, 200);
    recorder.request();
    refused(&get(&format!("{}{}", broken(4), visit.cookie)), 401, "no-session");
    // The browser sends the cookie with the longest path first.
    assert_eq!(get(&format!("{}; {}", visit.cookie, broken(300))).status, 200);
    recorder.request();
    recorder.saw_nothing();
}

#[test]
fn a_session_url_without_a_slash_is_the_upstreams_without_one() {
    let (recorder, server) = recorded();
    let (mut browser, visit) = opened(&server);
    for query in ["", "?x=1"] {
        assert_eq!(browser.get(&visit.at(query)).body, "ok");
        assert_eq!(recorder.request().line(), format!("GET /app{query}"));
        refused(
            &server.send("GET", &visit.at(query), &[("Host", "tool.example"), JSON], b""),
            401,
            "no-session",
        );
    }
    // An upstream at the root of its host has no URL without a path.
    let rooted = self::server(&tools(&recorder.origin(), ""));
    let (mut browser, visit) = opened(&rooted);
    for query in ["", "?x=1"] {
        let reply = browser.get(&visit.at(query));
        let slashed = visit.at(&format!("/{query}"));
        assert_eq!((reply.status, reply.header("location")), (308, Some(slashed.as_str())));
    }
    recorder.saw_nothing();
}

#[test]
fn reserved_segments_are_neither_sessions_nor_urls_of_the_app() {
    for lines in ["", "prefix = \"tool\""] {
        let (recorder, server) = recorded_with(lines);
        let (mut browser, _) = opened(&server);
        for path in ["/~login", "/~links", "/~register", "/~login/a", "/~login?lti_ticket=x"] {
            let path = format!("/lti/nb{path}");
            for method in ["GET", "POST"] {
                let reply = browser.send(method, &path, &[JSON], b"");
                assert_eq!(reply.status, 404, "{lines} {method} {path}");
                opened_nothing(&reply);
            }
        }
        recorder.saw_nothing();
    }
    let recorder = Recorder::start();
    let server = server(&tools(&recorder.url(), "host = \"nb.example\""));
    for (path, status) in [("/~login", 400), ("/~links", 401), ("/~register/a", 404)] {
        let reply = server.send("GET", path, &[("Host", "nb.example")], b"");
        assert_eq!(reply.status, status, "{path}");
    }
    recorder.saw_nothing();
}

#[test]
fn reserved_paths_belong_to_no_tool() {
    let (recorder, server) = recorded();
    for (path, status) in [("/links", 405), ("/members", 401), ("/admin", 404), ("/admin/a", 404)] {
        assert_eq!(server.get(path).status, status, "{path}");
    }
    recorder.saw_nothing();
}

#[test]
fn a_refused_session_request_has_no_www_authenticate() {
    let (recorder, server) = recorded();
    let reply = server.get("/lti/nb/~AAAAAAAAAAAAAAAA/");
    refused_page(&reply, 401, "no-session");
    assert_eq!(reply.header("www-authenticate"), None);
    let reply = server.get("/lti/nb/~AAAAAAAAAAAAAAAA?lti_ticket=x");
    refused_page(&reply, 401, "bad-ticket");
    assert_eq!(reply.header("www-authenticate"), None);
    recorder.saw_nothing();
}

/// The same URL with its `~` and the first character of its id escaped.
fn respelled(visit: &Visit, rest: &str) -> [String; 4] {
    let (base, id) = visit.prefix.rsplit_once('~').expect("an id");
    let (first, others) = id.split_at(1);
    let escaped = format!("%{:02x}", first.as_bytes()[0]);
    [
        format!("{base}%7E{id}{rest}"),
        format!("{base}%7e{id}{rest}"),
        format!("{base}~{escaped}{others}{rest}"),
        format!("{base}%7E{escaped}{others}{rest}"),
    ]
}

#[test]
fn another_spelling_of_a_sessions_url_redirects_to_the_canonical_one() {
    for (more, host) in [("", "tool.example"), ("host = \"nb.example\"", "nb.example")] {
        let (recorder, server) = recorded_with(more);
        let url =
            if more.is_empty() { "https://tool.example/lti/nb" } else { "https://nb.example/" };
        let mut browser = Browser::at(&server, host);
        let visit = browser.open(&Form { url, ..launch() });
        for rest in ["", "/", "/a%2Fb//~ada/%7Eada?q=%7E&x='", "?lti_ticket=x", "/é|"] {
            for path in respelled(&visit, rest) {
                for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"] {
                    let form = [("Content-Type", "application/x-www-form-urlencoded")];
                    let reply = browser.send(method, &path, &form, b"");
                    assert_eq!(reply.status, 308, "{method} {path}: {reply:?}");
                    let expected = visit.at(rest);
                    assert_eq!(reply.header("location"), Some(expected.as_str()), "{method}");
                    assert_eq!(reply.header("cache-control"), Some("no-store"));
                    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
                    assert_eq!((reply.body.as_str(), reply.all("set-cookie").len()), ("", 0));
                }
            }
        }
        let [path, ..] = respelled(&visit, "/");
        assert_eq!(browser.send("PROPFIND", &path, &[], b"").status, 405);
        assert_eq!(browser.send("POST", &path, &[], &vec![b'x'; 300_000]).status, 308);
        recorder.saw_nothing();
    }
}

#[test]
fn a_launch_to_a_tilde_path_is_rejected_with_its_reason_and_keeps_its_nonce() {
    let (recorder, server) = recorded();
    for rest in
        ["~ada", "~", "~ada/", "%7Eada", "%7eada/x", "%257Eada", "~AAAAAAAAAAAAAAA", "～ada"]
    {
        let url = format!("https://tool.example/lti/nb/{rest}");
        let reply = server.post(&format!("/lti/nb/{rest}"), &launch().sign());
        refused_page(&reply, 404, "tilde-path");
        let line = line_of(reply.reference().expect("a reference"));
        assert!(line.contains("launch: tool=\"nb\"") && line.contains("~"), "{url}: {line}");
        for method in ["GET", "DELETE", "OPTIONS"] {
            let headers = [("Host", "tool.example"), JSON];
            let reply = server.send(method, &format!("/lti/nb/{rest}"), &headers, b"");
            refused(&reply, 401, "no-session");
        }
        assert_eq!(
            server
                .send("HEAD", &format!("/lti/nb/{rest}"), &[("Host", "tool.example")], b"")
                .status,
            401
        );
        assert_eq!(
            server
                .send("PROPFIND", &format!("/lti/nb/{rest}"), &[("Host", "tool.example")], b"")
                .status,
            405
        );
    }
    recorder.saw_nothing();
    opened(&server);
}

#[test]
fn deeper_and_with_the_tools_prefix_a_tilde_belongs_to_the_app() {
    let (recorder, server) = recorded();
    let deep = Form { url: "https://tool.example/lti/nb/week-1/~ada", ..launch() };
    let mut browser = Browser::new(&server);
    let visit = browser.open(&deep);
    assert_eq!(visit.address, visit.at("/week-1/~ada"));
    for rest in ["/~ada", "/%7Eada/x", "/~AAAAAAAAAAAAAAAA"] {
        assert_eq!(browser.get(&visit.at(rest)).body, "ok");
        assert_eq!(recorder.request().line(), format!("GET /app{rest}"));
    }
    let (recorder, server) = recorded_with("prefix = \"tool\"");
    let (mut browser, visit) = opened(&server);
    for rest in ["/~ada", "/%7Eada/x", "/~", "/%7EAAAAAAAAAAAAAAAA/"] {
        assert_eq!(browser.get(&visit.at(rest)).body, "ok", "{rest}");
        assert_eq!(recorder.request().line(), format!("GET /app{rest}"));
    }
}
