//! `prefix = "tool"`: an app at one URL for all users, because its own settings fix its base path.

use super::*;

const TOOL: &str = "prefix = \"tool\"";

#[test]
fn the_app_lives_below_the_launch_path() {
    let (recorder, server) = recorded_with(TOOL);
    let mut browser = Browser::new(&server);
    let launched = browser.launch(&launch());
    assert_eq!(launched.status, 303);
    let entry = launched.header("location").expect("an entry URL").to_owned();
    assert!(entry.starts_with("/lti/nb?lti_ticket="), "{entry}");
    let cookies = launched.all("set-cookie");
    let attributes = "; Path=/lti/nb; Max-Age=28800; HttpOnly; Secure; SameSite=None; Partitioned";
    assert!(
        cookies.len() == 2 && cookies.iter().all(|cookie| cookie.ends_with(attributes)),
        "{cookies:?}"
    );
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Secure-lti=")), "{cookies:?}");
    let arrived = browser.get(&entry);
    assert_eq!((arrived.status, arrived.header("location")), (303, Some("/lti/nb/")));
    recorder.saw_nothing();

    for (method, rest) in [
        ("GET", "/"),
        ("GET", "/lab/tree?x"),
        ("POST", "/api"),
        ("POST", "/~x"),
        ("POST", "/lti/nb"),
        ("PUT", "/"),
        ("DELETE", "/a//b/"),
        ("GET", "/?x=1"),
    ] {
        assert_eq!(
            browser.send(method, &format!("/lti/nb{rest}"), &[], b"").body,
            "ok",
            "{method} {rest}"
        );
        let request = recorder.request();
        assert_eq!(request.line(), format!("{method} /app{rest}"));
        assert_eq!(request.header("x-forwarded-prefix").as_deref(), Some("/lti/nb"));
        assert_eq!(request.header("x-script-name").as_deref(), Some("/lti/nb"));
        assert!(!request.head.contains("__Secure"), "{request:?}");
    }
}

#[test]
fn a_signed_launch_opens_the_session_at_its_path() {
    let (recorder, server) = recorded_with(TOOL);
    let mut browser = Browser::new(&server);
    for (nonce, path) in [
        ("1", "/lti/nb/week-1"),
        ("2", "/lti/nb/week-2/"),
        ("3", "/lti/nb/week-3?x=1"),
        ("4", "/lti/nb/~ada//b%2Fc"),
        ("5", "/lti/nb/"),
        ("6", "/lti/nb/?x=1"),
    ] {
        let url = format!("https://tool.example{path}");
        let form = Form { url: &url, nonce, ..launch() };
        let visit = browser.open(&form);
        assert_eq!((visit.address.as_str(), visit.prefix.as_str()), (path, "/lti/nb"));
        // A reload opens the same path.
        let again = browser.launch(&form);
        assert_eq!((again.status, again.header("location")), (303, Some(path)));
        assert_eq!(browser.get(path).body, "ok");
        assert_eq!(recorder.request().line(), format!("GET /app{}", &path["/lti/nb".len()..]));
    }
    let url = "https://tool.example/lti/nb?x=1";
    assert_eq!(browser.open(&Form { url, nonce: "7", ..launch() }).address, "/lti/nb/?x=1");
    recorder.saw_nothing();
}

#[test]
fn two_blocks_of_one_person_show_two_pages_of_the_app() {
    let (recorder, server) = recorded_with(TOOL);
    let mut browser = Browser::new(&server);
    let block = |number: &'static str| Form {
        url: match number {
            "1" => "https://tool.example/lti/nb/week-1",
            _ => "https://tool.example/lti/nb/week-2",
        },
        nonce: number,
        ..launch()
    };
    let form = |number| block(number).but(&[("resource_link_id", number)]);
    // Both blocks launch before one of them follows its redirect.
    let entries = ["1", "2"].map(|number| {
        let launched = browser.launch(&form(number));
        launched.header("location").expect("an entry URL").to_owned()
    });
    for (entry, page) in entries.iter().zip(["/lti/nb/week-1", "/lti/nb/week-2"]) {
        let arrived = browser.get(entry);
        assert_eq!((arrived.status, arrived.header("location")), (303, Some(page)), "{arrived:?}");
        assert_eq!(browser.get(page).body, "ok");
        assert_eq!(
            recorder.request().header("x-forwarded-user").as_deref(),
            Some("key-1:user-4711")
        );
    }
}

