//! Reads any bytes as the documents of a dynamic registration.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lti::v1p3::{OpenidConfiguration, Registered, refusal_code, refusal_message};

fuzz_target!(|input: &[u8]| {
    let is_line = |text: &str| !text.chars().any(char::is_control);
    if let Ok(configuration) = OpenidConfiguration::read(input) {
        let OpenidConfiguration { issuer, auth_url, token_url, .. } = &configuration;
        let OpenidConfiguration { jwks_url, registration_url, .. } = &configuration;
        for text in [issuer, auth_url, token_url, jwks_url, registration_url] {
            assert!(is_line(text) && !text.is_empty());
        }
    }
    if let Ok(registered) = Registered::read(input) {
        assert!(is_line(registered.client_id.as_str()));
    }
    assert!(refusal_message(input).is_none_or(|message| is_line(&message)));
    let is_code = |code: String| code.bytes().all(|it| it == b'_' || it.is_ascii_lowercase());
    assert!(refusal_code(input).is_none_or(is_code));
});
