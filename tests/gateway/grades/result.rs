//! edX's Result service: the only service of edX that accepts comments, and that reads and clears
//! results.

use super::signature::verified;
use super::*;

const BLOCK: &str =
    "/courses/course-v1:edX+D+2/xblock/block-v1:edX+D+2+type@lti_consumer+block@abc";
const EDX: &str =
    "course-v1%3AedX%2BD%2B2:lms.example-block-v1:edX+D+2+type@lti_consumer+block@abc:0f3c";
const STORED: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
const NOT_FOUND: &str =
    "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n";

/// The two URLs of edX's outcome services, and the URL of the learner's result.
const URLS: [(&str, &str); 2] = [
    ("outcome_service_handler", "result_service_handler/user/0f3c"),
    ("grade_handler", "lti_2_0_result_rest_handler/user/0f3c"),
];

/// The grade token of an edX launch, for one of its two handlers.
#[track_caller]
fn token_of_edx(stage: &Stage, handler: &str) -> String {
    let url = format!("{}{BLOCK}/handler_noauth/{handler}", stage.platform.origin());
    let form = Form { nonce: handler, ..launch(&url) }.but(&[("lis_result_sourcedid", EDX)]);
    stage.token_of(&form).expect("a grade token")
}

/// Checks a request to the learner's result.
#[track_caller]
fn check_request(stage: &Stage, request: &Recorded, method: &str, result: &str) {
    assert_eq!(request.line(), format!("{method} {BLOCK}/handler_noauth/{result}"));
    assert_eq!(
        request.header("content-type").as_deref(),
        Some("application/vnd.ims.lis.v2.result+json"),
        "edX refuses every other media type, also without a body"
    );
    verified(request, &stage.platform.origin(), "s3cret");
}

