//! The three calls, and the request of each to a platform without a Result service.

use std::collections::BTreeSet;

use super::*;

/// A platform's response to a read.
fn graded(score: &str) -> String {
    let result =
        format!("<result><resultScore><textString>{score}</textString></resultScore></result>");
    pox("success", "", &format!("<readResultResponse>{result}</readResultResponse>"))
}

/// Checks a request to Basic Outcomes.
#[track_caller]
fn check_request(request: &Recorded, operation: &str) {
    assert_eq!(request.line(), format!("POST {OUTCOME}"));
    assert_eq!(request.header("content-type").as_deref(), Some("application/xml"));
    assert_eq!(element(request, "sourcedId"), SOURCEDID);
    assert_eq!(element(request, "imsx_version"), "V1.0");
    for name in ["replaceResultRequest", "readResultRequest", "deleteResultRequest"] {
        assert_eq!(element_if_any(request, name).is_some(), name == operation, "{name}");
    }
    for name in ["cookie", "referer", "x-lti-grade-token", "x-forwarded-for"] {
        assert_eq!(request.header(name), None);
    }
}

#[test]
fn a_grade_reaches_the_platform_as_it_was_written() {
    let stage = Stage::new(success());
    let reply = stage.call("POST", &stage.token(), r#"{"score": 0.10}"#);
    assert_eq!(
        response_json(&reply, 200),
        json!({ "status": "delivered", "platform": { "status": 200, "description": "" } })
    );
    let request = stage.platform.request();
    check_request(&request, "replaceResultRequest");
    assert_eq!(element(&request, "textString"), "0.10");
    assert_eq!(element(&request, "language"), "en");
    stage.upstream.saw_nothing();
}

#[test]
fn a_grade_is_read_as_the_platform_wrote_it() {
    for (score, response) in [
        ("0.910", r#"{"score":0.910}"#),
        ("0", r#"{"score":0}"#),
        (" 1.0\n", r#"{"score":1.0}"#),
        (".5", r#"{"score":0.5}"#),
        ("1.", r#"{"score":1}"#),
        ("0,92", r#"{"score":0.92}"#),
        (",5", r#"{"score":0.5}"#),
        ("0.30000000000000004", r#"{"score":0.30000000000000004}"#),
        ("", r#"{"score":null}"#),
        ("\n", r#"{"score":null}"#),
    ] {
        let stage = Stage::new(graded(score));
        let reply = stage.call("GET", &stage.token(), "");
        response_json(&reply, 200);
        assert_eq!(reply.body, response);
        let request = stage.platform.request();
        check_request(&request, "readResultRequest");
        assert_eq!(element_if_any(&request, "resultScore"), None);
    }
}

#[test]
fn a_score_that_is_not_a_number_is_not_returned() {
    for score in ["A+", "1,000.5", "1,000,000", "0,5,", "half", "1 of 2"] {
        let stage = Stage::new(graded(score));
        let refusal = refused(&stage.call("GET", &stage.token(), ""), 502, "platform-answer");
        assert_eq!(
            refusal,
            json!({
                "message": "the score in the platform's response is not a number (status 200)",
                "platform": { "status": 200, "description": "" },
            })
        );
        stage.platform.request();
    }
}

#[test]
fn a_grade_is_cleared() {
    let stage = Stage::new(pox("success", "Gone", "<deleteResultResponse/>"));
    let reply = stage.call("DELETE", &stage.token(), "");
    assert_eq!(
        response_json(&reply, 200),
        json!({ "status": "delivered", "platform": { "status": 200, "description": "Gone" } })
    );
    let request = stage.platform.request();
    check_request(&request, "deleteResultRequest");
    assert_eq!(element_if_any(&request, "resultScore"), None);
}

#[test]
fn a_comment_that_the_platform_does_not_accept_is_reported_as_not_sent() {
    let stage = Stage::new(success());
    let token = stage.token();
    for comment in ["Well done", ""] {
        let body = json!({ "score": "0.5", "comment": comment }).to_string();
        assert_eq!(
            response_json(&stage.call("POST", &token, &body), 200),
            json!({
                "status": "delivered",
                "comment": "not-sent",
                "platform": { "status": 200, "description": "" },
            })
        );
        let request = stage.platform.request();
        check_request(&request, "replaceResultRequest");
        assert!(!String::from_utf8_lossy(&request.body).contains("Well done"));
    }
    response_json(&stage.call("POST", &token, r#"{"score": 0.5, "comment": null}"#), 200);
    check_request(&stage.platform.request(), "replaceResultRequest");
}

#[test]
fn every_message_has_a_unique_identifier() {
    let stage = Stage::new(graded("0.5"));
    let token = stage.token();
    let mut identifiers = BTreeSet::new();
    for method in ["POST", "GET", "DELETE", "POST", "POST"] {
        let body = if method == "POST" { r#"{"score": 1}"# } else { "" };
        response_json(&stage.call(method, &token, body), 200);
        identifiers.insert(element(&stage.platform.request(), "imsx_messageIdentifier"));
    }
    assert_eq!(identifiers.len(), 5);
    assert!(identifiers.iter().all(|one| one.len() == 32), "{identifiers:?}");
}

#[test]
fn processing_and_204_count_as_success() {
    for (response, platform) in [
        (pox("processing", "Queued", ""), json!({ "status": 200, "description": "Queued" })),
        ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), json!({ "status": 204, "description": "" })),
    ] {
        let stage = Stage::new(response);
        let token = stage.token();
        for (method, body) in [("POST", r#"{"score": 0}"#), ("DELETE", "")] {
            assert_eq!(
                response_json(&stage.call(method, &token, body), 200),
                json!({ "status": "delivered", "platform": platform })
            );
            stage.platform.request();
        }
    }
}

#[test]
fn a_url_is_called_character_for_character() {
    let stage = Stage::new(success());
    for (nonce, path) in [
        ("1", "/courses/course-v1:edX+D+2/xblock/block@abc/o%3Ap?a=b%20c&d=e+f&&g&h=%2B"),
        ("2", "/~a;b=c/(d)'e'!*,$&=@/?x=/?&y=é".trim_end_matches('é')),
        ("3", "/UPPER/%c3%a9/%2f?"),
        ("4", "/"),
    ] {
        let url = format!("{}{path}", stage.platform.origin());
        let token = stage.token_of(&Form { nonce, ..launch(&url) }).expect("a grade token");
        stage.deliver(&token, "1");
        assert_eq!(stage.platform.request().line(), format!("POST {path}"));
    }
}
