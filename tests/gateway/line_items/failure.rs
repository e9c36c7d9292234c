//! The failures of the token endpoint and of the grade service.

use super::*;

const SCORE_BODY: &str = r#"{"score":0.5}"#;

/// The JSON of a token endpoint's error.
fn token_error(error: &str) -> String {
    let body = format!("{{\"error\":\"{error}\",\"error_description\":\"for a reason\"}}");
    reply("400 Bad Request", "application/json", &body)
}

// LTI13 §18, case 25.
#[test]
fn a_scope_that_the_platform_does_not_grant_is_final() {
    for (platform, setting) in [
        ("type = \"moodle\"\nurl = \"https://lms.example\"", "IMS LTI Assignment and Grade"),
        ("", "the services or scopes of the tool's registration"),
    ] {
        for narrowed in [false, true] {
            let stage =
                Stage::durable("").restarted("[tools.nb]", &format!("{platform}\n[tools.nb]"), NOW);
            let token = stage.token();
            if narrowed {
                let body = format!("{{\"access_token\":\"x\",\"scope\":\"{RESULTS}\"}}");
                stage.platform.respond("token", &reply("200 OK", "application/json", &body));
            } else {
                stage.platform.grant(&[RESULTS]);
            }
            let message = refused(&stage.call("POST", &token, SCORE_BODY), 502, "scope-refused");
            assert!(message.contains("does not grant the gateway the scope"), "{message}");
            assert!(message.contains(setting), "{message}");
            assert!(stage.platform.scores().is_empty());
        }
    }
}

#[test]
fn a_queued_grade_without_a_scope_becomes_a_dead_letter() {
    let stage = Stage::durable("");
    let token = stage.token();
    stage.platform.respond("token", &reply("503 Service Unavailable", "text/plain", ""));
    let id = stage.queue(&token, SCORE_BODY);
    stage.platform.grant(&[]);
    let found = stage.wait_for_status(&token, &id, "refused", NOW + 10);
    let message = found["platform"].as_str().expect("text");
    assert!(message.contains("invalid_scope"), "{found}");
}

