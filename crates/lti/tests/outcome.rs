//! Grades through the public interface: requests, read as a platform reads them, and responses.
//! Comments name the cases of the checklist, section F1.h.

use std::sync::Arc;

use lti::admission::Verdict;
use lti::oauth1::{Credentials, Params, SignatureMethod, SigningKey, authorization, base_string};
use lti::v1p1::outcome::{self, CodeMajor, Operation, OutcomeError, read_response};
use lti::v1p1::{Consumer, Consumers, LaunchPolicy, LaunchRequest, examine, sign};
use lti::v2p0::result;
use lti::{GradePlace, MemoryReplay, OutcomeService, Score, ScoreError, Secret};
use proptest::prelude::*;

const NOW: u64 = 1_700_000_000;
const NAMESPACE: &str = "http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0";
const MOODLE: &str =
    r#"{"data":{"instanceid":"2","userid":"3","typeid":null,"launchid":1},"hash":"<0f&\"]]>"}"#;
const EDX: &str =
    "course-v1%3AedX%2BD%2B2:lms.example-block-v1:edX+D+2+type@lti_consumer+block@abc:0f3c";
const EDX_URL: &str = "https://lms.example/courses/course-v1:edX+D+2/xblock/block-v1:edX+D+2+type@lti_consumer+block@abc";

/// The outcome service of a launch that was signed with these parameters.
fn launched(params: &[(&str, &str)], method: SignatureMethod) -> Option<OutcomeService> {
    let signing_key = SigningKey::new(&Secret::new("s3cret"));
    let credentials =
        Credentials { key: "key-1", signing_key: &signing_key, method, timestamp: NOW, nonce: "n" };
    let mut form = vec![
        ("lti_message_type", "basic-lti-launch-request"),
        ("lti_version", "LTI-1p0"),
        ("resource_link_id", "r"),
    ];
    form.extend(params);
    let body = sign("https://tool.example/lti/a", &form, &credentials).expect("a well-formed URL");
    let consumer = Consumer::new("key-1", [Secret::new("s3cret")], SignatureMethod::ALL);
    let policy = LaunchPolicy {
        consumers: Consumers::new("a", [consumer]),
        roles: None,
        clock_skew: 300,
        secrets: Arc::default(),
    };
    let request = LaunchRequest {
        scheme: "https",
        authority: "tool.example",
        path: "/lti/a",
        query: None,
        authorization: None,
        body: body.as_bytes(),
    };
    let Ok(Verdict::New(candidate)) = examine(&request, &policy, NOW, |_| false).verdict() else {
        panic!("what was signed is a launch")
    };
    let spent = MemoryReplay::new(1).spend(candidate.nonce(), NOW);
    let place = candidate.admit(spent).expect("a fresh nonce").into_launch()?.grade_place.ok()?;
    let GradePlace::Outcome(outcome) = place else { panic!("a place of LTI 1.1") };
    Some(outcome)
}

/// The text of the element with this name, as another parser reads it.
fn text_of(xml: &str, name: &str) -> String {
    let document = roxmltree::Document::parse(xml).expect("well-formed XML");
    let mut found = document.descendants().filter(|node| node.has_tag_name((NAMESPACE, name)));
    let text = found.next().expect("the element").text().unwrap_or_default().to_owned();
    assert!(found.next().is_none(), "{name} occurs once");
    text
}

/// A response as from edX, with this status and body.
fn response(code: &str, description: &str, body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<imsx_POXEnvelopeResponse xmlns="{NAMESPACE}">
    <imsx_POXHeader>
        <imsx_POXResponseHeaderInfo>
            <imsx_version>V1.0</imsx_version>
            <imsx_messageIdentifier>m-1</imsx_messageIdentifier>
            <imsx_statusInfo>
                <imsx_codeMajor>{code}</imsx_codeMajor>
                <imsx_severity>status</imsx_severity>
                <imsx_description>{description}</imsx_description>
                <imsx_messageRefIdentifier>
                </imsx_messageRefIdentifier>
            </imsx_statusInfo>
        </imsx_POXResponseHeaderInfo>
    </imsx_POXHeader>
    <imsx_POXBody>{body}</imsx_POXBody>
</imsx_POXEnvelopeResponse>
"#
    )
}

/// The response to readResult.
fn read_result(score: &str) -> String {
    let result = format!(
        "<resultScore><language>en</language><textString>{score}</textString></resultScore>"
    );
    response(
        "success",
        "",
        &format!("<readResultResponse><result>{result}</result></readResultResponse>"),
    )
}

