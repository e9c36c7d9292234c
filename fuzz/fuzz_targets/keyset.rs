//! Reads any bytes as a platform's keyset.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lti::jose::{Algorithm, Algorithms, Keyset};
use lti::v1p1::Consumers;
use lti::v1p3::{
    AnsweredLogin, Client, FetchedKeys, LaunchUrl, TokenPolicy, TrustedPlatform, examine_token,
    read_token,
};

/// Unsigned tokens with the key `k`: `{"alg":"RS256","kid":"k"}` and the same with ES256.
const TOKENS: [&str; 2] =
    ["eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.e30.AAAA", "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ.e30.AAAA"];

fuzz_target!(|input: &[u8]| {
    let Ok(keyset) = Keyset::read(input) else { return };
    assert!(input.len() <= Keyset::LONGEST && keyset.size() <= Keyset::MOST_KEYS);
    let platform = TrustedPlatform {
        name: "p".into(),
        issuer: "i".to_owned(),
        auth_url: "https://lms.example/auth".to_owned(),
        algorithms: Algorithms::new(Algorithm::ALL),
        anonymous: false,
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
    let login = AnsweredLogin { nonce: "n", expires: 0, same_browser: true };
    for token in TOKENS {
        let read = read_token(token, &login, &policy, 0, |_| false).expect("a token");
        let keys = FetchedKeys { keyset: &keyset, age: 0 };
        let examination = examine_token(&read, keys, &login, &policy, 0);
        let code = examination.rejection().map(|rejection| rejection.code());
        let expected = if keyset.has("k") { "bad-token-signature" } else { "unknown-key-id" };
        assert_eq!(code, Some(expected));
    }
});