#[test]
fn an_unknown_client_is_retried_and_named_with_its_keyset() {
    let stage = Stage::durable("");
    let token = stage.token();
    stage.platform.respond("token", &token_error("invalid_client"));
    let reply = stage.call("POST", &token, SCORE_BODY);
    let response = response_json(&reply, 202);
    let reason = response["reason"].as_str().expect("text");
    for part in [
        "invalid_client: for a reason",
        "https://tool.example/.well-known/jwks/moodle.json",
        "`lti-gateway platforms moodle --ask`",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    let id = response["id"].as_str().expect("an id");
    stage.wait_for_status(&token, id, "delivered", NOW + 10);
    assert_eq!(stage.platform.scores().len(), 1);
}

#[test]
fn without_a_durable_state_an_unknown_client_is_503() {
    let stage = Stage::start();
    let token = stage.token();
    for error in ["invalid_client", "invalid_request"] {
        stage.platform.respond("token", &token_error(error));
        let message = refused(&stage.call("POST", &token, SCORE_BODY), 503, "client-refused");
        assert!(message.contains(error), "{message}");
    }
    stage.platform.respond("token", &reply("404 Not Found", "text/html", "<h1>Not Found</h1>"));
    refused(&stage.call("POST", &token, SCORE_BODY), 503, "client-refused");
}

#[test]
fn a_refusal_of_the_grade_service_is_final() {
    for (status, body) in [
        ("403 Line item does not exist.", ""),
        ("404 Not Found", "no such line item"),
        ("400 Bad Request", "{\"error\":\"no\"}"),
        ("422 Unprocessable Entity", "{\"errors\":{\"type\":\"unprocessable_entity\"}}"),
    ] {
        let stage = Stage::durable("");
        let token = stage.token();
        let refusal = reply(status, "application/json", body);
        stage.platform.respond("scores", &refusal);
        let message = refused(&stage.call("POST", &token, SCORE_BODY), 502, "platform-refused");
        let said = if body.is_empty() { status.split_once(' ').expect("a reason").1 } else { body };
        let number = &status[..3];
        let expected = format!("the platform refused with status {number}: {said}");
        assert_eq!(message, expected);
        // Also at a retry.
        stage.platform.respond("scores", &reply("500 Error", "text/plain", ""));
        stage.platform.respond("scores", &refusal);
        // The first 403 may be about the token.
        if number == "403" {
            stage.platform.respond("scores", &refusal);
        }
        stage.server.set_now(NOW + 5);
        let id = stage.queue(&token, SCORE_BODY);
        let found = stage.wait_for_status(&token, &id, "refused", NOW + 10);
        assert_eq!(found["platform"], expected);
        assert!(stage.platform.scores().is_empty());
    }
}

#[test]
fn a_platform_that_cannot_accept_grades_yet_gets_them_later() {
    for (to, response) in [
        ("scores", reply("500 Internal Server Error", "text/plain", "")),
        ("scores", reply_with("429 Too Many Requests", "Retry-After: 2\r\n", "")),
        // Canvas.
        ("scores", reply("403 Forbidden", "text/plain", "403 Forbidden (Rate Limit Exceeded)")),
        ("token", reply("503 Service Unavailable", "text/plain", "")),
        ("token", reply_with("429 Too Many Requests", "Retry-After: 2\r\n", "")),
        ("token", reply("200 OK", "application/json", "{}")),
        ("token", "lost\r\n\r\n".to_owned()),
    ] {
        let stage = Stage::durable("");
        let token = stage.token();
        stage.platform.respond(to, &response);
        let id = stage.queue(&token, SCORE_BODY);
        let found = stage.find(&token, &id);
        if response.contains("Retry-After") {
            let next = found["next_try"].as_u64().expect("a timestamp");
            assert!((NOW + 2..=NOW + 4).contains(&next), "{found}");
        }
        stage.wait_for_status(&token, &id, "delivered", NOW + 60);
        assert_eq!(stage.platform.scores().len(), 1, "{to} {response}");
    }
}

#[test]
fn the_app_learns_when_to_send_again_without_a_durable_state() {
    let stage = Stage::start();
    let token = stage.token();
    let busy = reply_with("429 Too Many Requests", "Retry-After: 2\r\n", "");
    stage.platform.respond("scores", &busy);
    let reply = stage.call("POST", &token, SCORE_BODY);
    refused(&reply, 503, "platform-unreachable");
    assert_eq!(reply.header("retry-after"), Some("2"));
}

#[test]
fn a_platform_that_is_too_slow_gets_the_grade_again() {
    let stage = Stage::durable("timeout = \"1s\"");
    let token = stage.token();
    // The head of a response without its body.
    stage.platform.process_and_respond("scores", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    let id = stage.queue(&token, SCORE_BODY);
    stage.wait_for_status(&token, &id, "delivered", NOW + 10);
    assert_eq!(stage.platform.scores().len(), 1);
}

#[test]
fn a_message_with_a_person_goes_to_the_app_and_not_to_the_log() {
    let person = "Hortensia Winterbottom is not enrolled";
    let of_service = json!({ "message": person }).to_string();
    let of_token = json!({ "error": "invalid_client", "error_description": person }).to_string();
    for (to, status, body, logged) in [
        ("scores", "404 Not Found", &of_service, "the platform refused with status 404\""),
        ("scores", "409 Conflict", &of_service, "a newer score, with status 409\""),
        ("scores", "418 I'm a teapot", &of_service, "the platform refused with status 418\""),
        ("scores", "500 Error", &of_service, "the platform failed with status 500\""),
        ("token", "400 Bad Request", &of_token, "with status 400: invalid_client; it must have"),
        ("token", "400 Bad Request", &of_service, "with status 400; it must have the keyset"),
        ("token", "500 Error", &of_service, "the platform failed with status 500\""),
    ] {
        let stage = Stage::start();
        let token = stage.token();
        let response = reply(status, "application/json", body);
        for _ in 0..2 {
            stage.platform.respond(to, &response);
        }
        let reply = stage.call_while_time_passes("POST", &token, SCORE_BODY, NOW);
        let response = reply.json();
        assert!(response["message"].as_str().expect("text").contains(person), "{response}");
        let lines = log_lines(response["reference"].as_str().expect("a reference"));
        assert!(lines.len() == 1 && lines[0].contains(logged), "{lines:?}");
    }
    // A grade that waits.
    let stage = Stage::durable("");
    let token = stage.token();
    let unavailable = reply("503 Busy", "application/json", &of_service);
    stage.platform.respond("scores", &unavailable);
    stage.platform.respond("scores", &unavailable);
    let id = stage.queue(&token, SCORE_BODY);
    let found = stage.find(&token, &id);
    assert!(found["platform"].as_str().expect("text").contains(person), "{found}");
    stage.platform.respond("scores", &reply("404 Not Found", "application/json", &of_service));
    let found = stage.wait_for_status(&token, &id, "refused", NOW + 10);
    assert!(found["platform"].as_str().expect("text").contains(person), "{found}");
    assert!(log_lines(&id).len() >= 2);
    assert_eq!(log_lines("Hortensia"), [""; 0]);
}

#[test]
fn a_token_that_no_header_can_carry_is_not_remembered() {
    let stage = Stage::start();
    let token = stage.token();
    let body = r#"{"access_token":"a\r\nb","expires_in":3600}"#;
    stage.platform.respond("token", &reply("200 OK", "application/json", body));
    let message = refused(&stage.call("POST", &token, SCORE_BODY), 502, "platform-answer");
    assert!(message.contains("characters that no header can carry"), "{message}");
    stage.deliver(&token, SCORE_BODY);
    assert_eq!(stage.platform.scores().len(), 1);
}

#[test]
fn an_empty_description_of_a_token_endpoint_leaves_no_colon() {
    let stage = Stage::start();
    let token = stage.token();
    let body = r#"{"error":"invalid_scope","error_description":""}"#;
    stage.platform.respond("token", &reply("400 Bad Request", "application/json", body));
    let message = refused(&stage.call("POST", &token, SCORE_BODY), 502, "scope-refused");
    assert!(message.contains("with status 400: invalid_scope; allow it"), "{message}");
}
