//! The Result service of LTI 2.0 as edX has it (xblock-lti-consumer, `result_service_handler`): `PUT`, `GET` and `DELETE`
//! of one person's score and comment, in JSON.
//!
//! A `PUT` or `DELETE` that was taken answers `{}`, so that its status alone counts.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::oauth1::encode::{decode, encode};
use crate::score::Score;

/// The content type of every request, also of those without a body: edX refuses any other with 401.
pub const CONTENT_TYPE: &str = "application/vnd.ims.lis.v2.result+json";

/// The most bytes of an answer that are read.
pub const LARGEST_RESPONSE: usize = 64 * 1024;

/// What the platform has.
///
/// `Debug` shows nothing, because it is a person's.
#[derive(Clone, PartialEq, Eq)]
pub struct GradeResult {
    /// `resultScore` as the platform wrote it. edX scales it by the problem's weight, and leaves out a zero.
    pub score: Option<String>,
    /// `comment`, if there is one.
    pub comment: Option<String>,
}

/// Why an answer cannot be read. No variant holds anything of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ResultError {
    /// It is larger than [`LARGEST_RESPONSE`].
    #[error("the platform's answer is larger than {} KiB", LARGEST_RESPONSE / 1024)]
    TooLarge,
    /// It is no JSON object with the types of a result.
    #[error("the platform's answer is not a result in JSON")]
    NotAResult,
}

/// The two places at which edX has taken outcomes, and where results are beside them: the XBlock's of today, and that of
/// the LTI module before it.
const HANDLERS: [(&str, &str); 2] = [
    ("/handler_noauth/outcome_service_handler", "/handler_noauth/result_service_handler"),
    ("/handler_noauth/grade_handler", "/handler_noauth/lti_2_0_result_rest_handler"),
];

/// The address of the result behind an outcome URL of edX; `None` for any other platform's.
///
/// The person is the last part of edX's sourcedid, of letters, digits, `_` and `-`, as edX reads no others there.
pub fn result_url(outcome_url: &str, sourcedid: &str) -> Option<String> {
    if outcome_url.contains('?') {
        return None;
    }
    let (block, handler) = HANDLERS
        .into_iter()
        .find_map(|(outcome, result)| Some((outcome_url.strip_suffix(outcome)?, result)))?;
    let (_, person) = sourcedid.rsplit_once(':')?;
    let person = decode(person)?;
    let is_id = !person.is_empty()
        && person.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'));
    is_id.then(|| format!("{block}{handler}/user/{}", encode(&person)))
}

/// The body of a `PUT`, or of the answer to a `GET` where there is a result, with the score as its sender wrote it.
pub fn body(score: &Score, comment: &str) -> String {
    format!(
        r#"{{"@context":"http://purl.imsglobal.org/ctx/lis/v2/Result","@type":"Result","resultScore":{},"comment":{}}}"#,
        score.as_str(),
        Value::from(comment)
    )
}

/// The body of the answer to a `GET` where there is no result.
pub const NO_RESULT: &str =
    r#"{"@context":"http://purl.imsglobal.org/ctx/lis/v2/Result","@type":"Result"}"#;

/// Reads the body of the answer to a `GET`, or, on the platform's side, that of a `PUT`.
///
/// # Errors
/// An [`ResultError`].
pub fn read_result(body: &[u8]) -> Result<GradeResult, ResultError> {
    if body.len() > LARGEST_RESPONSE {
        return Err(ResultError::TooLarge);
    }
    let members: BTreeMap<String, &RawValue> =
        serde_json::from_slice(body).map_err(|_| ResultError::NotAResult)?;
    let member = |name: &str| members.get(name).map_or("null", |value| value.get());
    let text = |json: &str| match serde_json::from_str::<Option<String>>(json) {
        Ok(text) => Ok(text.filter(|text| !text.is_empty())),
        Err(_) => Err(ResultError::NotAResult),
    };
    let score = member("resultScore");
    let is_number = score.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    Ok(GradeResult {
        score: if is_number { Some(score.to_owned()) } else { text(score)? },
        comment: text(member("comment"))?,
    })
}

