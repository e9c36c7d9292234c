//! Retries end when the platform's grade service refuses. They continue after a bare status, which
//! may come from a proxy in front of the platform.

use super::state::count;
use super::*;

const DAY: u64 = 86_400;

fn unavailable() -> String {
    http("503 Service Unavailable", "text/plain", "Later")
}

/// Refusals by a bare status, and the messages of the gateway.
fn by_status() -> Vec<(String, &'static str)> {
    const PAGE: &str = "<!DOCTYPE html><html><p>Request blocked</html>";
    vec![
        (
            "HTTP/1.1 302 Found\r\nLocation: https://sso.example/login?user=4711\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "the platform redirected with status 302 to https://sso.example, and the gateway \
             follows no redirect",
        ),
        (http("403 Forbidden", "text/html", PAGE), "the platform refused with status 403"),
        (http("404 Not Found", "text/html", PAGE), "the platform refused with status 404"),
        (
            http("401 Unauthorized", "text/plain", "Timestamp expired"),
            "the platform refused with status 401: Timestamp expired",
        ),
        (http("400 Bad Request", "text/html", ""), "the platform refused with status 400"),
        (
            http("422 Unprocessable Entity", "text/html", PAGE),
            "the platform refused with status 422",
        ),
        (
            http("410 Gone", "application/json", r#"{"closed":true}"#),
            r#"the platform refused with status 410: {"closed":true}"#,
        ),
    ]
}

/// Refusals of a grade service, and the messages of the gateway.
fn by_service() -> Vec<(String, String)> {
    let mut responses = Vec::new();
    for code in ["failure", "unsupported", "FAILURE"] {
        for status in ["200 OK", "422 Unprocessable Entity", "400 Bad Request"] {
            let response = http(status, "application/xml", &envelope(code, "No such line", ""));
            let message =
                format!("the platform refused with status {}: No such line", &status[..3]);
            responses.push((response, message));
        }
    }
    responses
}

#[test]
fn a_bare_status_does_not_end_the_retries() {
    for (response, message) in by_status() {
        let stage = Stage::durable(
            responding_in_order([unavailable(), response.clone(), response, success()]),
            "",
        );
        let token = stage.token();
        let id = stage.queue(&token, "0.5");
        stage.server.set_now(NOW + 10);
        let found = stage.wait_for_attempts(&token, &id, 2);
        assert_eq!((&found["status"], &found["platform"]), (&json!("kept"), &json!(message)));
        assert!(found["next_try"].as_u64().is_some_and(|next| next > NOW + 10), "{found}");
        stage.advance_to(NOW + DAY);
        assert_eq!(stage.wait_for_attempts(&token, &id, 3)["status"], "kept", "{message}");
        stage.advance_to(NOW + 2 * DAY);
        assert_eq!(stage.wait_for_status(&token, &id, "delivered")["tries"], 4);
        for _ in 0..4 {
            assert_eq!(element(&stage.platform.next(), "textString"), "0.5");
        }
        stage.platform.saw_nothing();
    }
}

#[test]
fn a_refusal_of_the_grade_service_ends_the_retries() {
    for (response, message) in by_service() {
        let stage = Stage::durable(responding_in_order([unavailable(), response, success()]), "");
        let (token, other) = (stage.token(), stage.token_for("learner-grace"));
        let id = stage.queue(&token, "0.5");
        stage.platform.request();
        stage.server.set_now(NOW + 10);
        let found = stage.wait_for_status(&token, &id, "refused");
        assert_eq!(
            (&found["tries"], &found["next_try"], &found["platform"]),
            (&json!(2), &Value::Null, &json!(message))
        );
        stage.platform.request();
        assert_eq!(
            (count(&stage, "kept"), count(&stage, "finished WHERE status = 'refused'")),
            (0, 1)
        );
        // The gateway does not send it again, also after a restart.
        let stage = stage.restarted();
        stage.advance_to(NOW + DAY);
        stage.deliver(&other, "1");
        assert_eq!(element(&stage.platform.request(), "sourcedId"), "learner-grace");
        assert_eq!(stage.find(&token, &id), found);
    }
}

#[test]
fn a_refusal_of_the_first_attempt_is_reported_and_not_queued() {
    let responses =
        by_status().into_iter().map(|(response, message)| (response, message.to_owned()));
    for (response, message) in responses.chain(by_service()) {
        let stage = Stage::durable(responding_in_order([response, success()]), "");
        let (token, other) = (stage.token(), stage.token_for("learner-grace"));
        let reply = stage.call("POST", &token, r#"{"score":0.5}"#);
        let code =
            if message.contains("redirected") { "platform-answer" } else { "platform-refused" };
        let refusal = refused(&reply, 502, code);
        assert_eq!(refusal["message"], message);
        stage.platform.request();
        assert_eq!(
            (count(&stage, "kept"), count(&stage, "finished WHERE status = 'refused'")),
            (0, 1)
        );
        stage.advance_to(NOW + DAY);
        stage.deliver(&other, "1");
        assert_eq!(element(&stage.platform.request(), "sourcedId"), "learner-grace");
    }
}
