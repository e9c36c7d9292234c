//! Strangers, other platforms, and platforms that answer badly.

use super::*;

#[test]
fn a_link_works_once() {
    let stage = Stage::moodle();
    let link = link("nb");
    let page = stage.open(&link);
    let form = field(&page);
    table(&stage.post(&link, &form));
    stage.lms.requests();
    refused(&stage.post(&link, &form), 401, "registration-link");
    // The gateway reads the configuration before it spends the link.
    assert_eq!(stage.lms.recorder.request().line(), "GET /openid-configuration?a=b");
    stage.lms.recorder.saw_nothing();
}

#[test]
fn a_prefetched_link_stays_unspent() {
    let stage = Stage::moodle();
    let link = link("nb");
    for _ in 0..3 {
        assert_eq!(stage.open(&link).status, 200);
        let head = stage.server.send("HEAD", &link, &[("Host", "tool.example")], b"");
        assert_eq!(head.status, 200);
    }
    stage.lms.recorder.saw_nothing();
    table(&stage.register(&link));
}

#[test]
fn a_link_is_the_gateways_own_and_an_hour_old_at_most() {
    let stage = Stage::moodle();
    let other = RegistrationLinks::new(&[Secret::new("another secret, of 32 characters")]);
    let known = RegistrationLink::new(&"lms".into(), "nb", NOW).expect("randomness");
    let forged = format!("/~register/{}", other.seal(&known).expect("a link"));
    for bad in [
        forged,
        "/~register/x".to_owned(),
        link_at("nb", NOW - 3601),
        link("absent"),
        link("nb").replacen("/~register/A", "/~register/B", 1),
    ] {
        refused(&stage.open(&bad), 401, "registration-link");
        refused(&stage.post(&bad, "lti_registration=x"), 401, "registration-link");
    }
    let expiring = link_at("nb", NOW - 3600);
    table(&stage.register(&expiring));
    stage.lms.requests();
    stage.lms.recorder.saw_nothing();
}

#[test]
fn the_form_is_of_the_same_link_and_of_the_same_site() {
    let stage = Stage::moodle();
    let (one, other) = (link("nb"), link("nb"));
    let form = field(&stage.open(&one));
    refused(&stage.post(&other, &form), 401, "registration-link");
    for body in ["", "lti_registration=", "lti_registration=x", "x=y"] {
        refused(&stage.post(&one, body), 401, "registration-link");
    }
    for (origin, site) in [
        ("https://evil.example", "cross-site"),
        ("https://evil.tool.example", "same-site"),
        ("null", "cross-site"),
    ] {
        let headers = [("Origin", origin), ("Sec-Fetch-Site", site)];
        let reply = stage.server.post_with(&one, &form, &headers);
        assert_eq!(reply.status, 403, "{origin}: {reply:?}");
    }
    stage.lms.recorder.saw_nothing();
    table(&stage.post(&one, &form));
}

// Without `url`, Canvas and edX have no URLs of their own: the table takes those of the platform.
#[test]
fn every_url_that_the_table_takes_from_the_platform_is_at_its_host() {
    for (kind, origin, checked) in [
        ("canvas", false, true),
        ("edx", false, true),
        ("canvas", true, false),
        ("moodle", true, false),
    ] {
        let stage = Stage::new(|lms| match origin {
            true => format!("type = \"{kind}\"\nurl = \"{0}\"\nissuer = \"{0}\"", lms.origin()),
            false => format!("type = \"{kind}\""),
        });
        for key in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            let mut configuration = stage.lms.configuration();
            configuration[key] = "https://evil.example/x".into();
            stage.lms.answer(0, "200 OK", &configuration.to_string());
            let page = stage.register(&link("nb"));
            if checked {
                let line = refused(&page, 400, "registration-mismatch");
                assert!(line.contains(&format!("`{key}`")), "{kind}: {line}");
                stage.lms.recorder.request();
            } else {
                let table = table(&page);
                assert!(!table.contains("evil.example"), "{kind}: {table}");
                stage.lms.requests();
            }
        }
    }
}

#[test]
fn a_foreign_issuer_is_in_the_log_as_its_origin_only() {
    let stage = Stage::moodle();
    let link = link("nb");
    for (issuer, origin) in [
        ("https://evil.example/Hortensia?user=Hortensia", ", at https://evil.example is not"),
        ("https://evil.example:8443?Hortensia", ", at https://evil.example:8443 is not"),
    ] {
        let mut configuration = stage.lms.configuration();
        configuration["issuer"] = issuer.into();
        stage.lms.answer(0, "200 OK", &configuration.to_string());
        let reply = stage.register(&link);
        let line = refused(&reply, 400, "registration-mismatch");
        assert!(line.contains(origin) && !line.contains("Hortensia"), "{line}");
        assert!(unescaped(&reply.body).contains(issuer), "{}", reply.body);
        stage.lms.recorder.request();
    }
}

