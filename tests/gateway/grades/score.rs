//! Scores: decimals as text, and never numbers.

use super::*;

#[test]
fn a_score_arrives_with_the_digits_that_were_written() {
    let longest = format!("0.{}", "3".repeat(30));
    let stage = Stage::new(good());
    let token = stage.token();
    for score in ["0", "1", "0.10", "1.000", "0.0", "0.30000000000000004", "0.00000001", &longest] {
        for body in [
            format!("{{\"score\":{score}}}"),
            format!("{{\"score\":\"{score}\"}}"),
            format!(" {{ \"score\" :\n{score} }}\t"),
        ] {
            told(&stage.call("POST", &token, &body), 200);
            assert_eq!(element(&stage.platform.request(), "textString"), score);
        }
    }
    told(&stage.call("POST", &token, r#"{"score":"\u0030.5"}"#), 200);
    assert_eq!(element(&stage.platform.request(), "textString"), "0.5");
}

#[test]
fn whatever_else_is_refused_and_sent_nowhere() {
    let decimal = "the score is not a decimal such as 0.92";
    let range = "the score is not between 0 and 1, or has a minus sign";
    let exponent = "the score has an exponent; write a decimal such as 0.92";
    let long = "the score is longer than 32 characters";
    let too_long = format!("0.{}", "3".repeat(31));
    let stage = Stage::durable(Recorder::answering(good()), "");
    let token = stage.token();
    for (score, message) in [
        ("1e-5", exponent),
        ("1e-7", exponent),
        ("1E0", exponent),
        ("-0.1", range),
        ("-0", range),
        ("1.01", range),
        ("5", range),
        ("100", range),
        (&too_long, long),
        ("\"NaN\"", decimal),
        ("\"\"", decimal),
        ("null", decimal),
        ("true", decimal),
        ("[0.5]", decimal),
        ("{\"score\":0.5}", decimal),
        ("\"0,5\"", decimal),
        ("\"+0.5\"", decimal),
        ("\".5\"", decimal),
        ("\"1.\"", decimal),
        ("\"00.5\"", decimal),
        ("\" 0.5\"", decimal),
        ("\"\\\"0.5\\\"\"", decimal),
        ("\"0.5\\u0000\"", decimal),
        ("\"٠.٥\"", decimal),
        ("\"Infinity\"", decimal),
        ("\"0x1\"", decimal),
        ("\"50%\"", decimal),
    ] {
        let reply = stage.call("POST", &token, &format!("{{\"score\":{score}}}"));
        assert_eq!(refused(&reply, 422, "bad-grade"), json!({ "message": message }), "{score}");
    }
    stage.platform.saw_nothing();
}

#[test]
fn what_json_does_not_take_for_a_number_is_refused_and_sent_nowhere() {
    let stage = Stage::new(good());
    let token = stage.token();
    for score in
        ["NaN", "Infinity", "+0.5", ".5", "1.", "0,5", "00.5", "'0.5'", "0x1", "0.5f", "1_0", ""]
    {
        let reply = stage.call("POST", &token, &format!("{{\"score\":{score}}}"));
        refused(&reply, 422, "bad-grade");
    }
    stage.platform.saw_nothing();
}