/// A header's OAuth parameters, in order, as a receiver reads them.
fn parameters(header: &str) -> Vec<(String, String)> {
    let credentials = header.strip_prefix("OAuth ").expect("the scheme");
    let params = Params::default().read_authorization(credentials).expect("a well-formed header");
    params.iter().map(|param| (param.name.to_owned(), param.value.to_owned())).collect()
}

/// Request, body hash and signature equal those of the independent vector V9.
// Checklist F1.h 132.
#[test]
fn the_outcome_request_of_the_vectors_is_reproduced() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("vectors.json")).expect("JSON");
    let vectors = vectors.as_array().expect("a list");
    let vector = vectors.iter().find(|one| one["name"] == "V9 outcome").expect("the vector");
    let text = |name: &str| vector[name].as_str().expect("text").to_owned();

    let score = Score::parse("0.92").expect("a score");
    let body = outcome::request(&Operation::Replace(&score), "sid-1", "m-1");
    assert_eq!(body, text("xml"));

    let signing_key = SigningKey::new(&Secret::new(text("secret")));
    let credentials = Credentials {
        key: "key-1",
        signing_key: &signing_key,
        method: SignatureMethod::HmacSha1,
        timestamp: NOW,
        nonce: "nonce-0002",
    };
    let header =
        authorization("POST", &text("url"), body.as_bytes(), &credentials).expect("a header");
    let mut expected: Vec<(String, String)> = vector["params"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|pair| {
            (pair[0].as_str().expect("text").to_owned(), pair[1].as_str().expect("text").to_owned())
        })
        .collect();
    expected.push(("oauth_signature".to_owned(), text("signature")));
    let mut found = parameters(&header);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

/// A score is sent as the string that its sender wrote, and never with an exponent.
// Checklist F1.h 133.
#[test]
fn a_score_is_sent_as_written() {
    for text in ["0", "1", "0.0", "1.0", "0.1", "0.10", "0.30000000000000004", "0.0000001"] {
        let score = Score::parse(text).expect("a score");
        let xml = outcome::request(&Operation::Replace(&score), "s", "m");
        assert_eq!(text_of(&xml, "textString"), text);
        assert_eq!(text_of(&xml, "language"), "en");
        let json: serde_json::Value =
            serde_json::from_str(&result::body(&score, "")).expect("JSON");
        assert_eq!(json["resultScore"].as_f64(), text.parse().ok());
        assert!(result::body(&score, "").contains(&format!("\"resultScore\":{text},")));
    }
    assert_eq!(Score::parse("1e-7"), Err(ScoreError::Exponent));
}

// Checklist F1.h 134.
#[test]
fn a_score_out_of_range_or_not_decimal_is_invalid() {
    for text in ["-0.1", "1.1", "1.01", "5"] {
        assert_eq!(Score::parse(text), Err(ScoreError::OutOfRange), "{text}");
    }
    for text in ["NaN", "Infinity", "", "0,5", "half"] {
        assert_eq!(Score::parse(text), Err(ScoreError::NotADecimal), "{text}");
    }
}

/// The platform's parser reads the same bytes that the platform sent.
// Checklist F1.h 135.
#[test]
fn a_sourcedid_returns_byte_for_byte() {
    let score = Score::parse("1").expect("a score");
    for sourcedid in [
        MOODLE,
        EDX,
        "&<>\"'",
        "&amp;%26",
        " a\tb\r\nc\rd\n",
        "\u{85}\u{2028}é👩\u{fffd}",
        "]]><!--",
    ] {
        let sent = [
            ("lis_outcome_service_url", "https://lms.example/o"),
            ("lis_result_sourcedid", sourcedid),
        ];
        let kept = launched(&sent, SignatureMethod::HmacSha1).expect("an outcome service");
        assert_eq!(kept.sourcedid, sourcedid);
        for operation in [Operation::Replace(&score), Operation::Read, Operation::Delete] {
            assert_eq!(
                text_of(&outcome::request(&operation, &kept.sourcedid, "m-1"), "sourcedId"),
                sourcedid
            );
        }
    }
}

