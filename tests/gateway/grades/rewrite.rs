//! Outcome URLs that are called elsewhere than the platform names them, for platforms behind proxies.

use super::signature::{verified, verified_as};
use super::*;

const SCORE: &str = r#"{"score":1}"#;
/// What the launch names, and what is called for it.
const NAMED: &str = "http://lms.example/a/%3A?b=c%20d";
const CALLED: &str = "/inside/a/%3A?b=c%20d";

/// A gateway that calls this platform for `http://lms.example`.
fn stage(platform: Recorder) -> Stage {
    let lines = format!(
        "outcome_hosts = [\"127.0.0.1\"]\noutcome_url_rewrite = {{ \"http://lms.example\" = \"{}/inside\" }}",
        platform.origin()
    );
    Stage::with(platform, &lines, "")
}

#[test]
fn a_url_is_called_as_it_is_rewritten_and_signed_as_the_platform_named_it() {
    let stage = stage(Recorder::answering(good()));
    stage.deliver(&stage.token_of(&launch(NAMED)).expect("a grade token"), "1");
    let request = stage.platform.request();
    assert_eq!(request.line(), format!("POST {CALLED}"));
    assert_eq!(request.header("host").as_deref(), Some(stage.platform.authority().as_str()));
    verified_as(&request, NAMED, "s3cret");
}

#[test]
fn a_platform_that_refuses_that_is_asked_once_more_with_what_is_called_signed() {
    let refusal = |words: &str| http("401 Unauthorized", "text/plain", words);
    let both = |stage: &Stage| {
        let (first, second) = (stage.platform.next(), stage.platform.request());
        assert_eq!(
            (first.line(), second.line()),
            (format!("POST {CALLED}"), format!("POST {CALLED}"))
        );
        let nonces = [
            verified_as(&first, NAMED, "s3cret")["oauth_nonce"].clone(),
            verified(&second, &stage.platform.origin(), "s3cret")["oauth_nonce"].clone(),
        ];
        assert_ne!(nonces[0], nonces[1]);
    };
    let well = stage(in_turn([refusal("Bad signature"), good()]));
    well.deliver(&well.token_of(&launch(NAMED)).expect("a grade token"), "1");
    both(&well);

    let unwilling = stage(in_turn([refusal("First"), refusal("Second")]));
    let token = unwilling.token_of(&launch(NAMED)).expect("a grade token");
    let told = refused(&unwilling.call("POST", &token, SCORE), 502, "platform-refused");
    assert_eq!(told["platform"], json!({ "status": 401, "description": "First" }));
    both(&unwilling);
}

#[test]
fn a_platform_that_is_unwell_is_asked_once() {
    let stage = stage(Recorder::answering(http("500 Internal Server Error", "text/plain", "")));
    let token = stage.token_of(&launch(NAMED)).expect("a grade token");
    refused(&stage.call("POST", &token, SCORE), 503, "platform-unreachable");
    verified_as(&stage.platform.request(), NAMED, "s3cret");
}

#[test]
fn what_only_begins_like_it_is_not_rewritten() {
    let stage = stage(Recorder::start());
    for url in ["http://lms.example.evil/a", "https://lms.example/a", "http://lms.example:8080/a"] {
        assert_eq!(stage.token_of(&Form { nonce: url, ..launch(url) }), None, "{url}");
    }
    stage.platform.saw_nothing();
}
