//! A grade of a user who migrated from LTI 1.1.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};

use super::*;
use crate::support::lti_claim;

// LTI13 §18, case 29.
#[test]
fn the_grade_of_a_migrated_user_goes_to_the_platforms_own_id() {
    let stage = Stage::with("", "key = \"course-a\"\nsecret = \"s3cret-of-20-characters\"");
    let token = stage.token_of(|claims| {
        let (exp, nonce) = (&claims["exp"], claims["nonce"].as_str().expect("a nonce"));
        let text = format!("course-a&1&https://lms.example&client-1&{exp}&{nonce}");
        let key = Hmac::<sha2::Sha256>::new_from_slice(b"s3cret-of-20-characters");
        let mac = key.expect("a key").chain_update(text).finalize().into_bytes();
        claims[lti_claim("lti1p1")] = json!({
            "oauth_consumer_key": "course-a",
            "oauth_consumer_key_sign": STANDARD.encode(mac),
            "user_id": "old-7",
        });
    });
    let token = token.expect("a grade token");
    stage.deliver(&token, r#"{"score":0.5}"#);
    let scores = stage.platform.scores();
    let users: Vec<_> = scores.iter().map(|score| &score["userId"]).collect();
    assert_eq!(users, [&json!("user-4711")]);
}