#[test]
fn a_rejected_launch_never_reaches_the_app() {
    let (recorder, server) = recorded_with(TOOL);
    let (mut browser, visit) = opened(&server);
    let signed = launch_again("2");
    let two_roles = signed.tampered(|pairs| pairs.set("roles", "Instructor"));
    let below = Form { url: "https://tool.example/lti/nb/week-1", ..signed.clone() }.sign();
    for path in ["/lti/nb", "/lti/nb/", "/lti/nb/week-2", "/lti/nb/week-2?x=1", "/lti/nb/a/b"] {
        for (form, status, code) in [
            // Not signed.
            ("lti_message_type=basic-lti-launch-request&lti_version=LTI-1p0", 400, "unsigned"),
            ("a=b&l%74i_version=LTI-1p0", 400, "unsigned"),
            ("oauth_callback=about:blank", 400, "unsigned"),
            ("x=%zz&lti_version=LTI-1p0", 400, "broken-escape"),
            // For another path, changed, or by another consumer.
            (&below, 401, "bad-signature"),
            (&two_roles, 401, "bad-signature"),
            (&Form { key: "key-2", ..signed.clone() }.sign(), 401, "unknown-consumer"),
            // LTI 1.3.
            ("id_token=e30.e30.&state=1", 400, "lti-1p3-not-configured"),
            ("iss=https://lms.example&login_hint=1", 400, "lti-1p3-not-configured"),
        ] {
            refused_page(&browser.post_form(path, form), status, code);
            refused_page(&server.post(path, form), status, code);
        }
        // In query or `Authorization`.
        let query = format!("{}{}lti_version=1", path, if path.contains('?') { "&" } else { "?" });
        refused_page(&browser.post_form(&query, "x=1"), 400, "unsigned");
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Authorization", "OAuth oauth_consumer_key=\"key-1\""),
        ];
        let reply = browser.send("POST", path, &headers, b"x=1");
        assert_eq!(reply.status, 400, "{reply:?}");
        opened_nothing(&reply);
    }
    for path in ["/lti/nb/..", "/lti/nb/a/%2e%2e/x"] {
        refused_page(&browser.post_form(path, "lti_version=LTI-1p0"), 400, "bad-path");
    }
    recorder.saw_nothing();
    assert_eq!(browser.get(&visit.at("/")).body, "ok", "the session is as before");
}

/// Bodies of an app's requests, with their media types.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let urlencoded = "application/x-www-form-urlencoded";
    let large = format!("text={}&%zz=%&x", "a+b%20".repeat(40_000));
    let over_limit = vec![b'x'; 256 * 1024 + 1];
    vec![
        (urlencoded, b"name=Ada&next=%2F&broken=%zz&&=&oauth=1&id=lti_version".to_vec()),
        ("Application/X-WWW-Form-URLEncoded; charset=latin-1", b"name=\xe9\x00\xff&a;b".to_vec()),
        (urlencoded, Vec::new()),
        (urlencoded, large.into_bytes()),
        (urlencoded, over_limit),
        (urlencoded, [b"lti_version=1&".to_vec(), vec![b'x'; 300_000]].concat()),
        ("application/json", b"{\"oauth_token\": 1}".to_vec()),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\noauth_x=1&lti_y\r\n--b--\r\n".to_vec()),
        ("text/plain", b"oauth_signature=x".to_vec()),
        ("", b"\x00\xff".to_vec()),
    ]
}

