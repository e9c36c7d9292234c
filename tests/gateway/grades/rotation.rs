//! Grade tokens after a change of secrets or files, after a restart, and in other processes.

use super::signature::verified;
use super::token::is_invalid;
use super::*;

const OWN: &str = "secret = \"the gateway's own, of 32 characters\"";
const OTHER: &str = "another secret of 32 characters!!";

#[test]
fn a_token_is_valid_in_another_process_and_after_a_restart() {
    let stage = Stage::new(success());
    let token = stage.token();
    let stage = stage.restarted();
    stage.deliver(&token, "1");
    stage.platform.request();
}

#[test]
fn the_first_secret_seals_and_every_secret_opens() {
    let stage = Stage::new(success());
    let both = format!("secret = [\"{OTHER}\", \"the gateway's own, of 32 characters\"]");
    let (during, after) =
        (stage.start_with(OWN, &both), stage.start_with(OWN, &format!("secret = \"{OTHER}\"")));
    let old = stage.token();
    response_json(&call(&during, "POST", "/grades", &old, r#"{"score":1}"#), 200);
    stage.platform.request();
    is_invalid(&stage, &after, &old);

    let tools = stage.tools.clone();
    let stage = Stage { server: during, ..stage };
    let new = stage.token();
    response_json(&call(&after, "POST", "/grades", &new, r#"{"score":1}"#), 200);
    stage.platform.request();
    is_invalid(&stage, &start(&tools), &new);
}

#[test]
fn the_tokens_of_a_removed_consumer_are_invalid() {
    let stage = Stage::new(success());
    let token = stage.token();
    is_invalid(&stage, &stage.start_with("key = \"key-1\"", "key = \"key-2\""), &token);
    // A new secret does not change the consumer.
    let changed = stage.start_with("s3cret", "an0ther");
    response_json(&call(&changed, "POST", "/grades", &token, r#"{"score":1}"#), 200);
    verified(&stage.platform.request(), &stage.platform.origin(), "an0ther");
}

#[test]
fn the_tokens_of_a_removed_tool_or_without_grades_are_invalid() {
    let stage = Stage::new(success());
    let token = stage.token();
    is_invalid(&stage, &stage.start_with("grades = true", ""), &token);
    is_invalid(&stage, &stage.start_with("[tools.nb]", "[tools.other]"), &token);
    let upstream = format!("upstream = \"{}\"\ngrades = true", stage.upstream.url());
    is_invalid(&stage, &stage.start_with(&upstream, "template = \"page\""), &token);
}

#[test]
fn during_a_rotation_a_platform_with_the_old_secret_gets_its_grade() {
    let two = "secret = [\"an0ther\", \"s3cret\"]";
    let refusal = http("401 Unauthorized", "text/plain", "Bad signature");
    for (responses, tried) in [
        (vec![success()], &["an0ther"][..]),
        (vec![refusal.clone(), success()], &["an0ther", "s3cret"]),
    ] {
        let stage = Stage::with(responding_in_order(responses), "", "");
        let server = stage.start_with("secret = \"s3cret\"", two);
        let stage = Stage { server, ..stage };
        stage.deliver(&stage.token(), "0.5");
        let mut nonces = Vec::new();
        for secret in tried {
            let request = stage.platform.next();
            assert_eq!(element(&request, "textString"), "0.5");
            nonces
                .push(verified(&request, &stage.platform.origin(), secret)["oauth_nonce"].clone());
        }
        nonces.dedup();
        assert_eq!(nonces.len(), tried.len());
        stage.platform.saw_nothing();
    }
}

#[test]
fn if_every_secret_is_refused_the_message_for_the_first_one_counts() {
    let two = "secret = [\"an0ther\", \"s3cret\"]";
    let refusal = |message: &str| http("401 Unauthorized", "text/plain", message);
    let stage = Stage::with(responding_in_order([refusal("First"), refusal("Second")]), "", "");
    let server = stage.start_with("secret = \"s3cret\"", two);
    let stage = Stage { server, ..stage };
    let reply = stage.call("POST", &stage.token(), r#"{"score":1}"#);
    assert_eq!(
        refused(&reply, 502, "platform-refused"),
        json!({
            "message": "the platform refused with status 401: First",
            "platform": { "status": 401, "description": "First" },
        })
    );
    stage.platform.next();
    stage.platform.request();
}

#[test]
fn an_unavailable_platform_gets_only_the_request_with_the_first_secret() {
    let stage = Stage::new(http("500 Internal Server Error", "text/plain", ""));
    let server = stage.start_with("secret = \"s3cret\"", "secret = [\"an0ther\", \"s3cret\"]");
    let stage = Stage { server, ..stage };
    refused(&stage.call("POST", &stage.token(), r#"{"score":1}"#), 503, "platform-unreachable");
    verified(&stage.platform.request(), &stage.platform.origin(), "an0ther");
}
