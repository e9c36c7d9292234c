//! Sends any query, header and body through parameters, base string and verification.
//!
//! The first two zero bytes divide the input into query, `Authorization` credentials and body. A
//! readable body is also signed, so that the fuzzer reaches the code after a valid signature.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use lti::admission::Verdict;
use lti::oauth1::base_string::{base_string, base_uri};
use lti::oauth1::{Credentials, Params, SignatureMethod, SigningKey, Source};
use lti::v1p1::{Consumer, Consumers, LaunchPolicy, LaunchRequest, examine, sign};
use lti::{MemoryReplay, Secret};

const NOW: u64 = 1_700_000_000;

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(3, |byte| *byte == 0);
    let query = parts.next().and_then(|part| std::str::from_utf8(part).ok());
    let authorization = parts
        .next()
        .and_then(|part| std::str::from_utf8(part).ok())
        .filter(|part| !part.is_empty());
    let body = parts.next().unwrap_or_default();

    let consumer = || Consumer::new("key-1", [Secret::new("s3cret")], SignatureMethod::ALL);
    let policy = LaunchPolicy {
        consumers: Consumers::new("a", [consumer()]),
        roles: None,
        clock_skew: 300,
        secrets: Arc::default(),
    };
    let request = LaunchRequest {
        scheme: "https",
        authority: "tool.example",
        path: "/lti/a",
        query,
        authorization,
        body,
    };
    // The input cannot contain a valid signature.
    assert!(examine(&request, &policy, NOW, |_| true).verdict().is_err());

    let Ok(params) = Params::default().read_form(Source::Body, body) else { return };
    let base = base_string("POST", &base_uri("https", "tool.example", "/lti/a"), params.iter());
    assert!(base.is_ascii());

    let pairs: Vec<(&str, &str)> = params
        .iter()
        .map(|param| (param.name, param.value))
        .filter(|(name, _)| !name.starts_with("oauth_"))
        .collect();
    let signing_key = SigningKey::new(&Secret::new("s3cret"));
    let credentials = Credentials {
        key: "key-1",
        signing_key: &signing_key,
        method: SignatureMethod::HmacSha1,
        timestamp: NOW,
        nonce: "n",
    };
    let Ok(signed) = sign("https://tool.example/lti/a", &pairs, &credentials) else { return };
    let body = signed.as_bytes();
    let request = LaunchRequest { query: None, authorization: None, body, ..request };
    let examination = examine(&request, &policy, NOW, |_| false);
    if pairs.len() + 7 <= Params::MAX {
        assert!(examination.variant().is_some(), "a signed form verifies");
    }
    if let Ok(Verdict::New(candidate)) = examination.verdict() {
        let spent = MemoryReplay::new(1).spend(candidate.nonce(), NOW);
        let message = candidate.admit(spent).expect("a fresh nonce");
        let launch = message.launch();
        assert!(launch.params().eq(pairs), "the launch has exactly the signed parameters");
    }
});
