//! Access tokens: reused, one request at a time, dropped when the service does not accept them.

use super::*;

/// The number of requests for a token since the last call.
fn token_requests(stage: &Stage) -> usize {
    stage.platform.lines().iter().filter(|line| *line == "POST /token").count()
}

#[test]
fn many_learners_share_one_token() {
    let stage = Stage::start();
    let tokens: Vec<String> = (0..8)
        .map(|number| stage.token_of(|claims| claims["sub"] = format!("user-{number}").into()))
        .map(|token| token.expect("a grade token"))
        .collect();
    stage.platform.requests();
    for reply in stage.call_at_once(&tokens, r#"{"score":0.5}"#) {
        assert_eq!(response_json(&reply, 200)["status"], "delivered");
    }
    assert_eq!(stage.platform.scores().len(), 8);
    assert_eq!(token_requests(&stage), 1);
}

#[test]
fn a_token_is_renewed_a_minute_before_its_end() {
    let stage = Stage::start();
    let token = stage.token();
    stage.platform.expire_in(100);
    let send = |now: u64| {
        stage.server.set_now(NOW + now);
        stage.server.set_running(now);
        stage.deliver(&token, r#"{"score":0.5}"#);
        token_requests(&stage)
    };
    assert_eq!(send(1), 1);
    assert_eq!(send(40), 0);
    assert_eq!(send(41), 1);
}

#[test]
fn a_token_that_the_service_does_not_accept_is_dropped_and_the_request_sent_once_more() {
    let stage = Stage::start();
    let token = stage.token();
    stage.deliver(&token, r#"{"score":0.25}"#);
    stage.platform.revoke_tokens();
    stage.platform.requests();
    stage.server.set_now(NOW + 5);
    stage.deliver(&token, r#"{"score":0.5}"#);
    let lines = stage.platform.lines();
    let score = "POST /li/7/scores?type_id=1";
    assert_eq!(lines, [score, "POST /token", score]);
}

#[test]
fn a_second_401_is_a_failure_of_the_platform() {
    let stage = Stage::durable("");
    let token = stage.token();
    for _ in 0..2 {
        stage.platform.respond("scores", &reply("401 Unauthorized", "text/plain", ""));
    }
    let id = stage.queue(&token, r#"{"score":0.5}"#);
    let lines = stage.platform.service_lines();
    assert_eq!(lines.iter().filter(|line| line.contains("/scores")).count(), 2, "{lines:?}");
    stage.wait_for_status(&token, &id, "delivered", NOW + 10);
}

// edX answers so to an expired token, and after it has renewed a passport's key.
#[test]
fn a_403_to_a_remembered_token_drops_it_and_one_to_a_fresh_token_is_final() {
    let stage = Stage::start();
    let token = stage.token();
    let invalid = reply("403 Forbidden", "application/json", r#"{"detail":"Invalid token."}"#);
    let (score, for_token) = ("POST /li/7/scores?type_id=1", "POST /token");
    stage.platform.requests();
    stage.platform.respond("scores", &invalid);
    refused(&stage.call("POST", &token, r#"{"score":0.25}"#), 502, "platform-refused");
    assert_eq!(stage.platform.lines(), [for_token, score]);
    stage.platform.respond("scores", &invalid);
    stage.server.set_now(NOW + 5);
    stage.deliver(&token, r#"{"score":0.5}"#);
    assert_eq!(stage.platform.lines(), [score, for_token, score]);
    for _ in 0..2 {
        stage.platform.respond("scores", &invalid);
    }
    stage.server.set_now(NOW + 10);
    refused(&stage.call("POST", &token, r#"{"score":0.75}"#), 502, "platform-refused");
    assert_eq!(stage.platform.lines(), [score, for_token, score]);
    // Another service.
    stage.call("GET", &token, "");
    stage.platform.requests();
    stage.platform.respond("results", &invalid);
    assert_eq!(stage.call("GET", &token, "").status, 200);
    let results = "GET /li/7/results?type_id=1&user_id=user-4711";
    assert_eq!(stage.platform.lines(), [results, for_token, results]);
}

#[test]
fn the_rate_limit_of_canvas_costs_no_token() {
    let stage = Stage::start();
    let token = stage.token();
    stage.deliver(&token, r#"{"score":0.25}"#);
    stage.platform.requests();
    let limit = reply("403 Forbidden", "text/plain", "403 Forbidden (Rate Limit Exceeded)");
    stage.platform.respond("scores", &limit);
    stage.server.set_now(NOW + 5);
    refused(&stage.call("POST", &token, r#"{"score":0.5}"#), 503, "platform-unreachable");
    assert_eq!(stage.platform.lines(), ["POST /li/7/scores?type_id=1"]);
}

#[test]
fn those_who_wait_for_a_token_share_its_failure() {
    let stage = Stage::start();
    let token = stage.token();
    // Each learner waits for the first request, which fails.
    let slow = Duration::from_millis(300);
    stage.platform.slow_down(slow);
    stage.platform.trust(json!({ "keys": [] }));
    let tokens: Vec<String> = (0..6)
        .map(|number| stage.token_of(|claims| claims["sub"] = format!("user-{number}").into()))
        .map(|token| token.expect("a grade token"))
        .collect();
    stage.platform.requests();
    for reply in stage.call_at_once(tokens.iter().chain([&token]), r#"{"score":0.5}"#) {
        refused(&reply, 503, "client-refused");
    }
    let requests = token_requests(&stage);
    assert!(requests < 7, "{requests}");
}

#[test]
fn the_access_token_is_in_no_log() {
    let stage = Stage::durable("");
    let token = stage.token();
    stage.deliver(&token, r#"{"score":0.5}"#);
    // A platform that repeats the token in its message.
    let echo = reply("500 Error", "text/plain", "Authorization: Bearer access-t0ken-1");
    stage.platform.respond("scores", &echo);
    stage.server.set_now(NOW + 5);
    let reply = stage.call("POST", &token, r#"{"score":0.75}"#);
    assert_eq!(reply.status, 202, "{reply:?}");
    assert_eq!(log_lines("t0ken"), [""; 0]);
}