#[test]
fn any_other_post_reaches_the_app_unchanged() {
    let (recorder, server) = recorded_with(TOOL);
    let (mut browser, _) = opened(&server);
    for (media_type, body) in bodies() {
        let media_type = [("Content-Type", media_type), ("Origin", "https://tool.example")];
        let headers = if media_type[0].1.is_empty() { &media_type[1..] } else { &media_type };
        for target in ["/lti/nb", "/lti/nb/", "/lti/nb?a=b%26lti_x", "/lti/nb/save"] {
            assert_eq!(browser.send("POST", target, headers, &body).body, "ok", "{target}");
            let request = recorder.request();
            assert_eq!(request.line(), format!("POST /app{}", &target["/lti/nb".len()..]));
            assert_eq!(
                request.header("content-type").unwrap_or_default(),
                match headers {
                    [(_, media_type), _] => *media_type,
                    _ => "",
                }
            );
            assert!(request.body == body, "{target}: {} bytes", request.body.len());
        }
    }
    // In chunks, the gateway sees the length last.
    for size in [0, 1, 20_000, 256 * 1024, 256 * 1024 + 1, 1_000_000] {
        let body: Vec<u8> = (0..size).map(|at| b'a' + (at % 23) as u8).collect();
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Transfer-Encoding", "chunked"),
        ];
        let mut wire = browser.ask("POST", "/lti/nb", &headers);
        for chunk in body.chunks(10_007) {
            wire.send(format!("{:x}\r\n", chunk.len()));
            wire.send(chunk);
            wire.send("\r\n");
        }
        wire.send("0\r\n\r\n");
        assert_eq!(Reply::read(&mut wire, "POST").body, "ok", "{size}");
        assert!(recorder.request().body == body, "{size}");
    }
    recorder.saw_nothing();
}

#[test]
fn the_apps_own_form_below_the_launch_path_may_have_parameters_of_oauth() {
    let (recorder, server) = recorded_with(TOOL);
    let (mut browser, _) = opened(&server);
    let form = "application/x-www-form-urlencoded";
    let own = [("Content-Type", form), ("Sec-Fetch-Site", "same-origin")];
    let body = b"oauth_client_id=1&id_token=x";
    assert_eq!(browser.send("POST", "/lti/nb/settings", &own, body).body, "ok");
    assert_eq!(recorder.request().body, body);
    // At the launch path itself it is a launch, and from another site everywhere.
    let reply = browser.send("POST", "/lti/nb", &own, body);
    refused_page(&reply, 400, "lti-1p3-not-configured");
    let foreign = [("Content-Type", form), ("Sec-Fetch-Site", "cross-site")];
    let reply = browser.send("POST", "/lti/nb/settings", &foreign, body);
    refused_page(&reply, 400, "lti-1p3-not-configured");
    recorder.saw_nothing();
}

#[test]
fn a_csrf_request_to_the_launch_path_is_refused() {
    let (recorder, server) = recorded_with(TOOL);
    let (mut browser, _) = opened(&server);
    for (media_type, body) in bodies() {
        for path in ["/lti/nb", "/lti/nb/save"] {
            let foreign = [JSON, ("Content-Type", media_type), ("Origin", "https://evil.example")];
            refused(&browser.send("POST", path, &foreign, &body), 403, "foreign-origin");
        }
    }
    recorder.saw_nothing();
}

#[test]
fn without_a_session_a_post_to_the_launch_path_is_a_launch() {
    let (recorder, server) = recorded_with(TOOL);
    let post = |path: &str, media_type: &str, body: &[u8]| {
        let headers = [("Host", "tool.example"), ("Content-Type", media_type)];
        server.send("POST", path, &headers, body)
    };
    let form = "application/x-www-form-urlencoded";
    refused_page(&post("/lti/nb", form, b"x=1"), 400, "unsigned");
    refused_page(&post("/lti/nb/", form, b""), 400, "unsigned");
    refused_page(&post("/lti/nb", form, &vec![b'x'; 256 * 1024 + 1]), 413, "too-large");
    refused_page(&post("/lti/nb", "application/json", b"{}"), 415, "not-a-form");
    // Below it, only a launch is one.
    refused_page(&post("/lti/nb/save", form, b"x=1"), 401, "no-session");
    refused_page(&post("/lti/nb/save", form, &vec![b'x'; 256 * 1024 + 1]), 401, "no-session");
    refused_page(&post("/lti/nb/save", "application/json", b"{}"), 401, "no-session");
    recorder.saw_nothing();
}