/// Only local names count. Leading and trailing whitespace of the code does not matter.
// Checklist F1.h 136.
#[test]
fn a_success_is_read_under_any_prefix_and_namespace() {
    let plain = response("success", "Good", "<replaceResultResponse/>");
    let prefixed = {
        let prefixed = plain
            .replace("</", "</ns0:")
            .replace("<imsx", "<ns0:imsx")
            .replace("<replace", "<ns0:replace");
        prefixed.replace("xmlns=", "xmlns:ns0=")
    };
    assert!(
        roxmltree::Document::parse(&prefixed).is_ok(),
        "the test's own document is well formed"
    );
    for xml in [
        prefixed,
        plain.replace(NAMESPACE, "http://www.imsglobal.org/lis/oms1p0/pox"),
        plain.replace(&format!(" xmlns=\"{NAMESPACE}\""), ""),
        plain.replace(">success<", ">\r\n\t  Success \n<"),
        plain.replace(">success<", "><![CDATA[success]]><!-- stored --><"),
        plain.replace("<imsx_POXHeader>", "<?target data?><imsx_POXHeader>"),
        format!("\u{feff}{plain}"),
        plain.clone(),
    ] {
        let response =
            read_response(xml.as_bytes()).unwrap_or_else(|fault| panic!("{fault}: {xml}"));
        assert_eq!(
            (response.code, response.description.as_str()),
            (CodeMajor::Success, "Good"),
            "{xml}"
        );
        assert_eq!(response.score, None);
    }
    let processing = read_response(response("processing", "", "").as_bytes()).expect("a response");
    assert_eq!(processing.code, CodeMajor::Processing);
}

/// The description does not depend on the HTTP status: edX sends 200, Canvas 422.
// Checklist F1.h 137.
#[test]
fn a_failure_has_the_description_of_the_platform() {
    let edx = response("failure", "User not found. &lt;course&gt; &amp; more", "");
    let canvas = response("failure", "User is no longer in course [EID_1234]", "").replace(
        "</imsx_statusInfo>",
        "<ext_canvas_error_code>no_user</ext_canvas_error_code></imsx_statusInfo>",
    );
    for (xml, words) in [
        (edx, "User not found. <course> & more"),
        (canvas, "User is no longer in course [EID_1234]"),
    ] {
        let response = read_response(xml.as_bytes()).expect("a response");
        assert_eq!((response.code, response.description.as_str()), (CodeMajor::Failure, words));
    }
}

/// A 204 has no body. Only its status counts.
// Checklist F1.h 138.
#[test]
fn an_empty_body_is_not_a_response() {
    assert_eq!(read_response(b""), Err(OutcomeError::NotXml));
    assert!(result::read_result(b"").is_err());
}

/// A platform that does not support an operation differs from one that failed.
// Checklist F1.h 139.
#[test]
fn an_unsupported_operation_has_its_own_code() {
    let xml = response("unsupported", "Target does not support the requested operation.", "");
    let response = read_response(xml.as_bytes()).expect("a response");
    assert_eq!(response.code, CodeMajor::Unsupported);
    assert_eq!(response.description, "Target does not support the requested operation.");
}

/// An empty score is neither a zero nor an error.
// Checklist F1.h 140.
#[test]
fn an_empty_score_is_no_grade() {
    let empty = read_result("").replace("<textString></textString>", "<textString/>");
    for (xml, score) in [
        (read_result(""), None),
        (empty, None),
        (read_result(" \n "), None),
        (response("success", "", "<readResultResponse><result/></readResultResponse>"), None),
        (read_result("0"), Some("0")),
        (read_result("0.910"), Some("0.910")),
    ] {
        let response = read_response(xml.as_bytes()).expect("a response");
        assert_eq!(
            (response.code, response.score.as_deref()),
            (CodeMajor::Success, score),
            "{xml}"
        );
    }
}

// Checklist F1.h 141.
#[test]
fn an_invalid_response_is_refused_within_bounds() {
    let good = read_result("0.91");
    let end = good.trim_end().len();
    for cut in 0..end {
        assert!(read_response(&good.as_bytes()[..cut]).is_err(), "cut at {cut}");
    }
    assert!(read_response(&good.as_bytes()[..end]).is_ok());

    let page =
        "<!DOCTYPE html>\n<html><head><title>Log in</title></head><body><p>Hello<br></body></html>";
    assert_eq!(read_response(page.as_bytes()), Err(OutcomeError::DocumentType));

    let large = response("success", &"x".repeat(10 << 20), "");
    assert_eq!(read_response(large.as_bytes()), Err(OutcomeError::TooLarge));

    let mut laughs = String::from("<!ENTITY lol \"lol\">");
    for level in 1..10 {
        let earlier = if level == 1 { "&lol;".to_owned() } else { format!("&lol{};", level - 1) };
        laughs.push_str(&format!("<!ENTITY lol{level} \"{}\">", earlier.repeat(10)));
    }
    let laughing = response("success", "&lol9;", "");
    assert_eq!(
        read_response(laughing.as_bytes()),
        Err(OutcomeError::NotXml),
        "the entity is undefined"
    );
    let (declaration, rest) = laughing.split_once('\n').expect("two lines");
    for subset in [&laughs, "<!ENTITY lol9 SYSTEM \"file:///etc/passwd\">"] {
        let xml = format!("{declaration}<!DOCTYPE imsx_POXEnvelopeResponse [{subset}]>{rest}");
        assert!(xml.len() < outcome::LARGEST_RESPONSE);
        assert_eq!(read_response(xml.as_bytes()), Err(OutcomeError::DocumentType));
    }

    let deep = response("success", "", &format!("{}{}", "<a>".repeat(5000), "</a>".repeat(5000)));
    assert_eq!(read_response(deep.as_bytes()), Err(OutcomeError::TooDeep));
}

