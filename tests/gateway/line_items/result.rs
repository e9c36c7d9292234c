//! The learner's result, whatever the platform returns.

use super::*;

/// The JSON that `GET /grades` returns.
#[track_caller]
fn read(stage: &Stage, token: &str) -> Value {
    response_json(&stage.call("GET", token, ""), 200)
}

/// A page of results, with the link to the next one.
fn page(results: &Value, next: Option<&str>) -> String {
    let link = next.map(|next| format!("Link: <{next}>; rel=\"next\"\r\n")).unwrap_or_default();
    reply_with("200 OK", &link, &results.to_string())
}

// LTI13 §18, case 24.
#[test]
fn only_the_result_of_the_learner_is_read() {
    let stage = Stage::start();
    let token = stage.token();
    for number in 0..30 {
        let user = format!("other-{number}");
        stage.platform.add_result(json!({ "userId": user, "resultScore": 1, "resultMaximum": 1 }));
    }
    assert_eq!(read(&stage, &token), json!({ "score": null }));
    stage.deliver(&token, r#"{"score":0.5,"comment":"well done, Ada"}"#);
    stage.platform.requests();
    assert_eq!(read(&stage, &token), json!({ "score": 0.5, "comment": "well done, Ada" }));
    let requests = stage.platform.requests();
    assert_eq!(requests.len(), 1, "the token is reused");
    assert_eq!(requests[0].line(), "GET /li/7/results?type_id=1&user_id=user-4711");
    let accept = "application/vnd.ims.lis.v2.resultcontainer+json";
    assert_eq!(requests[0].header("accept").as_deref(), Some(accept));
}

#[test]
fn the_digits_are_exact() {
    let stage = Stage::start();
    let token = stage.token();
    for (score, maximum, expected) in [
        ("0.50", "1", "0.50"),
        ("0.30000000000000004", "1", "0.30000000000000004"),
        ("83.0", "100.0", "0.83"),
        ("2", "3", "0.6667"),
        ("0", "7", "0"),
        ("12.5", "10", "1.25"),
    ] {
        let body = format!(
            "[{{\"userId\":\"user-4711\",\"resultScore\":{score},\"resultMaximum\":{maximum}}}]"
        );
        stage.platform.respond("results", &reply("200 OK", "application/json", &body));
        let found = stage.call("GET", &token, "");
        assert_eq!(found.body, format!("{{\"score\":{expected}}}"));
    }
}

#[test]
fn the_result_may_be_on_a_later_page() {
    let stage = Stage::start();
    let token = stage.token();
    let origin = stage.platform.recorder.origin();
    // A platform behind a proxy may not know its scheme.
    let next = format!("{}/li/7/results?page=2", origin.replace("http://", "https://"));
    stage.platform.respond("results", &page(&json!([{ "userId": "x" }]), Some(&next)));
    let result = json!([{ "userId": "user-4711", "resultScore": 0.25 }]);
    stage.platform.respond("results", &page(&result, None));
    stage.platform.requests();
    assert_eq!(read(&stage, &token), json!({ "score": 0.25 }));
    let lines = stage.platform.service_lines();
    let first = "GET /li/7/results?type_id=1&user_id=user-4711";
    assert_eq!(lines, [first, "GET /li/7/results?page=2"]);
}

#[test]
fn pages_are_bounded_and_stay_at_the_host_of_the_first() {
    let stage = Stage::start();
    let token = stage.token();
    let elsewhere = Recorder::start();
    let next = format!("{}/li/7/results", elsewhere.origin());
    stage.platform.respond("results", &page(&json!([]), Some(&next)));
    let message = refused(&stage.call("GET", &token, ""), 502, "platform-answer");
    assert_eq!(message, "the next page is at another host (status 200)");
    elsewhere.saw_nothing();
    for _ in 0..30 {
        stage.platform.respond("results", &page(&json!([]), Some("/li/7/results?more")));
    }
    stage.platform.requests();
    let message = refused(&stage.call("GET", &token, ""), 502, "platform-answer");
    assert!(message.starts_with("the platform's results have more than 20 pages"), "{message}");
    assert_eq!(stage.platform.service_lines().len(), 20);
}

#[test]
fn a_platform_without_a_result_responds_in_several_ways() {
    let stage = Stage::start();
    let token = stage.token();
    // The second is Moodle's.
    for (status, body) in [("200 OK", "[]"), ("400 Bad Request", "[]")] {
        stage.platform.respond("results", &reply(status, "application/json", body));
        assert_eq!(read(&stage, &token), json!({ "score": null }), "{status}");
    }
    for (status, body, code) in [
        ("200 OK", "<html>", "platform-answer"),
        ("200 OK", "{}", "platform-answer"),
        ("404 Not Found", "", "platform-refused"),
        ("400 Bad Request", "no", "platform-refused"),
    ] {
        stage.platform.respond("results", &reply(status, "text/plain", body));
        refused(&stage.call("GET", &token, ""), 502, code);
    }
}

#[test]
fn a_launch_without_the_scope_cannot_read_results() {
    let stage = Stage::start();
    let token = stage.token_of(|claims| claims[ENDPOINT]["scope"] = json!([SCORE]));
    stage.platform.requests();
    let reply = stage.call("GET", &token.expect("a grade token"), "");
    refused(&reply, 409, "no-results");
    assert_eq!(stage.platform.lines(), [""; 0]);
}
