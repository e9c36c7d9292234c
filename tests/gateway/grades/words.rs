//! A platform's words: the caller reads them as they are, the log without what is personal.

use crate::support::write;

use super::program::run;
use super::*;

/// A platform's words, written into XML.
fn failing(words: &str) -> String {
    let escaped = words.replace('&', "&amp;").replace('<', "&lt;");
    pox("failure", &escaped, "")
}

#[test]
fn the_caller_reads_the_words_as_they_are() {
    for words in [
        "Grade is past due",
        "Überfällig <b>&amp;</b> \"now\"",
        "[EID_1] a\tb",
        "é".repeat(400).as_str(),
    ] {
        let stage = Stage::new(failing(words));
        let refusal =
            refused(&stage.call("POST", &stage.token(), r#"{"score":1}"#), 502, "platform-refused");
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
        let refusal =
            refused(&stage.call("POST", &token, r#"{"score":1}"#), 502, "platform-refused");
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
    let refusal =
        refused(&stage.call("POST", &stage.token(), r#"{"score":1}"#), 502, "platform-refused");
    assert_eq!(refusal["platform"]["description"], "é".repeat(500));
    assert_eq!(log_lines(&"é".repeat(501)), [""; 0]);
}

/// A score with digits that nothing else has, and platforms' names for a result. Where one ends with a user's name after a
/// colon, as edX's do, that is known to be one.
const SCORE: &str = "0.7391846";
const SOURCEDIDS: [(&str, &str); 3] = [
    (r#"{"data":{"instanceid":"1","userid":"mary-4713"},"hash":"a<b>&c'd%3A"}"#, "nobody"),
    ("course-v1%3AedX%2BD:lms.example-block:u-mary-somerville", "u-mary-somerville"),
    ("gabrielle & émilie \"<du>\" châtelet", "nobody"),
];

/// What a platform may say of a request, in words.
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
            "\u{1b}[31m\u{7f}\u{85}Go\r\naway: {sourcedid}\r\n2023 INFO grade: outcome=\"delivered\""
        ),
        format!("{}{sourcedid} {SCORE}", "é".repeat(480)),
        format!("{}{sourcedid}", "é ".repeat(245)),
        format!("{} {SCORE}", "x".repeat(495)),
        format!("{} {sourcedid}", "y".repeat(2000)),
    ]
}

/// Answers that say them, as text, in JSON and in XML; XML has no place for most control characters.
fn saying(status: &str, words: &str) -> Vec<String> {
    let plain: String = words
        .chars()
        .filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t'))
        .collect();
    let escaped = plain.replace('&', "&amp;").replace('<', "&lt;").replace('\r', "&#13;");
    vec![
        http(status, "text/plain; charset=utf-8", words),
        http(status, "application/json", &json!({ "error": words }).to_string()),
        http(status, "application/xml", &envelope("failure", &escaped, "")),
    ]
}

/// What a line of the log has of a platform's words. Its time, its duration and its reference are digits and letters of
/// chance, in which anything may stand.
#[track_caller]
fn reason(line: &str) -> &str {
    line.split_once(" reason=").expect("a reason").1
}

/// Asserts that words tell nothing of a person, and nothing that it should not be able to say.
#[track_caller]
fn tells_nothing(text: &str) {
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
fn what_is_kept_of_a_platforms_words_tells_nothing_of_a_person() {
    let said: std::sync::Arc<std::sync::Mutex<String>> = std::sync::Arc::default();
    let answer = std::sync::Arc::clone(&said);
    let stage = Stage::durable(
        Recorder::with(move |_| answer.lock().expect("not poisoned").clone().into_bytes()),
        "",
    );
    let url = stage.outcome_url();
    let body = format!("{{\"score\":{SCORE}}}");
    for (nonce, (sourcedid, user)) in ["1", "2", "3"].into_iter().zip(SOURCEDIDS) {
        let form = Form { nonce, ..launch(&url) }.but(&[("lis_result_sourcedid", sourcedid)]);
        let token = stage.token_of(&form).expect("a grade token");
        for words in repeating(sourcedid, user) {
            for status in ["500 Internal Server Error", "422 Unprocessable Entity"] {
                for answer in saying(status, &words) {
                    *said.lock().expect("not poisoned") = answer;
                    let reply = stage.call("POST", &token, &body);
                    stage.platform.request();
                    let told = reply.json();
                    if status.starts_with("422") {
                        assert_eq!(
                            (reply.status, &told["error"]),
                            (502, &json!("platform-refused"))
                        );
                        let lines = log_lines(told["reference"].as_str().expect("a reference"));
                        assert_eq!(lines.len(), 1, "{lines:?}");
                        tells_nothing(reason(&lines[0]));
                        continue;
                    }
                    let id = told["id"].as_str().expect("an id");
                    let kept =
                        stage.find(&token, id)["platform"].as_str().expect("words").to_owned();
                    assert!(kept.starts_with("the platform failed with status 500: "), "{kept}");
                    assert!(kept.chars().count() <= 500, "{kept}");
                    tells_nothing(&kept);
                    let lines = log_lines(id);
                    assert_eq!(lines.len(), 1, "{lines:?}");
                    tells_nothing(reason(&lines[0]));
                    assert!(lines[0].chars().count() < 800, "{lines:?}");
                }
            }
        }
    }
    let folder = stage.folder.as_ref().expect("a durable state").path();
    write(folder, "tools.toml", &stage.tools);
    let listed = run(folder, &["grades"]);
    let listed = String::from_utf8(listed.stdout).expect("text");
    assert_eq!(listed.lines().filter(|line| line.contains("  refused  ")).count(), 108);
    for line in listed.lines() {
        tells_nothing(line.split_once("  ").expect("an id of random letters, and more").1);
        assert!(line.chars().count() < 650, "{line}");
    }
}

#[test]
fn the_caller_of_the_first_try_reads_them_whole() {
    let (sourcedid, user) = SOURCEDIDS[0];
    for (at, words) in repeating(sourcedid, user).into_iter().enumerate() {
        for (status, code, told_status) in
            [("500 Oh", "platform-unreachable", 503), ("422 No", "platform-refused", 502)]
        {
            for (form, answer) in saying(status, &words).into_iter().enumerate() {
                let sent = answer.split_once("\r\n\r\n").expect("a body").1.to_owned();
                let stage = Stage::new(answer);
                let url = stage.outcome_url();
                let form_of = launch(&url).but(&[("lis_result_sourcedid", sourcedid)]);
                let token = stage.token_of(&form_of).expect("a grade token");
                let reply = stage.call("POST", &token, &format!("{{\"score\":{SCORE}}}"));
                assert_eq!((reply.status, &reply.json()["error"]), (told_status, &json!(code)));
                let read =
                    reply.json()["platform"]["description"].as_str().expect("words").to_owned();
                // Of XML the parser's part is tested elsewhere; here that nothing is masked.
                let expected: String = match form {
                    0 | 1 => sent.trim().chars().take(500).collect(),
                    _ => words
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