// Checklist F1.h 143.
#[test]
fn a_launch_without_outcome_url_or_sourcedid_accepts_no_grade() {
    let (url, sourcedid) =
        (("lis_outcome_service_url", "https://lms.example/o"), ("lis_result_sourcedid", "s"));
    assert!(launched(&[url, sourcedid], SignatureMethod::HmacSha1).is_some());
    for params in [
        &[][..],
        &[url],
        &[sourcedid],
        &[url, ("lis_result_sourcedid", "")],
        &[url, ("lis_result_sourcedid", "$Result.sourcedId")],
        &[("lis_outcome_service_url", ""), sourcedid],
        &[("lis_outcome_service_url", "$BasicOutcome.url"), sourcedid],
        &[("lis_outcome_service_url", "not an address"), sourcedid],
    ] {
        assert!(launched(params, SignatureMethod::HmacSha1).is_none(), "{params:?}");
    }
}

/// edX fails on a readResult, and has another service for the same launch.
// Checklist F1.h 144.
#[test]
fn the_result_service_of_edx_is_next_to_its_outcome_service() {
    let words = "Request body XML parsing error: Failed to parse score textString from XML \
                 request body &lt;?xml version=&quot;1.0&quot;?&gt;";
    let refused = read_response(response("failure", words, "").as_bytes()).expect("a response");
    assert_eq!(refused.code, CodeMajor::Failure);
    assert!(refused.description.ends_with("body <?xml version=\"1.0\"?>"));
    assert_eq!(
        result::result_url(&format!("{EDX_URL}/handler_noauth/outcome_service_handler"), EDX),
        Some(format!("{EDX_URL}/handler_noauth/result_service_handler/user/0f3c"))
    );
    assert_eq!(
        result::result_url(&format!("{EDX_URL}/handler_noauth/grade_handler"), EDX),
        Some(format!("{EDX_URL}/handler_noauth/lti_2_0_result_rest_handler/user/0f3c"))
    );
    assert_eq!(result::result_url("https://lms.example/mod/lti/service.php", MOODLE), None);
}

/// edX requires a body hash also for a request without a body.
// Checklist F1.h 145.
#[test]
fn a_request_without_body_is_signed_with_the_hash_of_the_empty_body() {
    assert_eq!(result::CONTENT_TYPE, "application/vnd.ims.lis.v2.result+json");
    let url = format!("{EDX_URL}/handler_noauth/result_service_handler/user/0f3c");
    let signing_key = SigningKey::new(&Secret::new("s3cret"));
    for http_method in ["GET", "DELETE"] {
        let credentials = Credentials {
            key: "key-1",
            signing_key: &signing_key,
            method: SignatureMethod::HmacSha1,
            timestamp: NOW,
            nonce: "n",
        };
        let header = authorization(http_method, &url, b"", &credentials).expect("a header");
        let hashes: Vec<_> =
            parameters(&header).into_iter().filter(|(name, _)| name == "oauth_body_hash").collect();
        assert_eq!(
            hashes,
            [("oauth_body_hash".to_owned(), "2jmj7l5rSw0yVb/vlWAYkK/YBwk=".to_owned())]
        );
    }
}

