//! Algorithms, keysets and the syntax of tokens.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use lti::Rejection;
use lti::jose::{Algorithm, Algorithms, Keyset, KeysetError, MalformedToken, keyset_document};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding,
    RsaKeyPair,
};
use serde_json::{Value, json};

use crate::attempt::{Attempt, PEM, claims, key, keyset};

// Checklist F1.i 158.
#[test]
fn no_shared_secret_and_no_missing_signature_is_an_algorithm() {
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let kid = key().key_id().to_owned();
    let payload = encode(&claims().to_string());
    let unsigned = |algorithm: Value| {
        let header = encode(&json!({"alg": algorithm, "kid": kid}).to_string());
        format!("{header}.{payload}")
    };
    for algorithm in [json!("none"), json!("None"), json!("NONE"), json!(""), json!(null), json!(1)]
    {
        let unsigned = unsigned(algorithm.clone());
        Attempt::of(format!("{unsigned}.")).assert_rejected("algorithm");
        Attempt::of(format!("{unsigned}.AAAA")).assert_rejected("algorithm");
    }
    // Signed with the public key as a shared secret.
    let signed = unsigned(json!("HS256"));
    let public = include_str!("../keys/rsa_2048_public.pem");
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public.as_bytes());
    let tag = BASE64_URL_SAFE_NO_PAD.encode(ring::hmac::sign(&secret, signed.as_bytes()));
    let confused = Attempt::of(format!("{signed}.{tag}"));
    confused.assert_rejected("algorithm");
    let rejection = confused.verdict().err().expect("rejected");
    assert_eq!(rejection.to_string(), "the algorithm is \"HS256\"; accepted: RS256");
    Attempt::of(format!("{}.AAAA", unsigned(json!("RS512")))).assert_rejected("algorithm");
    Attempt::of(format!("{}.", unsigned(json!("RS256")))).assert_rejected("bad-token-signature");
}

/// A token of these claims, with this header, signed by the closure.
pub(crate) fn token_of(header: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let [header, payload] =
        [header, &claims()].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{payload}");
    let signature = BASE64_URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn rsa_signature(padding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
    let lines: String = PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let pair = RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(lines).expect("base64"));
    let pair = pair.expect("a key");
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(padding, &SystemRandom::new(), message, &mut signature).expect("a signature");
    signature
}