#[test]
fn the_newest_launch_wins() {
    let (recorder, server) = recorded_with(TOOL);
    let mut browser = Browser::new(&server);
    let user = |recorder: &Recorder| recorder.request().header("x-forwarded-user");
    for (number, id) in ["user-1", "user-2", "user-1"].into_iter().enumerate() {
        let nonce = number.to_string();
        server.set_now(NOW + number as u64);
        browser.open(&Form { nonce: &nonce, ..launch() }.but(&[("user_id", id)]));
        browser.get("/lti/nb/");
        assert_eq!(user(&recorder), Some(format!("key-1:{id}")));
    }
    let sessions = browser.cookies.iter().filter(|cookie| cookie.name == "__Secure-lti").count();
    assert_eq!(sessions, 1, "{:?}", browser.cookies);
}

#[test]
fn another_role_is_valid_at_once_here_too() {
    let (recorder, server) = recorded_with(TOOL);
    let old = Browser::new(&server).open(&launch());
    let new = Browser::new(&server).open(&launch_again("2").but(&[("roles", "Instructor")]));
    let get = |visit: &Visit| {
        server.send(
            "GET",
            "/lti/nb/",
            &[("Host", "tool.example"), JSON, ("Cookie", &visit.cookie)],
            b"",
        )
    };
    refused(&get(&old), 401, "no-session");
    recorder.saw_nothing();
    assert_eq!(get(&new).status, 200);
    assert_eq!(recorder.request().header("x-forwarded-groups").as_deref(), Some("instructor"));
}

#[test]
fn without_a_session_the_app_is_not_reachable() {
    let (recorder, server) = recorded_with(TOOL);
    opened(&server);
    let get = |path: &str| server.send("GET", path, &[("Host", "tool.example"), JSON], b"");
    for path in ["/lti/nb/x", "/lti/nb/~AAAAAAAAAAAAAAAA/", "/lti/nb//"] {
        refused(&get(path), 401, "no-session");
    }
    let page = server.get("/lti/nb");
    assert_eq!((page.status, page.header("allow")), (405, Some("POST")), "{page:?}");
    assert!(page.body.contains("Open this from your course"));
    recorder.saw_nothing();
}

#[test]
fn a_session_of_one_prefix_setting_is_invalid_with_the_other() {
    let recorder = Recorder::start();
    let by_session = server(&tools(&recorder.url(), ""));
    let by_tool = server(&tools(&recorder.url(), TOOL));
    let (_, one) = opened(&by_session);
    let (_, other) = opened(&by_tool);
    let headers = |cookie: &'static str| [("Host", "tool.example"), JSON, ("Cookie", cookie)];
    let (one_cookie, other_cookie): (&'static str, &'static str) =
        (Box::leak(one.cookie.clone().into()), Box::leak(other.cookie.into()));
    refused(&by_tool.send("GET", "/lti/nb/x", &headers(one_cookie), b""), 401, "no-session");
    refused(&by_session.send("GET", &one.at("/x"), &headers(other_cookie), b""), 401, "no-session");
    recorder.saw_nothing();
}

#[test]
fn a_reload_redirects_back_to_the_app() {
    let (recorder, server) = recorded_with(TOOL);
    let mut browser = Browser::new(&server);
    let visit = browser.open(&launch());
    assert_eq!(visit.address, "/lti/nb/");
    let again = browser.launch(&launch());
    assert_eq!((again.status, again.header("location")), (303, Some("/lti/nb/")));
    assert_eq!(again.all("set-cookie"), [""; 0]);
    recorder.saw_nothing();
}
