//! The methods and paths of `/grades`.

use super::*;

#[test]
fn other_methods_and_paths_send_nothing() {
    let stage = Stage::durable(Recorder::answering(success()), "");
    let token = stage.token();
    let body = r#"{"score":1}"#;
    for (method, target) in [
        ("OPTIONS", "/grades"),
        ("TRACE", "/grades"),
        ("POST", "/grades/AAAAAAAAAAAAAAAAAAAAAA"),
        ("DELETE", "/grades/AAAAAAAAAAAAAAAAAAAAAA"),
        ("PUT", "/grades/AAAAAAAAAAAAAAAAAAAAAA"),
        ("POST", "/Grades"),
        ("POST", "/lti/nb/grades"),
    ] {
        let reply = call(&stage.server, method, target, &token, body);
        assert!((400..500).contains(&reply.status), "{method} {target}: {reply:?}");
        assert!(
            !reply.body.contains(&token)
                && !reply.headers.iter().any(|(_, value)| value.contains(&token))
        );
    }
    stage.platform.saw_nothing();
    stage.upstream.saw_nothing();
}

#[test]
fn a_wrong_method_gets_the_allowed_methods() {
    let stage = Stage::durable(Recorder::answering(success()), "");
    let token = stage.token();
    for method in ["PUT", "PATCH"] {
        let reply = call(&stage.server, method, "/grades", &token, r#"{"score":1}"#);
        assert_eq!(
            refused(&reply, 405, "wrong-method"),
            json!({ "message": "this method is not allowed; POST a grade, GET it, or DELETE it" })
        );
        assert_eq!(reply.header("allow"), Some("GET, HEAD, POST, DELETE"));
    }
    stage.platform.saw_nothing();
}

#[test]
fn a_head_is_a_get_without_a_body() {
    let unavailable = http("503 Oh", "text/plain", "Later");
    let read = "<readResultResponse><result><resultScore><textString>0.91</textString>\
                </resultScore></result></readResultResponse>";
    let stage = Stage::durable(responding_in_order([unavailable, pox("success", "", read)]), "");
    let token = stage.token();
    let id = stage.queue(&token, "0.5");
    stage.platform.request();
    let head = |target: &str, token: &str| {
        let reply = call(&stage.server, "HEAD", target, token, "");
        assert_eq!(
            (reply.header("content-type"), reply.body.as_str()),
            (Some("application/json"), "")
        );
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        reply.status
    };
    assert_eq!(head("/grades", &token), 200);
    assert!(element_if_any(&stage.platform.request(), "readResultRequest").is_some());
    assert_eq!(head(&format!("/grades/{id}"), &token), 200);
    assert_eq!(head("/grades/AAAAAAAAAAAAAAAAAAAAAA", &token), 404);
    for target in ["/grades", &format!("/grades/{id}")] {
        assert_eq!(head(target, "x"), 401);
        let reply = stage.server.send("HEAD", target, &[("Host", "tool.example")], b"");
        assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("Bearer")));
    }
    stage.platform.saw_nothing();
    assert_eq!(log_lines(&token), [""; 0]);
}

#[test]
fn a_trailing_slash_changes_nothing() {
    let stage = Stage::durable(Recorder::answering(success()), "");
    let token = stage.token();
    for (method, body, operation) in [
        ("POST", r#"{"score":1}"#, "replaceResultRequest"),
        ("GET", "", "readResultRequest"),
        ("DELETE", "", "deleteResultRequest"),
    ] {
        response_json(&call(&stage.server, method, "/grades/", &token, body), 200);
        assert!(element_if_any(&stage.platform.request(), operation).is_some());
        refused(&call(&stage.server, method, "/grades/", "x", body), 401, "bad-grade-token");
    }
    let reply = call(&stage.server, "GET", "/grades/AAAAAAAAAAAAAAAAAAAAAA/", &token, "");
    refused(&reply, 404, "no-such-grade");
    stage.platform.saw_nothing();
}

#[test]
fn a_post_to_a_queued_grade_changes_nothing() {
    let stage = Stage::durable(Recorder::answering(http("503 Oh", "text/plain", "Later")), "");
    let token = stage.token();
    let id = stage.queue(&token, "0.5");
    stage.platform.request();
    let before = stage.find(&token, &id);
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
        let reply = call(&stage.server, method, &format!("/grades/{id}"), &token, r#"{"score":1}"#);
        assert_eq!(reply.status, if method == "TRACE" { 404 } else { 405 }, "{method}");
        assert!(!reply.body.contains(&token) && !reply.body.contains(&id), "{method}");
        assert_eq!(stage.find(&token, &id), before);
    }
    stage.platform.saw_nothing();
}

#[test]
fn a_form_cannot_override_the_method() {
    let stage = Stage::durable(Recorder::answering(success()), "");
    let bearer = format!("Bearer {}", stage.token());
    let headers = [
        ("Host", "tool.example"),
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    for form in [
        "_method=delete",
        "_method=DELETE",
        "%5Fmethod=delete",
        "_method=put",
        "_method=get&score=1",
    ] {
        for target in ["/grades", "/grades/"] {
            refused(
                &stage.server.send("POST", target, &headers, form.as_bytes()),
                422,
                "bad-grade",
            );
        }
    }
    stage.platform.saw_nothing();
    assert_eq!(super::state::count(&stage, "sqlite_sequence WHERE name = 'kept'"), 0);
}

#[test]
fn on_a_tools_own_host_the_path_belongs_to_the_upstream() {
    const HOST: &str = "own.example";
    let stage = Stage::with(
        Recorder::answering(success()),
        "",
        &format!("host = \"{HOST}\"\nprefix = \"tool\""),
    );
    let url = stage.outcome_url();
    let form = Form { url: "https://own.example/", ..launch(&url) };
    let mut browser = Browser::at(&stage.server, HOST);
    let visit = browser.open(&form);
    assert_eq!(browser.get(&visit.at("/")).status, 200);
    let token = stage.upstream.request().header("x-lti-grade-token").expect("a grade token");

    for target in ["/grades", "/grades/AAAAAAAAAAAAAAAAAAAAAA"] {
        let reply = browser.get(&visit.at(target));
        assert_eq!((reply.status, reply.body.as_str()), (200, "ok"), "the upstream's response");
        assert_eq!(stage.upstream.request().line(), format!("GET /app{target}"));
        // A grade token is useless there: a request without a session is refused.
        let bearer = format!("Bearer {token}");
        for method in ["POST", "GET", "DELETE", "PUT"] {
            let headers = [
                ("Host", HOST),
                ("Authorization", bearer.as_str()),
                ("Accept", "application/json"),
            ];
            let body: &[u8] = if method == "GET" { b"" } else { br#"{"score":1}"# };
            let reply = stage.server.send(method, target, &headers, body);
            assert_eq!(reply.status, 401, "{method} {target}: {reply:?}");
            assert!(reply.body.contains("no-session"), "{method} {target}: {reply:?}");
            assert!(!reply.body.contains(&token));
        }
    }
    stage.upstream.saw_nothing();
    stage.platform.saw_nothing();
    // The gateway's own `/grades` still works.
    stage.deliver(&token, "1");
    stage.platform.request();
}
