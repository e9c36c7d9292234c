//! Queued grades: their status and their retries.

use crate::support::Upstream;

use super::*;

const DAY: u64 = 86_400;

/// The response of a platform that cannot accept a grade yet.
fn unavailable() -> String {
    http("503 Service Unavailable", "text/plain", "Back soon")
}

const MESSAGE: &str = "the platform failed with status 503: Back soon";

#[test]
fn a_grade_is_queued_and_delivered_when_the_platform_recovers() {
    let stage = Stage::durable(responding_in_order([unavailable(), unavailable(), success()]), "");
    let token = stage.token();
    let id = stage.queue(&token, "0.10");
    assert_eq!(id.len(), 22);
    let first = stage.platform.request();
    let response = |status: &str, tries: u32, next_try: Value, message: &str| {
        json!({
            "id": id,
            "status": status,
            "accepted": NOW,
            "tries": tries,
            "next_try": next_try,
            "platform": message,
        })
    };
    assert_eq!(stage.find(&token, &id), response("kept", 1, json!(NOW + 1), MESSAGE));

    stage.server.set_now(NOW + 10);
    let found = stage.wait_for_attempts(&token, &id, 2);
    let next = found["next_try"].as_u64().expect("a timestamp");
    assert!((NOW + 11..=NOW + 13).contains(&next), "backoff with jitter: {found}");
    assert_eq!(found, response("kept", 2, json!(next), MESSAGE));
    stage.platform.request();

    stage.server.set_now(NOW + 30);
    assert_eq!(
        stage.wait_for_status(&token, &id, "delivered"),
        response("delivered", 3, Value::Null, "")
    );
    let last = stage.platform.request();
    assert_eq!(element(&last, "textString"), "0.10");
    assert_eq!(element(&last, "sourcedId"), SOURCEDID);
    assert_eq!(first.line(), last.line());

    let lines = log_lines(&id);
    for (at, outcome) in ["kept", "kept", "delivered"].into_iter().enumerate() {
        assert!(lines[at].contains(&format!("outcome=\"{outcome}\"")), "{lines:?}");
    }
    assert_eq!(lines.len(), 3, "{lines:?}");
    nothing_private_in(&lines);
    stage.upstream.saw_nothing();
}

#[test]
fn only_a_token_of_the_same_learner_finds_a_grade() {
    let stage = Stage::durable(Recorder::answering(unavailable()), "");
    let (ada, grace) = (stage.token_for("learner-ada"), stage.token_for("learner-grace"));
    let id = stage.queue(&ada, "0.5");
    assert_eq!(stage.find(&ada, &id)["status"], "kept");
    let message = "the learner and resource link of the grade token have no grade with this id";
    let unknown = json!({ "message": message });
    let ask =
        |token: &str, id: &str| call(&stage.server, "GET", &format!("/grades/{id}"), token, "");
    assert_eq!(refused(&ask(&grace, &id), 404, "no-such-grade"), unknown);
    for wrong in [
        "AAAAAAAAAAAAAAAAAAAAAA",
        "x",
        &id[1..],
        &id.to_lowercase(),
        "%00",
        "'%20OR%201=1",
        "%E2%9C%93",
    ] {
        assert_eq!(refused(&ask(&ada, wrong), 404, "no-such-grade"), unknown, "{wrong}");
    }
    let target = format!("/grades/{id}");
    refused(&stage.server.get(&target), 401, "no-grade-token");
    refused(&ask("x", &id), 401, "bad-grade-token");
}