#[test]
fn every_listed_algorithm_verifies() {
    let mut attempt = Attempt::of(String::new());
    attempt.platform.algorithms = Algorithms::new(Algorithm::ALL);
    let mut document: Value = serde_json::from_str(&keyset_document([&key()])).expect("JSON");
    document["keys"][0].as_object_mut().expect("a key").remove("alg");
    let paddings: [(&str, &'static dyn RsaEncoding); 2] =
        [("RS384", &RSA_PKCS1_SHA384), ("RS512", &RSA_PKCS1_SHA512)];
    for (name, padding) in paddings {
        let header = json!({"alg": name, "kid": key().key_id()});
        attempt.token = token_of(&header, |message| rsa_signature(padding, message));
        attempt.keyset = Keyset::read(document.to_string().as_bytes()).expect("a keyset");
        assert!(attempt.verdict().is_ok(), "{name}");
        // A key with an algorithm is valid only for it.
        attempt.keyset = keyset();
        attempt.assert_rejected("bad-token-signature");
    }
    let curves: [(&str, &str, &'static EcdsaSigningAlgorithm); 2] = [
        ("ES256", "P-256", &ECDSA_P256_SHA256_FIXED_SIGNING),
        ("ES384", "P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
    ];
    for (name, curve, algorithm) in curves {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).expect("a key");
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let [x, y] = [x, y].map(|half| BASE64_URL_SAFE_NO_PAD.encode(half));
        let keys = json!({"keys": [{"kty": "EC", "crv": curve, "x": x, "y": y, "kid": "k"}]});
        attempt.keyset = Keyset::read(keys.to_string().as_bytes()).expect("a keyset");
        attempt.token = token_of(&json!({"alg": name, "kid": "k"}), |message| {
            pair.sign(&random, message).expect("a signature").as_ref().to_vec()
        });
        assert!(attempt.verdict().is_ok(), "{name}");
        let other = if name == "ES256" { "ES384" } else { "ES256" };
        let header = json!({"alg": other, "kid": "k"});
        attempt.token = token_of(&header, |message| {
            pair.sign(&random, message).expect("a signature").as_ref().to_vec()
        });
        attempt.assert_rejected("bad-token-signature");
    }
}

// Checklist F1.i 154 and 166.
#[test]
fn only_a_key_of_the_keyset_with_the_right_use_verifies() {
    let document: Value = serde_json::from_str(&keyset_document([&key()])).expect("JSON");
    let good = document["keys"][0].clone();
    let changed = |changes: &[(&str, Value)]| {
        let mut key = good.clone();
        for (member, value) in changes {
            key[*member] = value.clone();
        }
        key
    };
    let mut attempt = Attempt::with(&claims());
    let mut check = |keys: &[Value], code: Option<&str>| {
        let document = json!({"keys": keys, "other": 1});
        attempt.keyset = Keyset::read(document.to_string().as_bytes()).expect("a keyset");
        let found = attempt.verdict().err().map(|rejection| rejection.code());
        assert_eq!(found, code, "{document}");
    };
    let (unknown, bad) = (Some("unknown-key-id"), Some("bad-token-signature"));
    let other = changed(&[("n", json!(BASE64_URL_SAFE_NO_PAD.encode([0xff; 256])))]);
    check(std::slice::from_ref(&good), None);
    check(&[changed(&[("alg", Value::Null), ("use", Value::Null)])], None);
    // A leading zero byte, as some platforms write a positive number.
    let n = good["n"].as_str().expect("a string");
    let mut bytes = vec![0];
    bytes.extend(BASE64_URL_SAFE_NO_PAD.decode(n).expect("base64url"));
    check(&[changed(&[("n", json!(BASE64_URL_SAFE_NO_PAD.encode(&bytes)))])], None);
    // Several keys with one kid are tried.
    check(
        &[other.clone(), json!({"kid": good["kid"], "kty": "oct", "k": "AA"}), good.clone()],
        None,
    );
    check(&[json!(1), json!({}), good.clone()], None);
    check(&[], unknown);
    check(&[changed(&[("kid", json!("other"))])], unknown);
    check(&[changed(&[("kid", Value::Null)])], unknown);
    check(&[other], bad);
    check(&[changed(&[("use", json!("enc"))])], bad);
    check(&[changed(&[("use", json!(1))])], bad);
    check(&[changed(&[("alg", json!("RS512"))])], bad);
    check(&[changed(&[("alg", json!(1))])], bad);
    check(&[changed(&[("kty", json!("EC"))])], bad);
    check(&[changed(&[("n", json!(format!("{n}=")))])], bad);
    check(&[changed(&[("n", json!(""))])], bad);
    check(&[changed(&[("e", json!(""))])], bad);
    check(&[changed(&[("e", json!("AQ"))])], bad);
    let short = json!(BASE64_URL_SAFE_NO_PAD.encode([0xff; 128]));
    check(&[changed(&[("n", short)])], bad);
}

#[test]
fn a_keyset_has_limits() {
    let check = |document: &str, expected: Result<usize, KeysetError>| {
        let found = Keyset::read(document.as_bytes()).map(|keyset| keyset.size());
        assert_eq!(found, expected, "{}", &document[..document.len().min(80)]);
    };
    let keys = |count: usize| json!({"keys": vec![json!({}); count]}).to_string();
    check(&keys(0), Ok(0));
    check(&keys(200), Ok(200));
    check(&keys(201), Err(KeysetError::TooManyKeys));
    for document in [
        "",
        "[]",
        "{}",
        "{\"keys\":{}}",
        "{\"keys\":[],\"keys\":[]}",
        "{\"keys\":[{\"kid\":1,\"kid\":1}]}",
    ] {
        check(document, Err(KeysetError::NotKeyset));
    }
    let padded = |length: usize| format!("{{\"keys\":[]{}}}", " ".repeat(length - 11));
    check(&padded(Keyset::LONGEST), Ok(0));
    check(&padded(Keyset::LONGEST + 1), Err(KeysetError::TooLong));
}

#[test]
fn the_kid_is_a_short_string() {
    let header = |key_id: Value| json!({"alg": "RS256", "kid": key_id});
    for (key_id, code) in [
        (Value::Null, "no-key-id"),
        (json!(1), "no-key-id"),
        (json!("é".repeat(256)), "no-key-id"),
        (json!("é".repeat(255)), "unknown-key-id"),
        (json!(""), "unknown-key-id"),
        (json!("../../etc/passwd"), "unknown-key-id"),
    ] {
        let token = token_of(&header(key_id), |_| vec![0; 256]);
        Attempt::of(token).assert_rejected(code);
    }
}

#[test]
fn a_number_keeps_its_text() {
    let claims = claims().to_string().replace("\"w1\"", "1.50e2");
    let header = json!({"alg": "RS256", "kid": key().key_id()});
    let [header, payload] =
        [header.to_string(), claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    let signed = format!("{header}.{payload}");
    let signature = rsa_signature(&ring::signature::RSA_PKCS1_SHA256, signed.as_bytes());
    let token = format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
    assert_eq!(Attempt::of(token).launch().custom().get("unit"), Some(&"1.50e2"));
}

#[test]
fn a_signed_token_is_strict_json() {
    let check = |payload: &str, expected: MalformedToken| {
        let header = json!({"alg": "RS256", "kid": key().key_id()});
        let [header, payload] =
            [header.to_string().as_str(), payload].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        let signed = format!("{header}.{payload}");
        let signature = rsa_signature(&ring::signature::RSA_PKCS1_SHA256, signed.as_bytes());
        let token = format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
        assert_eq!(Attempt::of(token).verdict().err(), Some(Rejection::NotToken(expected)));
    };
    let text = claims().to_string();
    let body = text.strip_suffix('}').expect("an object");
    let json = MalformedToken::Json("payload");
    check(&format!("{body},\"sub\":\"43\"}}"), json);
    check(&format!("{body},\"s\\u0075b\":\"43\"}}"), json);
    check(&format!("{body},\"x\":{{\"a\":1,\"a\":1}}}}"), json);
    check(&format!("[{text}]"), json);
    check(&format!("{text}{text}"), json);
    check("\"x\"", json);
}