impl fmt::Debug for GradeResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GradeResult(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BLOCK: &str = "https://lms.example/courses/course-v1:edX+D+2/xblock/block-v1:edX+D+2+type@lti_consumer+block@abc";

    #[test]
    fn the_address_of_a_result_lies_beside_the_one_of_outcomes() {
        let check = |handler: &str, sourcedid: &str, expected: &str| {
            let url = format!("{BLOCK}/handler_noauth/{handler}");
            assert_eq!(
                result_url(&url, sourcedid),
                Some(format!("{BLOCK}/handler_noauth/{expected}"))
            );
        };
        let sourcedid = "course-v1%3AedX%2BD%2B2:lms.example-block-v1%3Aabc:0f3c-9_b";
        check("outcome_service_handler", sourcedid, "result_service_handler/user/0f3c-9_b");
        check("grade_handler", sourcedid, "lti_2_0_result_rest_handler/user/0f3c-9_b");
        check("grade_handler", "a:b:%30%66", "lti_2_0_result_rest_handler/user/0f");
        check("grade_handler", "a:%C3%A9", "lti_2_0_result_rest_handler/user/%C3%A9");
    }

    #[test]
    fn no_other_platform_has_a_result_service() {
        for url in [
            "https://lms.example/mod/lti/service.php",
            "https://lms.example/api/lti/v1/tools/5/grade_passback",
            "https://lms.example/handler_noauth/outcome_service_handler/",
            "https://lms.example/handler_noauth/outcome_service_handler?a=1",
            "https://lms.example/?a=/handler_noauth/outcome_service_handler",
            "https://lms.example/handler/outcome_service_handler",
            "https://lms.example/my_grade_handler",
        ] {
            assert_eq!(result_url(url, "a:b:u1"), None, "{url}");
        }
        let url = format!("{BLOCK}/handler_noauth/outcome_service_handler");
        for sourcedid in [
            "", "u1", "a:b:", ":", "a:..", "a:%2e%2e", "a:u/1", "a:u%2F1", "a:u?1", "a:u 1",
            "a:%zz", "a:%FF",
        ] {
            assert_eq!(result_url(&url, sourcedid), None, "{sourcedid}");
        }
    }

    #[test]
    fn a_score_keeps_its_text_in_the_body_of_a_put() {
        let score = Score::parse("0.10").expect("a score");
        assert_eq!(
            body(&score, "\"Good\" \\ <b>\n\u{1}é"),
            r#"{"@context":"http://purl.imsglobal.org/ctx/lis/v2/Result","@type":"Result","resultScore":0.10,"comment":"\"Good\" \\ <b>\n\u0001é"}"#
        );
    }

    #[test]
    fn a_result_is_read_as_the_platform_wrote_it() {
        let check = |body: &str, score: Option<&str>, comment: Option<&str>| {
            let result = read_result(body.as_bytes()).expect(body);
            assert_eq!(
                (result.score.as_deref(), result.comment.as_deref()),
                (score, comment),
                "{body}"
            );
        };
        check(
            r#"{"@context": "http://purl.imsglobal.org/ctx/lis/v2/Result", "@type": "Result", "resultScore": 0.83, "comment": "Good \u00e9\n"}"#,
            Some("0.83"),
            Some("Good é\n"),
        );
        check(r#"{"@type":"Result"}"#, None, None);
        check("{}", None, None);
        check(NO_RESULT, None, None);
        check(r#" {"resultScore":null,"comment":null} "#, None, None);
        check(r#"{"resultScore":"","comment":""}"#, None, None);
        check(r#"{"resultScore":"0.50"}"#, Some("0.50"), None);
        check(r#"{"resultScore": 1.0 }"#, Some("1.0"), None);
        check(r#"{"resultScore":12.50}"#, Some("12.50"), None);
        check(r#"{"resultScore":1e-7}"#, Some("1e-7"), None);
        check(r#"{"resultScore":-0}"#, Some("-0"), None);
        check(
            r#"{"resultScore":0.30000000000000004440892098500626}"#,
            Some("0.30000000000000004440892098500626"),
            None,
        );
        check(r#"{"other":{"resultScore":1},"more":[1,{"comment":"x"}]}"#, None, None);
    }

    #[test]
    fn what_is_no_result_is_refused() {
        for body in [
            "",
            "null",
            "0.83",
            "[]",
            r#"[{"resultScore":0.5}]"#,
            r#"{"resultScore":0.83"#,
            r#"{"resultScore":0.83}}"#,
            r#"{"resultScore":NaN}"#,
            r#"{"resultScore":true}"#,
            r#"{"resultScore":[1]}"#,
            r#"{"resultScore":{"a":1}}"#,
            r#"{"comment":5}"#,
            r#"{"comment":["x"]}"#,
            r#"{"comment":"\ud800"}"#,
            "{\"comment\":\"\u{0}\"}",
            "\u{feff}{}",
            "<html></html>",
        ] {
            assert_eq!(read_result(body.as_bytes()), Err(ResultError::NotAResult), "{body}");
        }
        assert_eq!(read_result(b"{\"comment\":\"\xff\"}"), Err(ResultError::NotAResult));
    }

    #[test]
    fn however_deep_an_answer_is_nested_it_is_read_in_bounds() {
        let deep =
            |name: &str| format!("{{\"{name}\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
        assert!(read_result(deep("other").as_bytes()).is_ok());
        for name in ["comment", "resultScore"] {
            assert_eq!(read_result(deep(name).as_bytes()), Err(ResultError::NotAResult), "{name}");
        }
    }

    #[test]
    fn a_result_is_read_up_to_its_largest_size() {
        let of = |size: usize| format!("{{\"comment\":\"{}\"}}", "x".repeat(size - 14));
        assert!(read_result(of(LARGEST_RESPONSE).as_bytes()).is_ok());
        assert_eq!(read_result(of(LARGEST_RESPONSE + 1).as_bytes()), Err(ResultError::TooLarge));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", read_result(b"{\"comment\":\"Good\"}")), "Ok(GradeResult(…))");
    }

    proptest! {
        #[test]
        fn what_is_put_is_what_would_be_read(comment in any::<String>(), score in "0[.][0-9]{1,30}") {
            let sent = body(&Score::parse(&score).expect("a score"), &comment);
            let read = read_result(sent.as_bytes()).expect("a result");
            prop_assert_eq!(read.score, Some(score));
            prop_assert_eq!(read.comment, Some(comment).filter(|comment| !comment.is_empty()));
        }

        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>(), text in "[{}\\[\\]\",:0-9a-z@\\\\. ]{0,60}") {
            let _ = read_result(&bytes);
            let _ = read_result(text.as_bytes());
        }
    }
}
