//! A platform's messages: unchanged for the caller, and not in the log.

use crate::support::write;

use super::program::run;
use super::*;

/// A failure with this message.
fn failing(message: &str) -> String {
    let escaped = message.replace('&', "&amp;").replace('<', "&lt;");
    pox("failure", &escaped, "")
}

#[test]
fn the_caller_receives_the_message_unchanged() {
    for message in [
        "Grade is past due",
        "Überfällig <b>&amp;</b> \"now\"",
        "[EID_1] a\tb",
        "é".repeat(400).as_str(),
    ] {
        let stage = Stage::new(failing(message));
        let refusal =
            refused(&stage.call("POST", &stage.token(), r#"{"score":1}"#), 502, "platform-refused");
        assert_eq!(refusal["platform"], json!({ "status": 200, "description": message }));
    }
}

#[test]
fn the_sourcedid_is_masked_in_the_log() {
    let sourcedid = "course-v1%3AedX%2BD:lms.example-block:u-grace-hopper";
    for message in [
        format!("No result {sourcedid} here"),
        "Nobody is called u-grace-hopper".to_owned(),
        format!("Cannot parse <sourcedId>{sourcedid}</sourcedId>"),
    ] {
        let stage = Stage::durable(Recorder::answering(failing(&message)), "");
        let url = stage.outcome_url();
        let form = launch(&url).but(&[("lis_result_sourcedid", sourcedid)]);
        let token = stage.token_of(&form).expect("a grade token");
        let refusal =
            refused(&stage.call("POST", &token, r#"{"score":1}"#), 502, "platform-refused");
        assert_eq!(refusal["platform"]["description"], message);
    }
    assert_eq!(log_lines("u-grace-hopper"), [""; 0]);
    assert_eq!(log_lines("No result"), [""; 0]);
}

#[test]
fn a_platform_that_repeats_the_request_reveals_nothing_in_the_log() {
    // edX does this with a request that it cannot parse.
    for (nonce, sourcedid) in
        [("1", r#"{"instanceid":"1","user":"linus-4712"}"#), ("2", "a&b<linus-4712>'\"c")]
    {
        let platform = Recorder::with(|request| {
            failing(&format!("Cannot parse {}", String::from_utf8_lossy(&request.body)))
                .into_bytes()
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
fn a_message_cannot_break_a_log_line() {
    let stage = Stage::new(http(
        "403 Forbidden",
        "text/plain",
        "Go\u{1b}[31m away\r\n2023 INFO grade: outcome=\"delivered\"",
    ));
    refused(&stage.call("POST", &stage.token(), r#"{"score":1}"#), 502, "platform-refused");
    assert_eq!(log_lines(" away"), [""; 0]);
}

#[test]
fn the_log_has_only_messages_that_everybody_receives() {
    for (status, message, logged) in [
        ("200 OK", "Grade is past due", "the platform refused with status 200: Grade is past due"),
        ("200 OK", "Hortensia Winterbottom has left", "the platform refused with status 200"),
        ("500 Oh", "Hortensia Winterbottom is away", "the platform failed with status 500"),
    ] {
        let stage = Stage::new(http(status, "application/xml", &envelope("failure", message, "")));
        let reply = stage.call("POST", &stage.token(), r#"{"score":1}"#);
        assert_eq!(reply.json()["platform"]["description"], message);
        let lines = log_lines(reply.json()["reference"].as_str().expect("a reference"));
        assert_eq!(reason(&lines[0]), format!("\"{logged}\""));
        // The admin reads the whole message with `lti-gateway grades`.
        let stage = Stage::durable(
            Recorder::answering(http(
                "500 Oh",
                "application/xml",
                &envelope("failure", message, ""),
            )),
            "",
        );
        let token = stage.token();
        let id = stage.queue(&token, "0.5");
        let found = stage.find(&token, &id);
        assert_eq!(found["platform"], format!("the platform failed with status 500: {message}"));
    }
    assert_eq!(log_lines("Hortensia"), [""; 0]);
}

#[test]
fn a_long_message_is_truncated() {
    let stage = Stage::new(http("403 Forbidden", "text/plain", &"é".repeat(10_000)));
    let refusal =
        refused(&stage.call("POST", &stage.token(), r#"{"score":1}"#), 502, "platform-refused");
    assert_eq!(refusal["platform"]["description"], "é".repeat(500));
    assert_eq!(log_lines(&"é".repeat(501)), [""; 0]);
}

/// A unique score, and sourcedids of platforms with the user name in them. edX's sourcedid ends
/// with a colon and the user name.
const SCORE: &str = "0.7391846";
const SOURCEDIDS: [(&str, &str); 3] = [
    (r#"{"data":{"instanceid":"1","userid":"mary-4713"},"hash":"a<b>&c'd%3A"}"#, "nobody"),
    ("course-v1%3AedX%2BD:lms.example-block:u-mary-somerville", "u-mary-somerville"),
    ("gabrielle & émilie \"<du>\" châtelet", "nobody"),
];

/// Messages in which a platform may repeat parts of a request.
fn repeating(sourcedid: &str, user: &str) -> Vec<String> {
    vec![
        format!("No line {sourcedid} here"),
        sourcedid.to_owned(),
        format!("User {user} of {sourcedid} has {SCORE}"),
        format!("score={SCORE}"),
        format!("{{\"score\":{SCORE},\"max\":1,\"id\":\"{sourcedid}\"}}"),
        format!("a\n{SCORE}\n{SCORE}/1.0\t({SCORE},{SCORE})"),
        format!("Cannot parse <sourcedId>{sourcedid}</sourcedId><textString>{SCORE}</textString>"),
        format!(
            "\u{1b}[31m\u{7f}\u{85}Go\r\naway: {sourcedid}\r\n\
             2023 INFO grade: outcome=\"delivered\""
        ),
        format!("{}{sourcedid} {SCORE}", "é".repeat(480)),
        format!("{}{sourcedid}", "é ".repeat(245)),
        format!("{} {SCORE}", "x".repeat(495)),
        format!("{} {sourcedid}", "y".repeat(2000)),
    ]
}

/// Responses with this message, as plain text, JSON and XML. XML permits few control characters.
fn saying(status: &str, message: &str) -> Vec<String> {
    let plain: String = message
        .chars()
        .filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t'))
        .collect();
    let escaped = plain.replace('&', "&amp;").replace('<', "&lt;").replace('\r', "&#13;");
    vec![
        http(status, "text/plain; charset=utf-8", message),
        http(status, "application/json", &json!({ "error": message }).to_string()),
        http(status, "application/xml", &envelope("failure", &escaped, "")),
    ]
}

/// The reason in a log line. The rest of the line has random digits and letters, which may match a
/// private string by chance.
#[track_caller]
fn reason(line: &str) -> &str {
    line.split_once(" reason=").expect("a reason").1
}

/// Asserts that a string has no personal data, no markup and no control characters.
#[track_caller]
fn is_masked(text: &str) {
    for private in [
        "mary",
        "somerville",
        "gabrielle",
        "tienne",
        "telet",
        "instanceid",
        "userid",
        "7391",
        "<",
        "&lt;",
    ] {
        assert!(!text.contains(private), "{private} in {text}");
    }
    assert!(!text.contains(char::is_control), "{text:?}");
}

#[test]
fn stored_and_logged_messages_have_no_personal_data() {
    let said: std::sync::Arc<std::sync::Mutex<String>> = std::sync::Arc::default();
    let response = std::sync::Arc::clone(&said);
    let stage = Stage::durable(
        Recorder::with(move |_| response.lock().expect("not poisoned").clone().into_bytes()),
        "",
    );
    let url = stage.outcome_url();
    let body = format!("{{\"score\":{SCORE}}}");
    for (nonce, (sourcedid, user)) in ["1", "2", "3"].into_iter().zip(SOURCEDIDS) {
        let form = Form { nonce, ..launch(&url) }.but(&[("lis_result_sourcedid", sourcedid)]);
        let token = stage.token_of(&form).expect("a grade token");
        for message in repeating(sourcedid, user) {
            for status in ["500 Internal Server Error", "422 Unprocessable Entity"] {
                for response in saying(status, &message) {
                    *said.lock().expect("not poisoned") = response;
                    let reply = stage.call("POST", &token, &body);
                    stage.platform.request();
                    let response = reply.json();
                    if status.starts_with("422") {
                        assert_eq!(
                            (reply.status, &response["error"]),
                            (502, &json!("platform-refused"))
                        );
                        let lines = log_lines(response["reference"].as_str().expect("a reference"));
                        assert_eq!(lines.len(), 1, "{lines:?}");
                        is_masked(reason(&lines[0]));
                        continue;
                    }
                    let id = response["id"].as_str().expect("an id");
                    let kept =
                        stage.find(&token, id)["platform"].as_str().expect("message").to_owned();
                    assert!(kept.starts_with("the platform failed with status 500: "), "{kept}");
                    assert!(kept.chars().count() <= 500, "{kept}");
                    is_masked(&kept);
                    let lines = log_lines(id);
                    assert_eq!(lines.len(), 1, "{lines:?}");
                    is_masked(reason(&lines[0]));
                    assert!(lines[0].chars().count() < 800, "{lines:?}");
                }
            }
        }
    }
    let directory = stage.directory.as_ref().expect("a durable state").path();
    write(directory, "tools.toml", &stage.tools);
    let listed = run(directory, &["grades"]);
    let listed = String::from_utf8(listed.stdout).expect("text");
    assert_eq!(listed.lines().filter(|line| line.contains("  refused  ")).count(), 108);
    for line in listed.lines() {
        is_masked(line.split_once("  ").expect("an id of random letters, and more").1);
        assert!(line.chars().count() < 650, "{line}");
    }
}

#[test]
fn the_caller_of_the_first_attempt_receives_the_whole_message() {
    let (sourcedid, user) = SOURCEDIDS[0];
    for (at, message) in repeating(sourcedid, user).into_iter().enumerate() {
        for (status, code, expected_status) in
            [("500 Oh", "platform-unreachable", 503), ("422 No", "platform-refused", 502)]
        {
            for (form, response) in saying(status, &message).into_iter().enumerate() {
                let sent = response.split_once("\r\n\r\n").expect("a body").1.to_owned();
                let stage = Stage::new(response);
                let url = stage.outcome_url();
                let form_of = launch(&url).but(&[("lis_result_sourcedid", sourcedid)]);
                let token = stage.token_of(&form_of).expect("a grade token");
                let reply = stage.call("POST", &token, &format!("{{\"score\":{SCORE}}}"));
                assert_eq!((reply.status, &reply.json()["error"]), (expected_status, &json!(code)));
                let read =
                    reply.json()["platform"]["description"].as_str().expect("message").to_owned();
                // Other tests check the XML parser; this one checks that nothing is masked.
                let expected: String = match form {
                    0 | 1 => sent.trim().chars().take(500).collect(),
                    _ => message
                        .chars()
                        .filter(|letter| !letter.is_control() || *letter == '\n')
                        .collect(),
                };
                let bare = |text: &str| -> String {
                    text.chars().filter(|letter| !letter.is_whitespace()).collect()
                };
                assert_eq!(bare(&read), bare(&expected), "{at}");
            }
        }
    }
}