#[test]
fn edx_receives_a_comment_with_its_score() {
    for (handler, result) in URLS {
        let stage = Stage::new(STORED);
        let token = token_of_edx(&stage, handler);
        for comment in ["Well \"done\" <b>\né", ""] {
            let body = json!({ "score": "0.10", "comment": comment }).to_string();
            assert_eq!(
                response_json(&stage.call("POST", &token, &body), 200),
                json!({ "status": "delivered", "platform": { "status": 200, "description": "" } })
            );
            let request = stage.platform.request();
            check_request(&stage, &request, "PUT", result);
            let body = String::from_utf8(request.body).expect("text");
            assert!(body.contains(r#""resultScore":0.10,"#), "{body}");
            let body: Value = serde_json::from_str(&body).expect("JSON");
            assert_eq!(
                body,
                json!({
                    "@context": "http://purl.imsglobal.org/ctx/lis/v2/Result",
                    "@type": "Result",
                    "resultScore": 0.1,
                    "comment": comment,
                })
            );
        }
    }
}

#[test]
fn without_a_comment_edx_receives_basic_outcomes() {
    for (handler, _) in URLS {
        let stage = Stage::new(success());
        let token = token_of_edx(&stage, handler);
        for body in [r#"{"score":1}"#, r#"{"score":1,"comment":null}"#] {
            assert_eq!(response_json(&stage.call("POST", &token, body), 200).get("comment"), None);
            let request = stage.platform.request();
            assert_eq!(request.line(), format!("POST {BLOCK}/handler_noauth/{handler}"));
            assert_eq!(request.header("content-type").as_deref(), Some("application/xml"));
            assert_eq!(element(&request, "sourcedId"), EDX);
        }
    }
}

/// Signed with the hash of an empty body.
// Checklist F1.h 144 and 145.
#[test]
fn a_result_of_edx_is_read_from_its_result_service() {
    let response_with = |body: &str| http("200 OK", "application/vnd.ims.lis.v2.result+json", body);
    for (body, expected) in [
        (
            r#"{"@context":"http://purl.imsglobal.org/ctx/lis/v2/Result","@type":"Result","resultScore":0.830,"comment":"Well done é"}"#,
            r#"{"score":0.830,"comment":"Well done é"}"#,
        ),
        (r#"{"@type":"Result"}"#, r#"{"score":null}"#),
        (r#"{"resultScore":0.5,"comment":""}"#, r#"{"score":0.5}"#),
    ] {
        for (handler, result) in URLS {
            let stage = Stage::new(response_with(body));
            let reply = stage.call("GET", &token_of_edx(&stage, handler), "");
            response_json(&reply, 200);
            assert_eq!(reply.body, expected);
            let request = stage.platform.request();
            check_request(&stage, &request, "GET", result);
            assert_eq!(request.body, b"");
            let oauth = verified(&request, &stage.platform.origin(), "s3cret");
            assert_eq!(oauth["oauth_body_hash"], "2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
        }
    }
}

#[test]
fn a_result_of_edx_is_cleared_by_its_result_service() {
    for (handler, result) in URLS {
        let stage = Stage::new(STORED);
        response_json(&stage.call("DELETE", &token_of_edx(&stage, handler), ""), 200);
        let request = stage.platform.request();
        check_request(&stage, &request, "DELETE", result);
        assert_eq!(request.body, b"");
    }
}

#[test]
fn without_a_result_service_edx_receives_the_score_without_the_comment() {
    for (handler, result) in URLS {
        let stage = Stage::with(responding_in_order([NOT_FOUND.to_owned(), success()]), "", "");
        let body = r#"{"score":0.5,"comment":"Well done"}"#;
        assert_eq!(
            response_json(&stage.call("POST", &token_of_edx(&stage, handler), body), 200),
            json!({
                "status": "delivered",
                "comment": "not-sent",
                "platform": { "status": 200, "description": "" },
            })
        );
        check_request(&stage, &stage.platform.next(), "PUT", result);
        let request = stage.platform.request();
        assert_eq!(request.line(), format!("POST {BLOCK}/handler_noauth/{handler}"));
        assert_eq!(element(&request, "textString"), "0.5");
        assert!(!String::from_utf8_lossy(&request.body).contains("Well done"));
    }
}

#[test]
fn if_edx_refuses_both_requests_the_message_of_basic_outcomes_counts() {
    let stage = Stage::with(
        responding_in_order([NOT_FOUND.to_owned(), pox("failure", "Grade is past due", "")]),
        "",
        "",
    );
    let reply = stage.call(
        "POST",
        &token_of_edx(&stage, "outcome_service_handler"),
        r#"{"score":0.5,"comment":"x"}"#,
    );
    assert_eq!(
        refused(&reply, 502, "platform-refused"),
        json!({
            "message": "the platform refused with status 200: Grade is past due",
            "platform": { "status": 200, "description": "Grade is past due" },
        })
    );
    stage.platform.next();
    stage.platform.request();
}

#[test]
fn other_refusals_of_the_result_service_are_final() {
    let stage = Stage::new(http("401 Unauthorized", "text/html", "<p>no"));
    let token = token_of_edx(&stage, "outcome_service_handler");
    let expected = json!({
        "message": "the platform refused with status 401",
        "platform": { "status": 401, "description": "" },
    });
    for (method, body) in [("POST", r#"{"score":0.5,"comment":"x"}"#), ("GET", ""), ("DELETE", "")]
    {
        assert_eq!(refused(&stage.call(method, &token, body), 502, "platform-refused"), expected);
        stage.platform.request();
    }
    let stage = Stage::new(NOT_FOUND);
    let token = token_of_edx(&stage, "outcome_service_handler");
    for method in ["GET", "DELETE"] {
        refused(&stage.call(method, &token, ""), 502, "platform-refused");
        stage.platform.request();
    }
}

#[test]
fn an_invalid_response_of_the_result_service_is_reported() {
    for body in ["<html></html>", "", "[]", "{\"resultScore\":true}"] {
        let stage = Stage::new(http("200 OK", "text/html", body));
        let reply = stage.call("GET", &token_of_edx(&stage, "outcome_service_handler"), "");
        assert_eq!(
            refused(&reply, 502, "platform-answer"),
            json!({
                "message": "the platform's response is not a result in JSON (status 200)",
                "platform": { "status": 200, "description": "" },
            })
        );
        stage.platform.request();
    }
}

#[test]
fn a_comment_is_queued_with_its_score() {
    let unavailable = http("500 Internal Server Error", "text/html", "");
    let stage = Stage::durable(responding_in_order([unavailable, STORED.to_owned()]), "");
    let token = token_of_edx(&stage, "outcome_service_handler");
    let reply = stage.call("POST", &token, r#"{"score":0.5,"comment":"Well done"}"#);
    let id = response_json(&reply, 202)["id"].as_str().expect("an id").to_owned();
    let first = stage.platform.request();
    stage.server.set_now(NOW + 10);
    stage.wait_for_status(&token, &id, "delivered");
    let second = stage.platform.request();
    assert_eq!((first.line(), first.body), (second.line(), second.body.clone()));
    assert!(String::from_utf8_lossy(&second.body).contains("Well done"));
}
