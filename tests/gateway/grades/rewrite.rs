//! `outcome_url_rewrite`: the request URL differs from the outcome URL, for platforms behind
//! proxies.

use super::signature::{verified, verified_as};
use super::*;

const SCORE: &str = r#"{"score":1}"#;
/// The outcome URL of the launch, and the path of the request.
const LAUNCH_URL: &str = "http://lms.example/a/%3A?b=c%20d";
const REQUEST_PATH: &str = "/inside/a/%3A?b=c%20d";

/// A gateway that rewrites `http://lms.example` to this platform.
fn stage(platform: Recorder) -> Stage {
    let lines = format!(
        "outcome_hosts = [\"127.0.0.1\"]\noutcome_url_rewrite = {{ \"http://lms.example\" = \"{}/inside\" }}",
        platform.origin()
    );
    Stage::with(platform, &lines, "")
}

#[test]
fn the_request_goes_to_the_rewritten_url_and_signs_the_original_one() {
    let stage = stage(Recorder::answering(success()));
    stage.deliver(&stage.token_of(&launch(LAUNCH_URL)).expect("a grade token"), "1");
    let request = stage.platform.request();
    assert_eq!(request.line(), format!("POST {REQUEST_PATH}"));
    assert_eq!(request.header("host").as_deref(), Some(stage.platform.authority().as_str()));
    verified_as(&request, LAUNCH_URL, "s3cret");
}

#[test]
fn after_a_refusal_a_second_request_signs_the_rewritten_url() {
    let refusal = |message: &str| http("401 Unauthorized", "text/plain", message);
    let both = |stage: &Stage| {
        let (first, second) = (stage.platform.next(), stage.platform.request());
        assert_eq!(
            (first.line(), second.line()),
            (format!("POST {REQUEST_PATH}"), format!("POST {REQUEST_PATH}"))
        );
        let nonces = [
            verified_as(&first, LAUNCH_URL, "s3cret")["oauth_nonce"].clone(),
            verified(&second, &stage.platform.origin(), "s3cret")["oauth_nonce"].clone(),
        ];
        assert_ne!(nonces[0], nonces[1]);
    };
    let well = stage(responding_in_order([refusal("Bad signature"), success()]));
    well.deliver(&well.token_of(&launch(LAUNCH_URL)).expect("a grade token"), "1");
    both(&well);

    let unwilling = stage(responding_in_order([refusal("First"), refusal("Second")]));
    let token = unwilling.token_of(&launch(LAUNCH_URL)).expect("a grade token");
    let refusal = refused(&unwilling.call("POST", &token, SCORE), 502, "platform-refused");
    assert_eq!(refusal["platform"], json!({ "status": 401, "description": "First" }));
    both(&unwilling);
}

#[test]
fn an_unavailable_platform_gets_one_request() {
    let stage = stage(Recorder::answering(http("500 Internal Server Error", "text/plain", "")));
    let token = stage.token_of(&launch(LAUNCH_URL)).expect("a grade token");
    refused(&stage.call("POST", &token, SCORE), 503, "platform-unreachable");
    verified_as(&stage.platform.request(), LAUNCH_URL, "s3cret");
}

#[test]
fn a_host_with_the_same_prefix_is_not_rewritten() {
    let stage = stage(Recorder::start());
    for url in ["http://lms.example.evil/a", "https://lms.example/a", "http://lms.example:8080/a"] {
        assert_eq!(stage.token_of(&Form { nonce: url, ..launch(url) }), None, "{url}");
    }
    stage.platform.saw_nothing();
}