/// Opens a link with this configuration URL.
fn open_at(stage: &Stage, link: &str, url: &str) -> Reply {
    stage.server.get(&format!("{link}?openid_configuration={}", encoded(url)))
}

// Checklist F1.i 177.
#[test]
fn a_configuration_at_another_host_is_refused_and_the_link_stays_unspent() {
    let stage = Stage::moodle();
    let link = link("nb");
    for url in [
        "https://evil.example/openid",
        "http://localhost/openid",
        "https://127.0.0.1.evil.example/openid",
        "https://evil127.0.0.1/openid",
        "https://user@evil.example/openid",
        "https://127.0.0.1@evil.example/openid",
        "https://evil.example\\@127.0.0.1/openid",
        "//127.0.0.1/openid",
        "/openid",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
    ] {
        let line = refused(&open_at(&stage, &link, url), 400, "registration-mismatch");
        assert!(line.contains("openid_configuration"), "{line}");
    }
    // The issuer is another one, or at another host.
    for (key, value) in [
        ("issuer", "https://evil.example"),
        ("issuer", "http://127.0.0.1"),
        ("registration_endpoint", "https://evil.example/register"),
        ("registration_endpoint", "http://localhost/register"),
    ] {
        let mut configuration = stage.lms.configuration();
        configuration[key] = value.into();
        stage.lms.answer(0, "200 OK", &configuration.to_string());
        refused(&stage.register(&link), 400, "registration-mismatch");
        stage.lms.recorder.request();
    }
    stage.lms.recorder.saw_nothing();
    stage.lms.answer(0, "200 OK", &stage.lms.configuration().to_string());
    table(&stage.register(&link));
}

// A stranger who saw the link registers a platform of their own under the name of an empty table.
#[test]
fn a_configuration_belongs_to_its_own_host_even_for_an_empty_table() {
    let stage = Stage::new(|_| String::new());
    let link = link("nb");
    for (key, value) in [
        ("issuer", "https://lms.school.example"),
        ("issuer", "https://1"),
        ("registration_endpoint", "https://lms.school.example/r"),
        ("token_endpoint", "https://evil.example/t"),
        ("jwks_uri", "https://evil.example/j"),
        ("authorization_endpoint", "javascript:alert(1)"),
    ] {
        let mut configuration = stage.lms.configuration();
        configuration[key] = value.into();
        stage.lms.answer(0, "200 OK", &configuration.to_string());
        let line = refused(&stage.register(&link), 400, "registration-mismatch");
        assert!(line.contains(&format!("`{key}`")), "{line}");
        stage.lms.recorder.request();
    }
    stage.lms.recorder.saw_nothing();
}

// SSRF.
#[test]
fn no_link_leads_to_the_gateways_own_network() {
    let tools = format!(
        "[gateway]\npublic_url = \"https://tool.example\"\nsecret = \"{SECRET}\"\n\n\
         [platforms.lms]\n\n[tools.nb]\nplatforms = \"lms\"\ntemplate = \"page\"\n"
    );
    let lms = Lms::start();
    let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
    let stage = Stage { lms, server, tools };
    let link = link("nb");
    let port = stage.lms.origin().rsplit(':').next().expect("a port").to_owned();
    for (url, reason) in [
        (format!("http://127.0.0.1:{port}/x"), "its host has no public network address"),
        (format!("https://127.0.0.1:{port}/x"), "its host has no public network address"),
        (format!("https://[::1]:{port}/x"), "its host has no public network address"),
        (format!("https://localhost:{port}/x"), "its host has no public network address"),
        ("https://169.254.169.254/latest".to_owned(), "its host has no public network address"),
        ("https://10.0.0.1/x".to_owned(), "its host has no public network address"),
        ("http://lms.example/x".to_owned(), "it is not https"),
    ] {
        let page = open_at(&stage, &link, &url);
        assert_eq!(page.status, 200, "{url}");
        let line = refused(&stage.post(&link, &field(&page)), 502, "registration-refused");
        assert!(line.contains(reason), "{url}: {line}");
        // A path can contain what the platform likes.
        assert!(!line.contains("/x") && !line.contains("/latest"), "{url}: {line}");
    }
    stage.lms.recorder.saw_nothing();
}

