//! Reads any string as an id_token, and signs any claims.
//!
//! The input cannot contain a valid signature, so no token is accepted. The same input as claims of
//! a signed token reaches the code after the signature.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lti::jose::{Algorithm, Algorithms, Keyset, RsaKey, keyset_document, sign};
use lti::v1p1::Consumers;
use lti::v1p3::{
    AnsweredLogin, Client, FetchedKeys, LaunchUrl, TokenPolicy, TrustedPlatform, examine_token,
    read_token,
};
use lti::{MemoryReplay, Message, Secret, admission::Verdict};
use ring::rand::SystemRandom;

const NOW: u64 = 1_700_000_000;

static KEY: LazyLock<RsaKey> = LazyLock::new(|| {
    let pem = include_str!("../../crates/lti/tests/keys/rsa_2048.pem");
    RsaKey::from_pem(&Secret::new(pem)).expect("a key")
});
static KEYSET: LazyLock<Keyset> =
    LazyLock::new(|| Keyset::read(keyset_document([&*KEY]).as_bytes()).expect("a keyset"));

fuzz_target!(|input: &str| {
    let platform = TrustedPlatform {
        name: "p".into(),
        issuer: "i".to_owned(),
        auth_url: "https://lms.example/auth".to_owned(),
        algorithms: Algorithms::new(Algorithm::ALL),
        anonymous: true,
        clients: vec![Client {
            id: "c".into(),
            jwks_url: "https://lms.example/jwks".to_owned(),
            deployments: None,
        }],
        formerly: Vec::new(),
        keeps_ids: false,
    };
    let launch_url = LaunchUrl::new("https", "tool.example", "/lti/a");
    let consumers = Consumers::new("a", []);
    let policy = TokenPolicy {
        tool: "a",
        launch_url: &launch_url,
        platform: &platform,
        client: &platform.clients[0],
        consumers: &consumers,
        roles: None,
        declares_line_item: false,
        clock_skew: 300,
    };
    let login = AnsweredLogin { nonce: "n", expires: NOW, same_browser: true };
    let keys = FetchedKeys { keyset: &KEYSET, age: 0 };
    let examine = |token: &str, is_reload: bool| {
        let read = read_token(token, &login, &policy, NOW, |_| is_reload)?;
        examine_token(&read, keys, &login, &policy, NOW).verdict()
    };
    for is_reload in [false, true] {
        assert!(examine(input, is_reload).is_err());
    }

    let Ok(claims) = serde_json::from_str(input) else { return };
    let token = sign(&claims, &KEY, &SystemRandom::new()).expect("a token");
    if let Ok(Verdict::New(candidate)) = examine(&token, false) {
        assert_eq!((&claims["iss"], &claims["nonce"]), (&"i".into(), &"n".into()));
        let spent = MemoryReplay::new(1).spend(candidate.nonce(), NOW);
        let message = candidate.admit(spent).expect("a new nonce");
        assert_eq!(
            message.launch().resource_link.id.is_empty(),
            matches!(message, Message::Selection(_))
        );
    }
});
