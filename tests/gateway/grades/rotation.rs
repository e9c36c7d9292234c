//! What ends grade tokens and what does not: other secrets, other files, other processes.

use super::signature::verified;
use super::token::counts_for_nothing;
use super::*;

const OWN: &str = "secret = \"the gateway's own, of 32 characters\"";
const OTHER: &str = "another secret of 32 characters!!";

#[test]
fn another_process_and_a_restart_know_every_token() {
    let stage = Stage::new(good());
    let token = stage.token();
    let stage = stage.restarted();
    stage.deliver(&token, "1");
    stage.platform.request();
}

#[test]
fn the_first_secret_seals_and_all_of_them_open() {
    let stage = Stage::new(good());
    let both = format!("secret = [\"{OTHER}\", \"the gateway's own, of 32 characters\"]");
    let (during, after) =
        (stage.differing(OWN, &both), stage.differing(OWN, &format!("secret = \"{OTHER}\"")));
    let old = stage.token();
    told(&call(&during, "POST", "/grades", &old, r#"{"score":1}"#), 200);
    stage.platform.request();
    counts_for_nothing(&stage, &after, &old);

    let tools = stage.tools.clone();
    let stage = Stage { server: during, ..stage };
    let new = stage.token();
    told(&call(&after, "POST", "/grades", &new, r#"{"score":1}"#), 200);
    stage.platform.request();
    counts_for_nothing(&stage, &start(&tools), &new);
}

#[test]
fn a_consumer_that_left_the_file_left_its_tokens() {
    let stage = Stage::new(good());
    let token = stage.token();
    counts_for_nothing(&stage, &stage.differing("key = \"key-1\"", "key = \"key-2\""), &token);
    // With another secret it is the same consumer.
    let changed = stage.differing("s3cret", "an0ther");
    told(&call(&changed, "POST", "/grades", &token, r#"{"score":1}"#), 200);
    verified(&stage.platform.request(), &stage.platform.origin(), "an0ther");
}

#[test]
fn a_tool_that_may_send_no_grades_any_more_or_is_gone_has_no_tokens() {
    let stage = Stage::new(good());
    let token = stage.token();
    counts_for_nothing(&stage, &stage.differing("grades = true", ""), &token);
    counts_for_nothing(&stage, &stage.differing("[tools.nb]", "[tools.other]"), &token);
    let upstream = format!("upstream = \"{}\"\ngrades = true", stage.upstream.url());
    counts_for_nothing(&stage, &stage.differing(&upstream, "template = \"page\""), &token);
}

#[test]
fn while_secrets_are_exchanged_a_platform_that_knows_the_old_one_gets_its_grade() {
    let two = "secret = [\"an0ther\", \"s3cret\"]";
    let refusal = http("401 Unauthorized", "text/plain", "Bad signature");
    for (answers, tried) in
        [(vec![good()], &["an0ther"][..]), (vec![refusal.clone(), good()], &["an0ther", "s3cret"])]
    {
        let stage = Stage::with(in_turn(answers), "", "");
        let server = stage.differing("secret = \"s3cret\"", two);
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
fn where_neither_secret_is_right_the_words_to_the_first_count() {
    let two = "secret = [\"an0ther\", \"s3cret\"]";
    let refusal = |words: &str| http("401 Unauthorized", "text/plain", words);
    let stage = Stage::with(in_turn([refusal("First"), refusal("Second")]), "", "");
    let server = stage.differing("secret = \"s3cret\"", two);
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
fn a_platform_that_is_unwell_is_not_asked_with_every_secret() {
    let stage = Stage::new(http("500 Internal Server Error", "text/plain", ""));
    let server = stage.differing("secret = \"s3cret\"", "secret = [\"an0ther\", \"s3cret\"]");
    let stage = Stage { server, ..stage };
    refused(&stage.call("POST", &stage.token(), r#"{"score":1}"#), 503, "platform-unreachable");
    verified(&stage.platform.request(), &stage.platform.origin(), "an0ther");
}
