//! A score as it arrives at the platform.

use super::*;

// F1.i 173: the line item of the claim has a query.
#[test]
fn a_score_goes_to_the_line_item_with_its_digits() {
    let stage = Stage::start();
    let token = stage.token();
    stage.platform.requests();
    for (at, digits) in ["0.30000000000000004", "0.10", "1"].into_iter().enumerate() {
        stage.server.set_now(NOW + at as u64);
        let body = format!("{{\"score\":{digits},\"comment\":\"well done, Ada\"}}");
        let response = stage.deliver(&token, &body);
        assert_eq!(
            response,
            json!({ "status": "delivered", "platform": { "status": 200, "description": "" } })
        );
        let request = stage.platform.requests().pop().expect("a score");
        assert_eq!(request.line(), "POST /li/7/scores?type_id=1");
        assert_eq!(request.header("host"), Some(stage.platform.recorder.authority()));
        assert_eq!(request.header("accept-encoding").as_deref(), Some("identity"));
        let timestamp = format!("2023-11-14T22:13:2{at}.000Z");
        let expected = format!(
            "{{\"userId\":\"user-4711\",\"scoreGiven\":{digits},\"scoreMaximum\":1,\
             \"comment\":\"well done, Ada\",\"timestamp\":\"{timestamp}\",\
             \"activityProgress\":\"Completed\",\"gradingProgress\":\"FullyGraded\"}}"
        );
        assert_eq!(String::from_utf8_lossy(&request.body), expected);
    }
    assert_eq!(stage.platform.scores().len(), 3);
}

// edX keeps the comment of an older score if a score has none.
#[test]
fn a_score_without_a_comment_clears_an_older_comment() {
    let stage = Stage::start();
    let token = stage.token();
    stage.deliver(&token, r#"{"score":0.5,"comment":"well done, Ada"}"#);
    stage.server.set_now(NOW + 5);
    stage.deliver(&token, r#"{"score":0.75}"#);
    assert_eq!(stage.platform.scores().pop().expect("a score")["comment"], "");
    let read = response_json(&stage.call("GET", &token, ""), 200);
    assert_eq!(read, json!({ "score": 0.75 }));
}

// LTI13 §18, case 22. F1.i 174.
#[test]
fn two_grades_within_a_second_are_both_accepted_one_second_apart() {
    let stage = Stage::start();
    let token = stage.token();
    stage.deliver(&token, r#"{"score":0.1}"#);
    let reply = stage.call_while_time_passes("POST", &token, r#"{"score":0.2}"#, NOW);
    assert_eq!(response_json(&reply, 200)["status"], "delivered");
    let timestamps: Vec<Value> =
        stage.platform.scores().iter().map(|score| score["timestamp"].clone()).collect();
    assert_eq!(timestamps, ["2023-11-14T22:13:20.000Z", "2023-11-14T22:13:21.000Z"]);
}

#[test]
fn another_learner_does_not_wait() {
    let stage = Stage::start();
    let (ada, grace) = (stage.token(), stage.token_of(|claims| claims["sub"] = "grace".into()));
    stage.deliver(&ada, r#"{"score":0.1}"#);
    stage.deliver(&grace.expect("a grade token"), r#"{"score":0.2}"#);
    let users: Vec<Value> =
        stage.platform.scores().iter().map(|score| score["userId"].clone()).collect();
    assert_eq!(users, ["user-4711", "grace"]);
}

#[test]
fn a_cleared_grade_is_a_score_without_a_number() {
    let stage = Stage::start();
    let token = stage.token();
    stage.deliver(&token, r#"{"score":0.5}"#);
    stage.server.set_now(NOW + 1);
    let reply = stage.call("DELETE", &token, "");
    assert_eq!(response_json(&reply, 200)["status"], "delivered");
    let scores = stage.platform.scores();
    assert_eq!(
        scores[1]["raw"],
        "{\"userId\":\"user-4711\",\"comment\":\"\",\
         \"timestamp\":\"2023-11-14T22:13:21.000Z\",\"activityProgress\":\"Initialized\",\
         \"gradingProgress\":\"NotReady\"}"
    );
}

#[test]
fn a_line_item_at_a_host_that_is_not_allowed_gets_no_token() {
    let stage = Stage::start();
    for url in ["http://10.0.0.1/li", "http://[::1]/li", "https://u:p@lms.example/li"] {
        let token = stage.token_of(|claims| claims[ENDPOINT]["lineitem"] = url.into());
        assert_eq!(token, None, "{url}");
    }
}

#[test]
fn a_score_follows_no_redirect() {
    let stage = Stage::start();
    let token = stage.token();
    let elsewhere = Recorder::start();
    let location = format!("Location: {}/li\r\n", elsewhere.origin());
    stage.platform.respond("scores", &reply_with("307 Temporary Redirect", &location, ""));
    let message = refused(&stage.call("POST", &token, r#"{"score":1}"#), 502, "platform-answer");
    assert!(message.starts_with("the platform redirected with status 307"), "{message}");
    elsewhere.saw_nothing();
}

#[test]
fn the_derived_key_signs_the_request_for_a_token() {
    let stage = Stage::start().restarted("private_key = { env = \"PEM\" }", "", NOW);
    stage.platform.trust(stage.server.get("/.well-known/jwks/moodle.json").json());
    let token = stage.token();
    stage.deliver(&token, r#"{"score":1}"#);
}

#[test]
fn a_rewrite_leads_the_score_elsewhere() {
    // The port of the platform is known only after its start.
    let written = "outcome_url_rewrite = { \"http://lms.internal\" = \"http://127.0.0.1:1\" }";
    let stage = Stage::with(written, "");
    let origin = stage.platform.recorder.origin();
    let stage = stage.restarted("http://127.0.0.1:1\"", &format!("{origin}\""), NOW);
    let token = stage.token_of(|claims| {
        claims[ENDPOINT]["lineitem"] = "http://lms.internal/li/7?type_id=1".into();
    });
    stage.deliver(&token.expect("a grade token"), r#"{"score":1}"#);
    assert_eq!(stage.platform.scores().len(), 1);
}
