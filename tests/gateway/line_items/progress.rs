//! `activity_progress` and `grading_progress` in the body of `POST /grades`.

use super::*;
use crate::support::Form;

/// Activity, grading and score of the newest score at the platform.
fn newest(stage: &Stage) -> (Value, Value, Value) {
    let score = stage.platform.scores().pop().expect("a score");
    let get = |name: &str| score.get(name).cloned().unwrap_or(Value::Null);
    (get("activityProgress"), get("gradingProgress"), get("scoreGiven"))
}

#[test]
fn the_progress_goes_to_the_platform() {
    let stage = Stage::start();
    let token = stage.token();
    let cases = [
        (
            r#"{"score":0.5,"activity_progress":"InProgress","grading_progress":"Pending"}"#,
            ("InProgress", "Pending", json!(0.5)),
        ),
        (
            r#"{"activity_progress":"Submitted","grading_progress":"PendingManual"}"#,
            ("Submitted", "PendingManual", Value::Null),
        ),
        (r#"{"grading_progress":"Failed","comment":"no"}"#, ("Completed", "Failed", Value::Null)),
        (r#"{"score":1,"activity_progress":"Started"}"#, ("Started", "FullyGraded", json!(1))),
        (r#"{"score":1}"#, ("Completed", "FullyGraded", json!(1))),
    ];
    for (at, (body, (activity, grading, score))) in cases.into_iter().enumerate() {
        stage.server.set_now(NOW + at as u64);
        assert_eq!(stage.deliver(&token, body).get("progress"), None);
        assert_eq!(newest(&stage), (activity.into(), grading.into(), score), "{body}");
    }
}

#[test]
fn the_progress_survives_the_queue() {
    let stage = Stage::durable("");
    let token = stage.token();
    stage.platform.respond("scores", &reply("503 Service Unavailable", "text/plain", ""));
    let id = stage.queue(&token, r#"{"grading_progress":"PendingManual","comment":"soon"}"#);
    stage.wait_for_status(&token, &id, "delivered", NOW + 10);
    assert_eq!(newest(&stage), ("Completed".into(), "PendingManual".into(), Value::Null));
}

#[test]
fn an_invalid_progress_is_refused() {
    let stage = Stage::start();
    let token = stage.token();
    for (body, message) in [
        (r#"{}"#, "missing field `score`"),
        (r#"{"activity_progress":"Submitted"}"#, "missing field `score`"),
        (r#"{"grading_progress":"FullyGraded"}"#, "missing field `score`"),
        (r#"{"score":1,"activity_progress":"completed"}"#, "`activity_progress` is not one of"),
        (r#"{"score":1,"grading_progress":""}"#, "`grading_progress` is not one of NotReady, "),
        (r#"{"score":null,"grading_progress":"Pending"}"#, "the score is not a decimal"),
        (r#"{"score":2,"grading_progress":"Pending"}"#, "the score is not between 0 and 1"),
    ] {
        let found = refused(&stage.call("POST", &token, body), 422, "bad-grade");
        assert!(found.starts_with(message), "{body}: {found}");
    }
    assert!(stage.platform.scores().is_empty());
}

#[test]
fn a_platform_of_lti_1p1_has_no_progress() {
    let stage = Stage::with("", "key = \"key-1\"\nsecret = \"s3cret\"");
    let platform = Recorder::answering(crate::support::reply(
        "200 OK",
        "application/xml",
        r#"<imsx_POXEnvelopeResponse
            xmlns="http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0"><imsx_POXHeader>
            <imsx_POXResponseHeaderInfo><imsx_statusInfo><imsx_codeMajor>success</imsx_codeMajor>
            </imsx_statusInfo></imsx_POXResponseHeaderInfo></imsx_POXHeader>
            <imsx_POXBody><replaceResultResponse/></imsx_POXBody></imsx_POXEnvelopeResponse>"#,
    ));
    let url = format!("{}/outcome", platform.origin());
    let mut browser = Browser::new(&stage.server);
    let form = Form { url: "https://tool.example/lti/nb", ..Form::default() };
    let visit = browser.open(&form.with(&[
        ("user_id", "u"),
        ("lis_outcome_service_url", &url),
        ("lis_result_sourcedid", "sourcedid-1"),
    ]));
    browser.get(&visit.at("/"));
    let token = stage.upstream.request().header("x-lti-grade-token").expect("a grade token");
    let body = r#"{"activity_progress":"Submitted","grading_progress":"Pending"}"#;
    let response = response_json(&stage.call("POST", &token, body), 200);
    assert_eq!(response, json!({ "status": "not-sent", "progress": "not-sent" }));
    platform.saw_nothing();
    let response = stage.deliver(&token, r#"{"score":1,"activity_progress":"Submitted"}"#);
    assert_eq!(response["progress"], "not-sent");
    platform.request();
}
