//! The call and its answers.

use serde_json::json;

use super::{OUTCOME, Stage, element, pox, told};

#[test]
fn a_grade_reaches_the_platform_as_it_was_written() {
    let stage = Stage::new(pox("success", "", "<replaceResultResponse/>"));
    let reply = stage.call("POST", &stage.token(), r#"{"score": 0.10}"#);
    assert_eq!(
        told(&reply, 200),
        json!({ "status": "delivered", "platform": { "status": 200, "description": "" } })
    );
    let request = stage.platform.request();
    assert_eq!(request.line(), format!("POST {OUTCOME}"));
    assert_eq!(request.header("content-type").as_deref(), Some("application/xml"));
    assert_eq!(element(&request, "textString"), "0.10");
    stage.upstream.saw_nothing();
}
