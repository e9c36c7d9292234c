//! Verifies an assertion as an upstream does: with the published keys of the gateway.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;

/// A verified assertion.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    pub header: Value,
    pub claims: Value,
}

/// Verifies an assertion (RFC 7515, RFC 8037) with the key that its header names. `None` if the JWKS
/// does not contain the key, or the key did not sign it.
#[track_caller]
pub fn verify(token: &str, jwks: &Value) -> Option<Assertion> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("not three parts: {token}") };
    let json = |part: &str| -> Value { serde_json::from_slice(&decode(part)).expect("JSON") };
    let assertion = Assertion { header: json(header), claims: json(claims) };
    assert_eq!(assertion.header["alg"], "EdDSA");
    let keys = jwks["keys"].as_array().expect("a list of keys");
    let mut named = keys.iter().filter(|key| key["kid"] == assertion.header["kid"]);
    let key = named.next()?;
    assert!(named.next().is_none(), "two keys with one `kid`");
    assert_eq!((&key["kty"], &key["crv"]), (&"OKP".into(), &"Ed25519".into()));
    let key = decode(key["x"].as_str().expect("a public key"));
    let key = VerifyingKey::from_bytes(&key.try_into().expect("32 bytes")).expect("a point");
    let signature = Signature::from_slice(&decode(signature)).expect("64 bytes");
    let signed = &token[..token.rfind('.').expect("a signature")];
    key.verify_strict(signed.as_bytes(), &signature).is_ok().then_some(assertion)
}

#[track_caller]
fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url without padding")
}
