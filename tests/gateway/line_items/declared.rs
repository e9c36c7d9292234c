//! The line item that a tool declares, for links that have none.

use super::*;

const DECLARED: &str = "line_item = { label = \"Lab \\\"1\\\"\", points = 2.5 }";

/// The grade token of a learner at a link without a line item.
#[track_caller]
fn token_of(stage: &Stage, user: &str) -> String {
    let token = stage.token_of(|claims| {
        claims["sub"] = user.into();
        claims[ENDPOINT].as_object_mut().expect("an object").remove("lineitem");
    });
    token.expect("a grade token")
}

// LTI13 §18, case 26.
#[test]
fn two_first_grades_at_once_and_another_after_a_restart_create_one_column() {
    let stage = Stage::durable(DECLARED);
    let users = ["ada", "grace", "joan", "mary"];
    let tokens = users.map(|user| token_of(&stage, user));
    for reply in stage.call_at_once(&tokens, r#"{"score":0.5}"#) {
        assert_eq!(response_json(&reply, 200)["status"], "delivered");
    }
    let items = stage.platform.items();
    assert_eq!(items.len(), 1, "{items:?}");
    assert_eq!(items[0]["label"], "Lab \"1\"");
    assert_eq!(items[0]["scoreMaximum"], json!(2.5));
    assert_eq!(items[0]["resourceLinkId"], "rl-1");
    assert_eq!(items[0]["resourceId"].as_str().map(str::len), Some(32));
    let lines = stage.platform.service_lines();
    let id = items[0]["resourceId"].as_str().expect("text");
    let search = format!("GET /li?type_id=1&resource_id={id}&resource_link_id=rl-1");
    assert_eq!(lines.iter().filter(|line| **line == search).count(), 1, "{lines:?}");
    assert_eq!(lines.iter().filter(|line| *line == "POST /li?type_id=1").count(), 1, "{lines:?}");

    let stage = stage.restarted("grades = true", "grades = true", NOW + 10);
    stage.deliver(&tokens[0], r#"{"score":0.75}"#);
    assert_eq!(stage.platform.items().len(), 1);
    let scores = stage.platform.scores();
    assert_eq!(scores.len(), 5);
    assert!(scores.iter().all(|score| score["item"] == items[0]["number"]), "{scores:?}");
}

#[test]
fn a_deleted_column_is_created_again() {
    let stage = Stage::with("", DECLARED);
    let token = token_of(&stage, "ada");
    stage.deliver(&token, r#"{"score":0.5}"#);
    stage.platform.delete_items();
    stage.server.set_now(NOW + 5);
    stage.deliver(&token, r#"{"score":0.75}"#);
    assert_eq!(stage.platform.items().len(), 1);
}

#[test]
fn reading_creates_no_column() {
    let stage = Stage::with("", DECLARED);
    let token = token_of(&stage, "ada");
    let found = response_json(&stage.call("GET", &token, ""), 200);
    assert_eq!(found, json!({ "score": null }));
    assert!(stage.platform.items().is_empty());
    stage.deliver(&token, r#"{"score":0.5}"#);
    let found = response_json(&stage.call("GET", &token, ""), 200);
    assert_eq!(found, json!({ "score": 0.5 }));
}

#[test]
fn the_line_item_of_the_link_has_precedence() {
    let stage = Stage::with("", DECLARED);
    let token = stage.token();
    stage.deliver(&token, r#"{"score":0.5}"#);
    assert!(stage.platform.items().is_empty());
}

#[test]
fn a_line_item_at_another_host_gets_no_score() {
    let stage = Stage::with("", DECLARED);
    let token = token_of(&stage, "ada");
    let elsewhere = Recorder::start();
    let created = json!({ "id": format!("{}/li/1", elsewhere.origin()) }).to_string();
    stage.platform.respond("li", &reply("200 OK", "application/json", "[]"));
    stage.platform.respond("li", &reply("201 Created", "application/json", &created));
    refused(&stage.call("POST", &token, r#"{"score":0.5}"#), 502, "platform-answer");
    elsewhere.saw_nothing();
}
