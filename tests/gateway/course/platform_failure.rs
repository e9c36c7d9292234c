//! A platform that refuses, fails or sends something else.

use super::*;

#[test]
fn the_platforms_refusal_is_a_502_with_its_message() {
    let stage = Stage::new("members = \"staff\"");
    let token = stage.members_token();
    // edX refuses courses above its limit.
    let body = r#"{"error":"above_response_limit a person in a message"}"#;
    stage.services.serve(
        "GET /members",
        "403 Forbidden",
        "Content-Type: application/json\r\n",
        body,
    );
    let response =
        refused(&call(&stage.server, "GET", "/members", &token, ""), 502, "platform-refused");
    assert_eq!(response["platform"], json!({"status": 403, "description": body}));
    for (status, headers, code, expected) in [
        ("404 Not Found", "", "platform-refused", 502),
        ("403 Rate Limit Exceeded", "Retry-After: 7\r\n", "platform-unreachable", 503),
        ("302 Found", "Location: https://evil.example/\r\n", "platform-answer", 502),
        ("200 OK", "", "platform-answer", 502),
        ("503 Service Unavailable", "Retry-After: 7\r\n", "platform-unreachable", 503),
        ("429 Too Many Requests", "Retry-After: 7\r\n", "platform-unreachable", 503),
    ] {
        stage.services.serve("GET /members", status, headers, "<html>a person in a message");
        let reply = call(&stage.server, "GET", "/members", &token, "");
        refused(&reply, expected, code);
        let retry_after = headers.contains("Retry-After").then_some("7");
        assert_eq!(reply.header("retry-after"), retry_after, "{status}");
    }
}

#[test]
fn a_refused_scope_or_client_names_the_setting() {
    let refusal = |body: Value| {
        let stage = Stage::new("members = \"staff\"");
        let token = stage.members_token();
        stage.services.serve(
            "POST /token",
            "400 Bad Request",
            "Content-Type: application/json\r\n",
            &body.to_string(),
        );
        call(&stage.server, "GET", "/members", &token, "")
    };
    let response = refused(&refusal(json!({"error": "invalid_scope"})), 502, "scope-refused");
    assert!(response["message"].as_str().expect("text").contains("scope"), "{response}");
    let response = refused(&refusal(json!({"error": "invalid_client"})), 503, "client-refused");
    let message = response["message"].as_str().expect("text");
    assert!(message.contains("https://tool.example/.well-known/jwks/moodle.json"), "{message}");
    assert!(message.contains("lti-gateway platforms moodle --ask"), "{message}");
}

#[test]
fn an_expired_access_token_is_replaced_once() {
    let stage = Stage::new("members = \"staff\"");
    let token = stage.members_token();
    stage.services.serve("GET /members", "401 Unauthorized", "", "");
    refused(&call(&stage.server, "GET", "/members", &token, ""), 503, "platform-unreachable");
    for line in ["POST /token", "GET /members", "POST /token", "GET /members"] {
        assert_eq!(stage.services.next().line(), line);
    }
    stage.services.saw_nothing();
}

// edX answers with 403 to a token that it does not accept any more.
#[test]
fn a_403_to_a_remembered_access_token_is_tried_again_with_another_one() {
    let stage = Stage::new("members = \"staff\"");
    let token = stage.members_token();
    stage.services.serve_members("/members", &json!([]), "");
    response_json(&call(&stage.server, "GET", "/members", &token, ""), 200);
    stage.services.all();
    stage.services.serve("GET /members", "403 Forbidden", "", "");
    stage.services.grant(json!({"access_token": "access-token-2", "expires_in": 3600}));
    refused(&call(&stage.server, "GET", "/members", &token, ""), 502, "platform-refused");
    let requests = stage.services.all();
    let lines: Vec<String> = requests.iter().map(Recorded::line).collect();
    assert_eq!(lines, ["GET /members", "POST /token", "GET /members"]);
    for (request, expected) in [(0, "Bearer access-token-1"), (2, "Bearer access-token-2")] {
        assert_eq!(requests[request].header("authorization").as_deref(), Some(expected));
    }
}

#[test]
fn an_unreachable_platform_is_a_503_and_a_private_host_is_never_asked() {
    let stage = Stage::new("members = \"staff\"");
    let token = |url: &str| {
        let request = stage.launched("user-4711", INSTRUCTOR, |claims| {
            claims["https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"]
                ["context_memberships_url"] = json!(url);
        });
        request.header("x-lti-members-token").expect("a members token")
    };
    let closed = "http://127.0.0.1:1/members";
    let reply = call(&stage.server, "GET", "/members", &token(closed), "");
    refused(&reply, 503, "platform-unreachable");
    for private in ["http://10.0.0.1/members", "http://127.0.0.2/members"] {
        let reply = call(&stage.server, "GET", "/members", &token(private), "");
        refused(&reply, 409, "members-not-allowed");
    }
}