#[test]
fn a_bad_configuration_is_refused_and_the_link_stays_unspent() {
    let stage = Stage::moodle();
    let link = link("nb");
    let redirect = format!("302 Found\r\nLocation: {}/other", stage.lms.origin());
    let mut duplicate = stage.lms.configuration().to_string();
    duplicate.insert_str(1, "\"issuer\":\"https://evil.example\",");
    for (status, body, reason) in [
        (&*redirect, "", "the platform redirected with status 302"),
        ("200 OK", "", "it is not a JSON object"),
        ("200 OK", "<html>", "it is not a JSON object"),
        ("200 OK", "{}", "it has no `token_endpoint`"),
        ("200 OK", &duplicate, "it is not a JSON object"),
        ("200 OK", &"x".repeat(64 * 1024 + 1), "larger than 64 KiB"),
        ("401 Unauthorized", "invalid_token", "status 401: invalid_token"),
        ("500 Internal Server Error", "<html>Ada</html>", "status 500"),
    ] {
        stage.lms.answer(0, status, body);
        let reply = stage.register(&link);
        let line = refused(&reply, 502, "registration-refused");
        assert!(line.contains(reason), "{reason}: {line}");
        assert!(!reply.body.contains("<html>Ada"), "{}", reply.body);
        assert_eq!(stage.lms.recorder.request().line(), "GET /openid-configuration?a=b");
    }
    stage.lms.recorder.saw_nothing();
    stage.lms.answer(0, "200 OK", &stage.lms.configuration().to_string());
    table(&stage.register(&link));
}

#[test]
fn a_registration_token_that_the_platform_repeats_is_not_shown() {
    let stage = Stage::moodle();
    stage.lms.answer(1, "400 Bad Request", &json!({"error": format!("bad {TOKEN}")}).to_string());
    let reply = stage.register(&link("nb"));
    let line = refused(&reply, 502, "registration-refused");
    assert!(reply.body.contains("bad …"), "{}", reply.body);
    for text in [&reply.body, &line] {
        assert!(!text.contains(TOKEN), "{text}");
    }
}

