//! The signatures of requests, verified by an independent implementation.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lti::oauth1::SignatureMethod;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::*;

/// Percent-encoding (RFC 5849 §3.6).
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[track_caller]
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next().expect("a digit"), rest.next().expect("a digit")];
                u8::from_str_radix(std::str::from_utf8(&digits).expect("digits"), 16)
                    .expect("digits")
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// Verifies a request to `origin`. Returns its OAuth parameters.
#[track_caller]
pub(super) fn verified(request: &Recorded, origin: &str, secret: &str) -> BTreeMap<String, String> {
    let line = request.line();
    let (_, target) = line.split_once(' ').expect("a target");
    verified_as(request, &format!("{origin}{target}"), secret)
}

/// Verifies a request for this URL. Returns its OAuth parameters.
#[track_caller]
pub(super) fn verified_as(
    request: &Recorded,
    address: &str,
    secret: &str,
) -> BTreeMap<String, String> {
    let line = request.line();
    let (method, _) = line.split_once(' ').expect("a method");
    let (address, query) = address.split_once('?').unwrap_or((address, ""));

    let header = request.header("authorization").expect("one header");
    let mut oauth = BTreeMap::new();
    for pair in header.strip_prefix("OAuth ").expect("the scheme").split(',') {
        let (name, value) = pair.trim().split_once('=').expect("a value");
        let value =
            value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).expect("in quotes");
        assert!(oauth.insert(decoded(name), decoded(value)).is_none(), "{name} is there twice");
    }
    assert_eq!(oauth.remove("realm").as_deref(), Some(""));
    let names: Vec<&str> = oauth.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "oauth_body_hash",
            "oauth_consumer_key",
            "oauth_nonce",
            "oauth_signature",
            "oauth_signature_method",
            "oauth_timestamp",
            "oauth_version"
        ]
    );
    assert_eq!(oauth["oauth_version"], "1.0");
    let signature = oauth.remove("oauth_signature").expect("signed");

    let mut params: Vec<(String, String)> =
        oauth.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        params.push((
            encoded(&decoded(&name.replace('+', " "))),
            encoded(&decoded(&value.replace('+', " "))),
        ));
    }
    params.sort();
    let params: Vec<String> =
        params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let base = [method, address, &params.join("&")].map(encoded).join("&");
    let key = format!("{}&", encoded(secret));
    let (hash, expected) = match oauth["oauth_signature_method"].as_str() {
        "HMAC-SHA1" => {
            let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("any length");
            mac.update(base.as_bytes());
            (
                STANDARD.encode(Sha1::digest(&request.body)),
                STANDARD.encode(mac.finalize().into_bytes()),
            )
        }
        "HMAC-SHA256" => {
            let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any length");
            mac.update(base.as_bytes());
            (
                STANDARD.encode(Sha256::digest(&request.body)),
                STANDARD.encode(mac.finalize().into_bytes()),
            )
        }
        other => panic!("{other}"),
    };
    assert_eq!((oauth["oauth_body_hash"].as_str(), signature), (hash.as_str(), expected), "{base}");
    oauth
}

