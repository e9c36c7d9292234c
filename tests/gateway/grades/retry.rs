//! What ends a kept grade, and what does not: the platform's grade service says no for good, and a status alone may be said by
//! whatever stands in front of it.

use super::state::count;
use super::*;

const DAY: u64 = 86_400;

fn unwell() -> String {
    http("503 Service Unavailable", "text/plain", "Later")
}

/// Answers that say no by a status alone, and what is written down of them.
fn by_status() -> Vec<(String, &'static str)> {
    const PAGE: &str = "<!DOCTYPE html><html><p>Request blocked</html>";
    vec![
        (
            "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "the platform points to another address with status 302, which is not followed",
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

/// Answers of a grade service that says no.
fn by_service() -> Vec<(String, String)> {
    let mut answers = Vec::new();
    for code in ["failure", "unsupported", "FAILURE"] {
        for status in ["200 OK", "422 Unprocessable Entity", "400 Bad Request"] {
            let answer = http(status, "application/xml", &envelope(code, "No such line", ""));
            let said = format!("the platform refused with status {}: No such line", &status[..3]);
            answers.push((answer, said));
        }
    }
    answers
}

#[test]
fn what_a_status_alone_says_ends_no_kept_grade() {
    for (answer, said) in by_status() {
        let stage = Stage::durable(in_turn([unwell(), answer.clone(), answer, good()]), "");
        let token = stage.token();
        let id = stage.keep(&token, "0.5");
        stage.server.set_now(NOW + 10);
        let found = stage.tried(&token, &id, 2);
        assert_eq!((&found["status"], &found["platform"]), (&json!("kept"), &json!(said)));
        assert!(found["next_try"].as_u64().is_some_and(|next| next > NOW + 10), "{found}");
        stage.pass_to(NOW + DAY);
        assert_eq!(stage.tried(&token, &id, 3)["status"], "kept", "{said}");
        stage.pass_to(NOW + 2 * DAY);
        assert_eq!(stage.becomes(&token, &id, "delivered")["tries"], 4);
        for _ in 0..4 {
            assert_eq!(element(&stage.platform.next(), "textString"), "0.5");
        }
        stage.platform.saw_nothing();
    }
}

#[test]
fn what_the_grade_service_says_ends_it() {
    for (answer, said) in by_service() {
        let stage = Stage::durable(in_turn([unwell(), answer, good()]), "");
        let (token, other) = (stage.token(), stage.token_for("learner-grace"));
        let id = stage.keep(&token, "0.5");
        stage.platform.request();
        stage.server.set_now(NOW + 10);
        let found = stage.becomes(&token, &id, "refused");
        assert_eq!(
            (&found["tries"], &found["next_try"], &found["platform"]),
            (&json!(2), &Value::Null, &json!(said))
        );
        stage.platform.request();
        assert_eq!(
            (count(&stage, "kept"), count(&stage, "finished WHERE status = 'refused'")),
            (0, 1)
        );
        // Nothing of it is sent again, also after a restart.
        let stage = stage.restarted();
        stage.pass_to(NOW + DAY);
        stage.deliver(&other, "1");
        assert_eq!(element(&stage.platform.request(), "sourcedId"), "learner-grace");
        assert_eq!(stage.find(&token, &id), found);
    }
}

#[test]
fn on_the_first_try_each_no_is_told_at_once_and_nothing_is_kept() {
    let answers = by_status().into_iter().map(|(answer, said)| (answer, said.to_owned()));
    for (answer, said) in answers.chain(by_service()) {
        let stage = Stage::durable(in_turn([answer, good()]), "");
        let (token, other) = (stage.token(), stage.token_for("learner-grace"));
        let reply = stage.call("POST", &token, r#"{"score":0.5}"#);
        let code = if said.contains("points") { "platform-answer" } else { "platform-refused" };
        let refusal = refused(&reply, 502, code);
        assert_eq!(refusal["message"], said);
        stage.platform.request();
        assert_eq!(
            (count(&stage, "kept"), count(&stage, "finished WHERE status = 'refused'")),
            (0, 1)
        );
        stage.pass_to(NOW + DAY);
        stage.deliver(&other, "1");
        assert_eq!(element(&stage.platform.request(), "sourcedId"), "learner-grace");
    }
}
