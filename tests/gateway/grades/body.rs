//! The content and size of a body.

use super::*;

#[test]
fn a_body_without_a_score_is_refused_and_not_sent() {
    let stage = Stage::durable(Recorder::answering(success()), "");
    let token = stage.token();
    let no_object = json!({ "message": "the body is not a JSON object such as {\"score\": 0.92}" });
    for body in [
        "",
        " ",
        "0.5",
        "\"0.5\"",
        "null",
        "[]",
        "[0.5]",
        "[0.5, \"Well done\"]",
        "'{\"score\":0.5}'",
        "score=0.5",
        "\u{feff}{\"score\":0.5}",
    ] {
        assert_eq!(
            refused(&stage.call("POST", &token, body), 422, "bad-grade"),
            no_object,
            "{body}"
        );
    }
    for body in [
        "{}",
        "{\"score\":0.5",
        "{\"score\":0.5}}",
        "{\"score\":0.5}{\"score\":0.5}",
        "{\"score\":0.5,}",
        "{'score':0.5}",
        "{score:0.5}",
        "{\"Score\":0.5}",
        "{\"comment\":\"x\"}",
        "{\"score\":0.5,\"score\":0.6}",
        "{\"score\":0.5,\"comment\":\"x\",\"comment\":\"y\"}",
        "{\"score\":0.5,\"coment\":\"x\"}",
        "{\"score\":0.5,\"user_id\":\"another\"}",
        "{\"score\":0.5,\"comment\":5}",
        "{\"score\":0.5,\"comment\":[\"x\"]}",
        "{\"score\":0.5,\"comment\":\"\\ud800\"}",
        "{\"score\":0.5,\"comment\":\"\u{0}\"}",
    ] {
        let refusal = refused(&stage.call("POST", &token, body), 422, "bad-grade");
        assert!(refusal["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    }
    let not_text = [b"{\"score\":0.5,\"comment\":\"".as_slice(), b"\xff", b"\"}"].concat();
    let bearer = format!("Bearer {token}");
    let headers = [("Host", "tool.example"), ("Authorization", bearer.as_str())];
    refused(&stage.server.send("POST", "/grades", &headers, &not_text), 422, "bad-grade");
    stage.platform.saw_nothing();
}

#[test]
fn the_body_of_an_upstream_is_not_logged() {
    let stage = Stage::new(success());
    let token = stage.token();
    for body in [
        r#"{"score":0.731295,"secret-of-ada":1}"#,
        r#"{"score":"secret-of-ada"}"#,
        r#"{"score":0.731295,"comment":secret-of-ada}"#,
    ] {
        refused(&stage.call("POST", &token, body), 422, "bad-grade");
    }
    response_json(
        &stage.call("POST", &token, r#"{"score":0.731295,"comment":"secret-of-ada"}"#),
        200,
    );
    for secret in ["secret-of-ada", "0.731295", &token] {
        assert_eq!(log_lines(secret), [""; 0]);
    }
}

#[test]
fn the_limit_of_a_comment_counts_characters() {
    let stage = Stage::new(success());
    let token = stage.token();
    let body = |letters: usize| json!({ "score": "1", "comment": "é".repeat(letters) }).to_string();
    response_json(&stage.call("POST", &token, &body(5000)), 200);
    stage.platform.request();
    let refusal = refused(&stage.call("POST", &token, &body(5001)), 422, "bad-grade");
    assert_eq!(refusal, json!({ "message": "the comment is longer than 5000 characters" }));
    stage.platform.saw_nothing();
}

#[test]
fn a_body_may_have_64_kib_and_no_more() {
    let stage = Stage::new(success());
    let token = stage.token();
    let body = |length: usize| format!("{}{}", r#"{"score":1}"#, " ".repeat(length - 11));
    response_json(&stage.call("POST", &token, &body(64 * 1024)), 200);
    stage.platform.request();
    for length in [64 * 1024 + 1, 1024 * 1024] {
        let refusal = refused(&stage.call("POST", &token, &body(length)), 413, "too-large");
        assert_eq!(refusal, json!({ "message": "the body is larger than 64 KiB" }));
    }
    stage.platform.saw_nothing();
}

#[test]
fn a_truncated_body_is_refused_and_not_sent() {
    let stage = Stage::durable(Recorder::answering(success()), "");
    let token = stage.token();
    let mut wire = stage.server.connect();
    wire.send(format!(
        "POST /grades HTTP/1.1\r\nHost: tool.example\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: 1000\r\n\r\n{{\"score\":1}}     "
    ));
    wire.finish();
    assert_eq!(
        refused(&Reply::read(&mut wire, "POST"), 408, "incomplete"),
        json!({ "message": "the body did not arrive within 15 seconds, or the connection broke" })
    );
    stage.platform.saw_nothing();
}

#[test]
fn the_media_type_of_a_body_is_ignored() {
    let stage = Stage::new(success());
    let bearer = format!("Bearer {}", stage.token());
    for media_type in ["application/json", "application/x-www-form-urlencoded", "text/plain", "x"] {
        let headers = [
            ("Host", "tool.example"),
            ("Authorization", bearer.as_str()),
            ("Content-Type", media_type),
        ];
        response_json(&stage.server.send("POST", "/grades", &headers, br#"{"score":1}"#), 200);
        stage.platform.request();
    }
}