#[test]
fn the_signature_covers_body_url_and_query() {
    let stage = Stage::new(pox("success", "", ""));
    for (nonce, address) in [
        ("1", OUTCOME),
        ("2", "/o"),
        ("3", "/a:b+c@d/%3A%c3%a9?b=%20+%2B&a&=x&b=1&a=%C3%A9"),
        ("4", "/?"),
    ] {
        let url = format!("{}{address}", stage.platform.origin());
        let token = stage.token_of(&Form { nonce, ..launch(&url) }).expect("a grade token");
        for (method, body) in [("POST", r#"{"score": 0.5}"#), ("GET", ""), ("DELETE", "")] {
            response_json(&stage.call(method, &token, body), 200);
            let oauth = verified(&stage.platform.request(), &stage.platform.origin(), "s3cret");
            assert_eq!(oauth["oauth_consumer_key"], "key-1");
            assert_eq!(oauth["oauth_signature_method"], "HMAC-SHA1");
            assert_eq!(oauth["oauth_timestamp"], NOW.to_string());
        }
    }
}

#[test]
fn keys_and_secrets_may_have_any_characters() {
    let (key, secret) = ("a:b %\u{e9}\"", "s3cret&=% +\u{e9}");
    let stage = Stage::new(success());
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let server = start(
        &stage.tools.replace("\"key-1\"", &quoted(key)).replace("\"s3cret\"", &quoted(secret)),
    );
    let stage = Stage { server, ..stage };
    let url = stage.outcome_url();
    let token = stage.token_of(&Form { key, secret, ..launch(&url) }).expect("a grade token");
    stage.deliver(&token, "1");
    let oauth = verified(&stage.platform.request(), &stage.platform.origin(), secret);
    assert_eq!(oauth["oauth_consumer_key"], key);
}

/// Also the body hash.
// Checklist F1.h 146.
#[test]
fn a_grade_is_signed_with_the_method_of_its_launch() {
    let stage = Stage::new(success());
    let url = stage.outcome_url();
    for (nonce, method) in [
        ("1", SignatureMethod::HmacSha256),
        ("2", SignatureMethod::HmacSha1),
        ("3", SignatureMethod::HmacSha256),
    ] {
        let token = stage.token_of(&Form { nonce, method, ..launch(&url) }).expect("a grade token");
        stage.deliver(&token, "1");
        let oauth = verified(&stage.platform.request(), &stage.platform.origin(), "s3cret");
        assert_eq!(oauth["oauth_signature_method"], method.name());
    }
}

#[test]
fn every_request_has_a_new_nonce_and_timestamp() {
    let stage = Stage::new(success());
    let token = stage.token();
    let mut nonces = BTreeSet::new();
    for later in 0..5 {
        stage.server.set_now(NOW + later);
        stage.deliver(&token, "1");
        let oauth = verified(&stage.platform.request(), &stage.platform.origin(), "s3cret");
        assert_eq!(oauth["oauth_timestamp"], (NOW + later).to_string());
        nonces.insert(oauth["oauth_nonce"].clone());
    }
    assert_eq!(nonces.len(), 5);
    assert!(nonces.iter().all(|nonce| nonce.len() == 32), "{nonces:?}");
}

/// The grade itself is unchanged.
// Checklist F1.h 142.
#[test]
fn a_retry_has_a_new_nonce_and_timestamp() {
    let unavailable = http("503 Service Unavailable", "text/plain", "Later");
    let stage =
        Stage::durable(responding_in_order([unavailable.clone(), unavailable, success()]), "");
    let url = stage.outcome_url();
    {
        let method = SignatureMethod::HmacSha256;
        let token = stage.token_of(&Form { method, ..launch(&url) }).expect("a grade token");
        let id = stage.queue(&token, "0.10");
        let mut requests = vec![stage.platform.request()];
        stage.server.set_now(NOW + 10);
        requests.push(stage.platform.next());
        stage.wait_for_attempts(&token, &id, 2);
        stage.server.set_now(NOW + 30);
        requests.push(stage.platform.next());
        stage.wait_for_status(&token, &id, "delivered");
        stage.platform.saw_nothing();
        let oauth: Vec<_> = requests
            .iter()
            .map(|request| {
                assert_eq!(element(request, "textString"), "0.10");
                assert_eq!(element(request, "sourcedId"), SOURCEDID);
                verified(request, &stage.platform.origin(), "s3cret")
            })
            .collect();
        let times: Vec<&str> = oauth.iter().map(|one| one["oauth_timestamp"].as_str()).collect();
        assert_eq!(times, [NOW, NOW + 10, NOW + 30].map(|time| time.to_string()));
        let distinct = |of: &dyn Fn(usize) -> String| (0..3).map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(&|at| oauth[at]["oauth_nonce"].clone()), 3);
        assert_eq!(distinct(&|at| oauth[at]["oauth_body_hash"].clone()), 3);
        assert_eq!(distinct(&|at| element(&requests[at], "imsx_messageIdentifier")), 3);
        assert!(oauth.iter().all(|one| one["oauth_signature_method"] == method.name()));
    }
}

/// URLs that change when they are normalized: the outcome URL of the launch, and the request
/// target.
const NORMALIZED: [(&str, &str); 5] = [
    ("/o/{course}?a=b", "/o/%7Bcourse%7D?a=b"),
    ("/\u{e9}tudes/o", "/%C3%A9tudes/o"),
    ("/a/../b/./o?c=d", "/b/o?c=d"),
    ("/o\"p\"", "/o%22p%22"),
    ("/o/%2e%2e/p", "/p"),
];

#[test]
fn a_platform_that_verifies_the_request_url_accepts_the_second_request() {
    for (at, (named, asked)) in NORMALIZED.into_iter().enumerate() {
        let stage = Stage::new("");
        let stage = Stage {
            platform: responding_in_order([
                http("401 Unauthorized", "text/plain", "Bad signature"),
                success(),
            ]),
            ..stage
        };
        let origin = stage.platform.origin();
        let (url, nonce) = (format!("{origin}{named}"), at.to_string());
        let token = stage.token_of(&Form { nonce: &nonce, ..launch(&url) }).expect("a grade token");
        stage.deliver(&token, "1");
        let (first, second) = (stage.platform.next(), stage.platform.request());
        for request in [&first, &second] {
            assert_eq!(request.line(), format!("POST {asked}"));
            assert_eq!(element(request, "textString"), "1");
        }
        let first = verified_as(&first, &format!("{origin}{named}"), "s3cret");
        let second = verified(&second, &origin, "s3cret");
        assert_ne!(first["oauth_nonce"], second["oauth_nonce"]);
    }
}

#[test]
fn a_platform_that_verifies_its_own_url_accepts_the_first_request() {
    let stage = Stage::new(success());
    let origin = stage.platform.origin();
    for (at, (named, asked)) in NORMALIZED.into_iter().enumerate() {
        let (url, nonce) = (format!("{origin}{named}"), at.to_string());
        let token = stage.token_of(&Form { nonce: &nonce, ..launch(&url) }).expect("a grade token");
        for (method, body) in [("POST", r#"{"score": 0.5}"#), ("DELETE", "")] {
            response_json(&stage.call(method, &token, body), 200);
            let request = stage.platform.request();
            assert_eq!(request.line(), format!("POST {asked}"));
            verified_as(&request, &url, "s3cret");
        }
    }
}

#[test]
fn a_url_that_is_already_normal_gets_one_request() {
    let stage = Stage::new(http("401 Unauthorized", "text/plain", "Bad signature"));
    let token = stage.token();
    refused(&stage.call("POST", &token, r#"{"score":1}"#), 502, "platform-refused");
    verified(&stage.platform.request(), &stage.platform.origin(), "s3cret");
}
