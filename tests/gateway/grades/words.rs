//! A platform's words: the caller reads them as they are, the log without what is personal.

use super::*;

/// A platform's words, written into XML.
fn failing(words: &str) -> String {
    let escaped = words.replace('&', "&amp;").replace('<', "&lt;");
    pox("failure", &escaped, "")
}

#[test]
fn the_caller_reads_the_words_as_they_are() {
    for words in
        ["Grade is past due", "Überfällig <b>&amp;</b> \"now\"", "[EID_1] a\tb", "é".repeat(400).as_str()]
    {
        let stage = Stage::new(failing(words));
        let refusal = refused(&stage.call("POST", &stage.token(), r#"{"score":1}"#), 502, "platform-refused");
        assert_eq!(refusal["platform"], json!({ "status": 200, "description": words }));
    }
}

#[test]
fn the_log_reads_them_without_the_sourcedid() {
    let sourcedid = "course-v1%3AedX%2BD:lms.example-block:u-grace-hopper";
    for words in [
        format!("No result {sourcedid} here"),
        "Nobody is called u-grace-hopper".to_owned(),
        format!("Cannot parse <sourcedId>{sourcedid}</sourcedId>"),
    ] {
        let stage = Stage::durable(Recorder::answering(failing(&words)), "");
        let url = stage.outcome_url();
        let form = launch(&url).but(&[("lis_result_sourcedid", sourcedid)]);
        let token = stage.token_of(&form).expect("a grade token");
        let refusal = refused(&stage.call("POST", &token, r#"{"score":1}"#), 502, "platform-refused");
        assert_eq!(refusal["platform"]["description"], words);
    }
    assert_eq!(log_lines("u-grace-hopper"), [""; 0]);
    assert!(log_lines("No result … here").len() == 1);
}

#[test]
fn a_platform_that_repeats_the_request_tells_the_log_nothing() {
    // As edX does with what it cannot parse.
    for (nonce, sourcedid) in
        [("1", r#"{"instanceid":"1","user":"linus-4712"}"#), ("2", "a&b<linus-4712>'\"c")]
    {
        let platform = Recorder::with(|request| {
            failing(&format!("Cannot parse {}", String::from_utf8_lossy(&request.body))).into_bytes()
        });
        let stage = Stage::durable(platform, "");
        let url = stage.outcome_url();
        let form = Form { nonce, ..launch(&url) }.but(&[("lis_result_sourcedid", sourcedid)]);
        let token = stage.token_of(&form).expect("a grade token");
        let reply = stage.call("POST", &token, r#"{"score":0.7391846}"#);
        assert_eq!(reply.json()["error"], "platform-refused");
        assert!(reply.body.contains("Cannot parse"));
    }
    assert_eq!(log_lines("linus-4712"), [""; 0]);
    assert_eq!(log_lines("0.7391846"), [""; 0]);
}

#[test]
fn no_word_of_a_platform_breaks_a_line_of_the_log() {
    let stage = Stage::new(http(
        "403 Forbidden",
        "text/plain",
        "Go\u{1b}[31m away\r\n2023 INFO grade: outcome=\"delivered\"",
    ));
    refused(&stage.call("POST", &stage.token(), r#"{"score":1}"#), 502, "platform-refused");
    let lines = log_lines(" away");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(!lines[0].contains('\u{1b}'), "{lines:?}");
}

#[test]
fn words_of_any_length_are_cut() {
    let stage = Stage::new(http("403 Forbidden", "text/plain", &"é".repeat(10_000)));
    let refusal = refused(&stage.call("POST", &stage.token(), r#"{"score":1}"#), 502, "platform-refused");
    assert_eq!(refusal["platform"]["description"], "é".repeat(500));
    assert_eq!(log_lines(&"é".repeat(501)), [""; 0]);
}