/// After a launch with HMAC-SHA256, signature and hash of a grade use SHA-256.
// Checklist F1.h 146.
#[test]
fn grades_are_signed_by_the_method_of_their_launch() {
    let sent =
        [("lis_outcome_service_url", "https://lms.example/o"), ("lis_result_sourcedid", "s")];
    let signing_key = SigningKey::new(&Secret::new("s3cret"));
    for (method, hash) in [
        (SignatureMethod::HmacSha1, "2jmj7l5rSw0yVb/vlWAYkK/YBwk="),
        (SignatureMethod::HmacSha256, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
    ] {
        let kept = launched(&sent, method).expect("an outcome service");
        assert_eq!(kept.method, method);
        let credentials = Credentials {
            key: "key-1",
            signing_key: &signing_key,
            method: kept.method,
            timestamp: NOW,
            nonce: "n",
        };
        let header = authorization("DELETE", &kept.url, b"", &credentials).expect("a header");
        let parameters = parameters(&header);
        let value = |name: &str| {
            let found = parameters.iter().find(|(known, _)| known == name).expect("the parameter");
            found.1.clone()
        };
        assert_eq!(
            (value("oauth_signature_method").as_str(), value("oauth_body_hash").as_str()),
            (method.name(), hash)
        );
        let params = Params::default()
            .read_authorization(header.strip_prefix("OAuth ").expect("the scheme"))
            .expect("well formed");
        let base = base_string::base_string("DELETE", "https://lms.example/o", params.iter());
        assert_eq!(value("oauth_signature"), signing_key.sign(method, &base));
    }
}

/// A change of a response: position, number of removed bytes, and inserted bytes.
fn change() -> impl Strategy<Value = (prop::sample::Index, usize, Vec<u8>)> {
    let markup = prop::sample::select(vec![
        "<",
        ">",
        "/>",
        "</",
        "&",
        ";",
        "&#",
        "&#x",
        "&amp;",
        "\"",
        "'",
        "<!",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?",
        "?>",
        "<?xml",
        "<!DOCTYPE",
        "[",
        "]",
        "=",
        " ",
        "xmlns",
        ":",
        "\u{feff}",
        "\0",
        "\r",
        "imsx_codeMajor",
        "success",
    ]);
    let inserted = prop_oneof![
        markup.prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    (any::<prop::sample::Index>(), 0_usize..40, inserted)
}

proptest! {
    #[test]
    fn every_accepted_sourcedid_returns_byte_for_byte(
        sourcedid in prop_oneof![
            any::<String>(),
            "[&<>\"'\r\n\t\\]\\[; %:+@{}!?/a-c\u{85}\u{a0}\u{2028}\u{feff}\u{fffd}]{1,40}",
            "[\\x00-\\x7f]{1,20}",
        ],
    ) {
        let url = ("lis_outcome_service_url", "https://lms.example/o");
        let sent = [url, ("lis_result_sourcedid", &*sourcedid)];
        let kept = launched(&sent, SignatureMethod::HmacSha256);
        let is_xml = |letter| {
            !matches!(
                letter,
                '\0'..'\t' | '\u{b}' | '\u{c}' | '\u{e}'..' ' | '\u{fffe}' | '\u{ffff}'
            )
        };
        let has_only_xml = sourcedid.chars().all(is_xml);
        prop_assert!(kept.is_none() || has_only_xml);
        let is_missing = sourcedid.is_empty() || sourcedid.starts_with('$');
        prop_assert!(kept.is_some() || !has_only_xml || is_missing);
        if let Some(kept) = kept {
            let xml = outcome::request(&Operation::Read, &kept.sourcedid, "m-1");
            prop_assert_eq!(text_of(&xml, "sourcedId"), sourcedid);
        }
    }

    #[test]
    fn random_bytes_are_a_response_or_an_error(
        bytes in any::<Vec<u8>>(),
        text in "[<>/&;#!?a-c\\[\\]\"' =-]{0,60}",
    ) {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            prop_assert!(read_response(bytes).is_err(), "no code occurs by chance");
        }
    }

    #[test]
    fn a_damaged_response_is_a_response_or_an_error(
        description in any::<String>(),
        changes in prop::collection::vec(change(), 1..8),
    ) {
        let description = format!("<imsx_description>{description}");
        let good = read_result("0.91").replace("<imsx_description>", &description);
        let mut bytes = good.into_bytes();
        for (place, cut, inserted) in changes {
            let place = place.index(bytes.len() + 1);
            let end = bytes.len().min(place + cut);
            bytes.splice(place..end, inserted);
        }
        if let Ok(response) = read_response(&bytes) {
            let size = response.description.len() + response.score.unwrap_or_default().len();
            // A byte that is not UTF-8 becomes a character of three bytes.
            prop_assert!(size <= 3 * bytes.len());
        }
    }
}