#[test]
fn the_platforms_refusal_is_shown_and_the_link_is_spent() {
    let stage = Stage::moodle();
    for (status, body, reason, message) in [
        (
            "400 Bad Request",
            r#"{"error":"invalid_redirect_uri"}"#,
            "400: invalid_redirect_uri\"",
            "",
        ),
        (
            "400 Bad Request",
            r#"{"error":"access_denied","error_description":"Hortensia refused"}"#,
            "status 400: access_denied\"",
            "status 400: access_denied: Hortensia refused",
        ),
        (
            "422 Unprocessable",
            r#"{"errors":["bad scopes","Hortensia refused"]}"#,
            "status 422\"",
            "status 422: bad scopes, Hortensia refused",
        ),
        ("403 Forbidden", "Hortensia refused", "status 403\"", "status 403: Hortensia refused"),
        ("401 Unauthorized", "token_already_used", "status 401: token_already_used\"", ""),
        ("200 OK", "{}", "it has no `client_id`", ""),
        ("200 OK", r#"{"client_id":""}"#, "it has no `client_id`", ""),
        ("200 OK", "{\"client_id\":\"a\\nb\"}", "has characters that it cannot have", ""),
        ("302 Found\r\nLocation: https://evil.example/", "", "redirected with status 302", ""),
    ] {
        let link = link("nb");
        stage.lms.answer(1, status, body);
        let reply = stage.register(&link);
        let line = refused(&reply, 502, "registration-refused");
        assert!(line.contains(reason), "{reason}: {line}");
        assert!(!line.contains("Hortensia"), "{line}");
        assert!(unescaped(&reply.body).contains(message), "{message}: {}", reply.body);
        assert!(!reply.body.contains("<pre>"), "a table in {}", reply.body);
        stage.lms.requests();
        refused(&stage.register(&link), 401, "registration-link");
        stage.lms.recorder.request();
    }
    stage.lms.recorder.saw_nothing();
}

// The link would open for an hour: such a request does not spend it.
#[test]
fn a_request_that_is_refused_before_its_route_logs_no_sealed_part() {
    let stage = Stage::moodle();
    let development =
        Server::start(&Setup { tools: &stage.tools, development: true, ..Setup::default() });
    let link = link("nb");
    let sealed = link.strip_prefix("/~register/").expect("a link");
    let long = "a".repeat(70_000);
    let own = ("Host", "tool.example");
    let foreign = [own, ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")];
    for (server, method, headers, status, code) in [
        (&stage.server, "POST", &foreign[..], 403, "foreign-origin"),
        (&stage.server, "GET", &[("Host", "tool.example.")], 400, "trailing-dot"),
        (&stage.server, "GET", &[own, own], 400, "no-host"),
        (&stage.server, "GET", &[own, ("X-Long", &long)], 431, "headers-too-large"),
        (&stage.server, "PROPFIND", &[own], 405, "method-not-allowed"),
        (&development, "GET", &[("Host", "evil.example")], 400, "foreign-host"),
    ] {
        let reply = server.send(method, &link, headers, b"");
        assert_eq!(reply.status, status, "{code}: {reply:?}");
        let lines = log_lines(&format!("code=\"{code}\""));
        let is_cut = |line: &String| line.contains("/~register/…");
        assert!(code == "headers-too-large" || lines.iter().any(is_cut), "{code}: {lines:?}");
    }
    for path in [
        format!("{link}/x"),
        link.replacen('~', "%7e", 1),
        link.replacen('~', "%257E", 1),
        link.replacen("/~", "//~", 1),
        link.replacen("~register", "register", 1),
        format!("/~links/{sealed}"),
        format!("/~links?lti_links={sealed}"),
        format!("/~login?lti_login={sealed}"),
    ] {
        for method in ["GET", "POST", "DELETE"] {
            for headers in [&foreign[..], &[("Host", "tool.example.")], &[own]] {
                stage.server.send(method, &path, headers, b"");
            }
            development.send(method, &path, &[("Host", "evil.example")], b"");
        }
    }
    assert_eq!(log_lines(sealed), [""; 0]);
    assert_eq!(log_lines(&sealed[..40]), [""; 0]);
    table(&stage.register(&link));
}

#[test]
fn nothing_of_the_platform_becomes_markup_or_a_second_table() {
    let stage = Stage::moodle();
    let script = "<script>alert(1)</script>";
    stage.lms.answer(1, "400 Bad Request", &json!({"error_description": script}).to_string());
    let reply = stage.register(&link("nb"));
    refused(&reply, 502, "registration-refused");
    assert!(!reply.body.contains("<script>alert"), "{}", reply.body);

    let odd = "a\"]\\u000a</code></pre><script>alert(1)</script>'é";
    let answer = json!({"client_id": odd, TOOL_CONFIGURATION: {"deployment_id": odd}});
    stage.lms.answer(1, "200 OK", &answer.to_string());
    let page = stage.register(&link("nb"));
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    let table = table(&page);
    assert_eq!(table.lines().count(), 5, "{table}");
    let pasted = stage.pasted(&table);
    assert_eq!(problems(&pasted).1, 0, "{}", problems(&pasted).0);
    let directory = tempfile::tempdir().expect("a directory");
    write(directory.path(), "tools.toml", &pasted);
    let file = directory.path().join("tools.toml");
    let loaded = load(&file, &Environment::default(), false).expect("a readable file");
    assert_eq!(loaded.config.platforms[0].clients[0].id.as_str(), odd);

    let url = format!("{}/{script}", stage.lms.origin());
    let page = open_at(&stage, &link("nb"), &url);
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
}

#[test]
fn a_repeated_or_long_parameter_is_refused() {
    let stage = Stage::moodle();
    let (link, url) = (link("nb"), encoded(&stage.lms.configuration_url()));
    let long = "a".repeat(9000);
    for query in [
        format!("openid_configuration={url}&openid_configuration={url}"),
        format!("openid_configuration={url}&registration_token=a&registration_token=b"),
        format!("openid_configuration={url}&registration_token={long}"),
    ] {
        refused(&stage.server.get(&format!("{link}?{query}")), 502, "registration-refused");
    }
    let page = stage
        .server
        .get(&format!("{link}?openid_configuration={url}&registration_token=a%0D%0AX-Evil%3A%201"));
    let line = refused(&stage.post(&link, &field(&page)), 502, "registration-refused");
    assert!(line.contains("fits into no header"), "{line}");
    stage.lms.recorder.saw_nothing();
}

#[test]
fn a_tools_own_host_has_no_registration() {
    let stage = Stage::with(
        "nb",
        |lms| format!("type = \"moodle\"\nurl = \"{}\"", lms.origin()),
        "host = \"nb.example\"",
    );
    let headers = [("Host", "nb.example")];
    let reply = stage.server.send("GET", &link("nb"), &headers, b"");
    assert_eq!(reply.status, 404, "{reply:?}");
    table(&stage.register(&link("nb")));
}
