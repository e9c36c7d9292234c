//! A platform that refuses a score, because it has one with the same or a later timestamp.

use super::*;

/// No HTTP response: the connection breaks.
const LOST: &str = "lost\r\n\r\n";

/// The timestamps of all scores that the platform received.
fn timestamps(stage: &Stage) -> Vec<Value> {
    let sent = stage.platform.requests().into_iter();
    let scores = sent.filter(|request| request.line().contains("/scores"));
    let body = |request: &crate::support::Recorded| -> Value {
        serde_json::from_slice(&request.body).expect("JSON")
    };
    scores.map(|request| body(&request)["timestamp"].clone()).collect()
}

// LTI13 §18, case 23.
#[test]
fn a_retry_after_a_lost_response_is_no_second_attempt_of_the_learner() {
    let stage = Stage::durable("");
    let token = stage.token();
    stage.platform.process_and_respond("scores", LOST);
    let id = stage.queue(&token, r#"{"score":0.5}"#);
    stage.wait_for_status(&token, &id, "delivered", NOW + 10);
    assert_eq!(stage.platform.scores().len(), 1, "the retry was refused");
    let sent = stage.platform.requests();
    let bodies: Vec<Value> = sent
        .iter()
        .filter(|request| request.line().contains("/scores"))
        .map(|request| serde_json::from_slice(&request.body).expect("JSON"))
        .collect();
    assert_eq!(bodies.len(), 2);
    let canvas = "https://canvas.instructure.com/lti/submission";
    assert_eq!(bodies[0].get(canvas), None);
    assert_eq!(bodies[1][canvas], json!({ "new_submission": false }));
    assert_eq!(bodies[0]["timestamp"], bodies[1]["timestamp"], "it does not change on retry");
}

#[test]
fn a_retry_after_a_token_could_not_be_had_is_a_first_attempt() {
    let stage = Stage::durable("");
    let token = stage.token();
    stage.platform.respond("token", &reply("503 Service Unavailable", "text/plain", ""));
    let id = stage.queue(&token, r#"{"score":0.5}"#);
    stage.wait_for_status(&token, &id, "delivered", NOW + 10);
    let scores = stage.platform.scores();
    assert_eq!(scores.len(), 1);
    let raw = scores[0]["raw"].as_str().expect("text");
    assert!(!raw.contains("new_submission"), "{raw}");
}

#[test]
fn a_conflict_at_the_first_attempt_is_tried_again_with_the_current_time() {
    for conflict in [
        reply("409 Refusing score with an earlier timestamp", "text/html", ""),
        // edX.
        reply(
            "400 Bad Request",
            "application/json",
            r#"{"timestamp":["Score timestamp can only be updated to a later point in time"]}"#,
        ),
    ] {
        let stage = Stage::start();
        let token = stage.token();
        stage.platform.respond("scores", &conflict);
        let reply = stage.call_while_time_passes("POST", &token, r#"{"score":0.5}"#, NOW);
        assert_eq!(response_json(&reply, 200)["status"], "delivered");
        let sent = timestamps(&stage);
        assert_eq!(sent, ["2023-11-14T22:13:20.000Z", "2023-11-14T22:13:21.000Z"]);
        assert_eq!(stage.platform.scores().len(), 1);
    }
}

#[test]
fn a_second_conflict_is_reported_with_the_platforms_message() {
    let stage = Stage::durable("");
    let token = stage.token();
    let conflict = reply("409 Refusing score for item 5 and user user-4711", "text/html", "");
    stage.platform.respond("scores", &conflict);
    stage.platform.respond("scores", &conflict);
    let reply = stage.call_while_time_passes("POST", &token, r#"{"score":0.5}"#, NOW);
    assert_eq!((reply.status, &reply.json()["error"]), (502, &json!("platform-refused")));
    let said = "with status 409: Refusing score for item 5 and user user-4711";
    assert!(reply.json()["message"].as_str().expect("text").contains(said), "{reply:?}");
    let lines = log_lines(reply.json()["reference"].as_str().expect("text"));
    assert!(lines[0].ends_with("with status 409\""), "{lines:?}");
    assert_eq!(timestamps(&stage).len(), 2, "no third attempt");
}

#[test]
fn another_400_is_no_conflict() {
    let stage = Stage::start();
    let token = stage.token();
    let incorrect = "400 Incorrect score received{\"timestamp\":1}";
    stage.platform.respond("scores", &reply(incorrect, "text/html", ""));
    refused(&stage.call("POST", &token, r#"{"score":0.5}"#), 502, "platform-refused");
    assert_eq!(timestamps(&stage).len(), 1);
}

/// A timestamp is stored before the score is sent, so that a retry never has an older one.
#[test]
fn the_timestamps_increase_across_a_restart() {
    let stage = Stage::durable("");
    stage.server.set_running(5);
    let token = stage.token();
    stage.deliver(&token, r#"{"score":0.1}"#);
    // The second waits for its timestamp, and its response is lost.
    stage.platform.process_and_respond("scores", LOST);
    let reply = stage.call_while_time_passes("POST", &token, r#"{"score":0.2}"#, NOW);
    let id = response_json(&reply, 202)["id"].as_str().expect("an id").to_owned();
    let stage = stage.restarted("grades = true", "grades = true", NOW + 2);
    stage.wait_for_status(&token, &id, "delivered", NOW + 2);
    let sent = timestamps(&stage);
    assert_eq!(
        sent,
        ["2023-11-14T22:13:20.000Z", "2023-11-14T22:13:21.000Z", "2023-11-14T22:13:21.000Z",]
    );
    let scores: Vec<Value> =
        stage.platform.scores().iter().map(|score| score["scoreGiven"].clone()).collect();
    assert_eq!(scores, [json!(0.1), json!(0.2)]);
}

#[test]
fn the_first_second_after_a_restart_belongs_to_the_process_before() {
    let stage = Stage::durable("");
    let token = stage.token();
    stage.server.set_running(5);
    stage.deliver(&token, r#"{"score":0.1}"#);
    let stage = stage.restarted("grades = true", "grades = true", NOW);
    let reply = stage.call_while_time_passes("POST", &token, r#"{"score":0.2}"#, NOW);
    assert_eq!(response_json(&reply, 200)["status"], "delivered");
    assert_eq!(timestamps(&stage), ["2023-11-14T22:13:20.000Z", "2023-11-14T22:13:21.000Z"]);
}