#[test]
fn without_a_durable_state_no_grade_has_an_id() {
    let stage = Stage::new(unavailable());
    let token = stage.token();
    let reply = stage.call("POST", &token, r#"{"score":1}"#);
    refused(&reply, 503, "platform-unreachable");
    let reply = call(&stage.server, "GET", "/grades/AAAAAAAAAAAAAAAAAAAAAA", &token, "");
    refused(&reply, 404, "no-such-grade");
}

#[test]
fn the_token_of_a_newer_launch_finds_a_grade_of_an_older_one() {
    let stage = Stage::durable(Recorder::answering(unavailable()), "");
    let url = stage.outcome_url();
    let first = stage.token_of(&launch(&url)).expect("a grade token");
    let id = stage.queue(&first, "0.5");
    let second = stage.token_of(&Form { nonce: "2", ..launch(&url) }).expect("a grade token");
    assert_ne!(first, second);
    assert_eq!(stage.find(&second, &id)["status"], "kept");
    let form = Form { nonce: "3", ..launch(&url) }.but(&[("resource_link_id", "rl-2")]);
    let elsewhere = stage.token_of(&form).expect("a grade token");
    let reply = call(&stage.server, "GET", &format!("/grades/{id}"), &elsewhere, "");
    refused(&reply, 404, "no-such-grade");
}

#[test]
fn a_deletion_is_queued_too() {
    let stage = Stage::durable(
        responding_in_order([unavailable(), pox("success", "", "<deleteResultResponse/>")]),
        "",
    );
    let token = stage.token();
    let response = response_json(&stage.call("DELETE", &token, ""), 202);
    let id = response["id"].as_str().expect("an id");
    assert_eq!(response, json!({ "status": "kept", "id": id, "reason": MESSAGE }));
    stage.platform.request();
    stage.server.set_now(NOW + 10);
    stage.wait_for_status(&token, id, "delivered");
    assert!(element_if_any(&stage.platform.request(), "deleteResultRequest").is_some());
}

#[test]
fn a_queued_grade_that_the_platform_refuses_becomes_a_dead_letter() {
    let stage = Stage::durable(
        responding_in_order([unavailable(), pox("failure", "Grade is past due", ""), success()]),
        "",
    );
    let (token, other) = (stage.token(), stage.token_for("learner-grace"));
    let id = stage.queue(&token, "0.5");
    stage.platform.request();
    stage.server.set_now(NOW + 10);
    let found = stage.wait_for_status(&token, &id, "refused");
    assert_eq!(found["platform"], "the platform refused with status 200: Grade is past due");
    assert_eq!((&found["tries"], &found["next_try"]), (&json!(2), &Value::Null));
    stage.platform.request();
    // The dead letter never comes due again.
    stage.server.set_now(NOW + DAY);
    stage.deliver(&other, "1");
    assert_eq!(element(&stage.platform.request(), "sourcedId"), "learner-grace");
    assert_eq!(stage.find(&token, &id), found);
}

#[test]
fn a_grade_that_cannot_be_delivered_for_three_days_expires() {
    let stage = Stage::durable(Recorder::answering(unavailable()), "");
    let token = stage.token();
    let id = stage.queue(&token, "0.5");
    stage.server.set_now(NOW + 3 * DAY - 1);
    assert_eq!(stage.wait_for_attempts(&token, &id, 2)["status"], "kept");
    stage.server.set_running(3 * DAY);
    stage.advance_to(NOW + 3 * DAY + 3600);
    let found = stage.wait_for_status(&token, &id, "expired");
    assert_eq!(
        found,
        json!({
            "id": id,
            "status": "expired",
            "accepted": NOW,
            "tries": 3,
            "next_try": null,
            "platform": MESSAGE,
        })
    );
    let lines = log_lines(&id);
    let last = lines.last().expect("a line");
    assert!(last.contains("ERROR grade: ") && last.contains("outcome=\"expired\""), "{last}");
    nothing_private_in(&lines);
    let count = |what| super::state::count(&stage, what);
    assert_eq!((count("kept"), count("finished WHERE status = 'expired'")), (0, 1));
}

#[test]
fn a_restart_loses_no_grade_and_no_nonce() {
    let stage = Stage::durable(responding_in_order([unavailable(), unavailable(), success()]), "");
    let url = stage.outcome_url();
    let token = stage.token();
    let id = stage.queue(&token, "0.10");
    stage.platform.request();

    // The gateway retries queued grades at once after a start. The platform is still unavailable.
    let stage = stage.restarted();
    stage.platform.request();
    assert_eq!(stage.find(&token, &id)["status"], "kept");
    let again = stage.server.post("/lti/nb", &launch(&url).sign());
    assert_eq!(again.status, 401, "{again:?}");
    let lines = log_lines(again.reference().expect("a reference"));
    assert!(lines.len() == 1 && lines[0].contains(" code=\"replayed\" "), "{lines:?}");

    stage.server.set_now(NOW + 10);
    assert_eq!(stage.wait_for_status(&token, &id, "delivered")["tries"], 3);
    let request = stage.platform.request();
    assert_eq!(element(&request, "textString"), "0.10");
    assert_eq!(element(&request, "sourcedId"), SOURCEDID);
    let stage = stage.restarted();
    assert_eq!(stage.find(&token, &id)["status"], "delivered");
    stage.platform.saw_nothing();
}

#[test]
fn a_grade_that_a_restart_interrupted_is_sent_again_unchanged() {
    let platform = Upstream::start();
    let stage = Stage::durable(Recorder::start(), "");
    let url = format!("{}{OUTCOME}", platform.origin());
    let token = stage.token_of(&launch(&url)).expect("a grade token");
    let mut caller = stage.server.connect();
    caller.send(format!(
        "POST /grades HTTP/1.1\r\nHost: tool.example\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: 14\r\n\r\n{{\"score\":0.10}}"
    ));
    let (mut before, head) = platform.request();
    let first = Recorded { body: before.body(&head).bytes, head };
    let stage = stage.restarted();
    let (mut after, head) = platform.request();
    let second = Recorded { body: after.body(&head).bytes, head };
    for request in [&first, &second] {
        assert_eq!(element(request, "textString"), "0.10");
        assert_eq!(element(request, "sourcedId"), SOURCEDID);
    }
    after.send(success());
    assert!(platform.saw_nothing());
    drop((caller, before, stage));
}

#[test]
fn a_queued_grade_waits_for_a_consumer_that_was_removed_from_the_file() {
    let stage = Stage::durable(responding_in_order([unavailable(), success()]), "");
    let token = stage.token();
    let id = stage.queue(&token, "0.5");
    stage.platform.request();
    let tools = stage.tools.clone();
    let stage =
        Stage { tools: tools.replace("key = \"key-1\"", "key = \"key-2\""), ..stage }.restarted();
    stage.server.set_now(NOW + 1);
    wait_for(|| log_lines(&id).len() == 2);
    let lines = log_lines(&id);
    assert!(lines[1].contains("its tool or consumer is no longer in tools.toml"), "{lines:?}");
    assert!(
        lines[1].contains(" tries=1 "),
        "an attempt that was not sent does not count: {lines:?}"
    );
    stage.platform.saw_nothing();
    let stage = Stage { tools, ..stage }.restarted();
    // The gateway may have stopped before it stored the attempt.
    stage.server.set_now(NOW + 3600);
    stage.wait_for_status(&token, &id, "delivered");
    stage.platform.request();
}

#[test]
fn the_comment_of_a_queued_grade_is_not_logged() {
    let stage = Stage::durable(responding_in_order([unavailable(), success()]), "");
    let token = stage.token();
    let body = r#"{"score":0.8264913,"comment":"words-to-linus"}"#;
    let response = response_json(&stage.call("POST", &token, body), 202);
    stage.server.set_now(NOW + 10);
    stage.wait_for_status(&token, response["id"].as_str().expect("an id"), "delivered");
    for secret in ["words-to-linus", "0.8264913", &token] {
        assert_eq!(log_lines(secret), [""; 0]);
    }
}

#[test]
fn a_restart_makes_grades_due_that_a_clock_far_ahead_delayed() {
    let is_available = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let switch = std::sync::Arc::clone(&is_available);
    let platform = Recorder::with(move |_| match is_available.load(Ordering::SeqCst) {
        true => success().into_bytes(),
        false => http("503 Oh", "text/plain\r\nRetry-After: 3600", "").into_bytes(),
    });
    let stage = Stage::durable(platform, "");
    let users = ["learner-ada", "learner-grace", "learner-mary"];
    let tokens = users.map(|user| stage.token_for(user));
    stage.server.set_now(NOW + 6 * DAY);
    let ids = tokens.each_ref().map(|token| stage.queue(token, "0.5"));
    for user in users {
        assert_eq!(element(&stage.platform.next(), "sourcedId"), user);
    }
    for (token, id) in tokens.iter().zip(&ids) {
        let next = stage.find(token, id)["next_try"].as_u64().expect("a timestamp");
        assert!(next >= NOW + 6 * DAY + 3600, "{next}");
    }

    switch.store(true, Ordering::SeqCst);
    let stage = stage.restarted();
    for (token, id) in tokens.iter().zip(&ids) {
        assert_eq!(stage.wait_for_status(token, id, "delivered")["tries"], 2);
    }
    let mut sent = [(); 3].map(|()| element(&stage.platform.next(), "sourcedId"));
    sent.sort();
    assert_eq!(sent, users);
    stage.platform.saw_nothing();
}
