//! The pages of a course, and their limits.

use super::services::learner;
use super::*;

/// The ids that the gateway lists.
#[track_caller]
fn ids(stage: &Stage, token: &str) -> Vec<String> {
    let response = response_json(&call(&stage.server, "GET", "/members", token, ""), 200);
    let members = response["members"].as_array().expect("a list").iter();
    members.map(|member| member["id"].as_str().expect("text").to_owned()).collect()
}

fn page(users: &[&str]) -> Value {
    users.iter().map(|user| learner(user, "Ada Lovelace")).collect()
}

// LTI13 §18, case 27.
#[test]
fn three_pages_are_read_by_links_with_another_scheme_and_without_quotes() {
    let stage = Stage::new("members = \"staff\"");
    let origin = stage.services.origin();
    let https = origin.replace("http://", "https://");
    let second = format!("<{https}/members?page=2&limit=2>; rel=next");
    stage.services.serve_members("/members", &page(&["a", "b"]), &second);
    let third = format!("<{origin}/members>; rel=\"first\", </members?page=3>; rel=\"next\"");
    stage.services.serve_members("/members?page=2&limit=2", &page(&["c", "b"]), &third);
    let first = format!("<{origin}/members>; rel=first");
    stage.services.serve_members("/members?page=3", &page(&["d"]), &first);
    let token = stage.members_token();
    assert_eq!(ids(&stage, &token), ["moodle:a", "moodle:b", "moodle:c", "moodle:d"]);
    stage.services.token_request();
    for line in ["GET /members", "GET /members?page=2&limit=2", "GET /members?page=3"] {
        let request = stage.services.next();
        assert_eq!(request.line(), line);
        assert_eq!(request.header("authorization").as_deref(), Some("Bearer access-token-1"));
    }
    stage.services.saw_nothing();
}

#[test]
fn a_link_to_another_host_gets_no_request() {
    let stage = Stage::new("members = \"staff\"");
    let port = stage.services.origin().rsplit_once(':').expect("a port").1.to_owned();
    let token = stage.members_token();
    for (link, fault) in [
        (format!("<http://localhost:{port}/members?page=2>; rel=next"), "another host"),
        ("<https://evil.example/members>; rel=\"next\"".to_owned(), "another host"),
        ("</members>; rel=next".to_owned(), "circle"),
        ("<http://>; rel=next".to_owned(), "another host"),
    ] {
        stage.services.serve_members("/members", &page(&["a"]), &link);
        let reply = call(&stage.server, "GET", "/members", &token, "");
        let response = refused(&reply, 502, "platform-answer");
        assert!(response["message"].as_str().expect("text").contains(fault), "{response}");
    }
}

#[test]
fn fifty_pages_are_read_and_no_more() {
    let stage = Stage::new("members = \"staff\"");
    let token = stage.members_token();
    let target = |number: usize| match number {
        1 => "/members".to_owned(),
        _ => format!("/members?page={number}"),
    };
    for number in 1..=50 {
        let link = match number {
            50 => String::new(),
            _ => format!("<{}>; rel=next", target(number + 1)),
        };
        let user = format!("u{number}");
        stage.services.serve_members(&target(number), &page(&[&user]), &link);
    }
    assert_eq!(ids(&stage, &token).len(), 50);
    let link = format!("<{}>; rel=next", target(51));
    stage.services.serve_members(&target(50), &page(&["u50"]), &link);
    stage.services.serve_members(&target(51), &page(&["u51"]), "");
    let reply = call(&stage.server, "GET", "/members", &token, "");
    refused(&reply, 502, "too-many-members");
}

#[test]
fn twenty_thousand_members_are_listed_and_no_more() {
    let stage = Stage::new("members = \"staff\"");
    let token = stage.members_token();
    let mut members: Vec<Value> =
        (0..20_000).map(|user| json!({"user_id": user, "roles": ["Learner"]})).collect();
    stage.services.serve_members("/members", &json!(members), "");
    assert_eq!(ids(&stage, &token).len(), 20_000);
    members.push(json!({"user_id": "one more", "roles": ["Learner"]}));
    stage.services.serve_members("/members", &json!(members), "");
    refused(&call(&stage.server, "GET", "/members", &token, ""), 502, "too-many-members");
}

#[test]
fn a_body_without_end_is_cut() {
    let stage = Stage::new("members = \"staff\"");
    let token = stage.members_token();
    let long = "x".repeat(8 * 1024 * 1024);
    stage.services.serve_members("/members", &json!([{"user_id": "a", "name": long}]), "");
    refused(&call(&stage.server, "GET", "/members", &token, ""), 502, "too-many-members");
}
