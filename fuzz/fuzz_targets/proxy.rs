//! Sends any path, query and headers through the choice of the upstream's request.
//!
//! `src/proxy` is part of the gateway, so this target builds the gateway with Rocket, unlike the
//! others. The first two zero bytes divide the input into path, query and header lines.

#![no_main]

use hyper::header::{COOKIE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use libfuzzer_sys::fuzz_target;
use lti_gateway::proxy::headers::{HeaderPolicy, request_trailers};
use lti_gateway::proxy::path::has_dot_segment;
use lti_gateway::proxy::request::{BrowserRequest, ProxiedRequest};
use lti_gateway::session::is_own_cookie;
use lti_gateway::url::{BaseUrl, Origin, Scheme};

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(3, |byte| *byte == 0);
    let Ok(rest) = std::str::from_utf8(parts.next().unwrap_or_default()) else { return };
    let Ok(query) = parts.next().map(std::str::from_utf8).transpose() else { return };
    // The listener passes paths that begin with a slash, or none.
    if !rest.is_empty() && !rest.starts_with('/') {
        return;
    }
    let headers: HeaderMap = parts
        .next()
        .unwrap_or_default()
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = HeaderName::from_bytes(&line[..colon]).ok()?;
            Some((name, HeaderValue::from_bytes(&line[colon + 1..]).ok()?))
        })
        .collect();

    let upstream = BaseUrl {
        origin: Origin { scheme: Scheme::Http, authority: "app.test:9000".to_owned() },
        path: "/app".to_owned(),
    };
    let method = Method::POST;
    let browser = BrowserRequest {
        method: &method,
        rest,
        query,
        headers: &headers,
        peer: None,
        behind_heroku: false,
    };
    let Ok(request) = ProxiedRequest::read(browser, &upstream) else { return };
    let own = [(HeaderName::from_static("x-own"), HeaderValue::from_static("own"))];
    let user = [(HeaderName::from_static("x-forwarded-user"), HeaderValue::from_static("ada"))];
    let policy = HeaderPolicy {
        upstream: &upstream,
        origin: "https://tools.example",
        prefix: "/lti/nb/~abc",
        configured: &own,
        pass_host_header: false,
    };
    let request = request.upstream_request(&policy, &user, ());
    check_url(request.uri());
    check_headers(request.headers());
    let trailers = request_trailers(headers.clone());
    assert!(!trailers.contains_key(COOKIE) && !trailers.contains_key(HOST));
    check_identity(&trailers, &[]);
});

/// Asserts that a URL stays on the server and below the base path.
fn check_url(uri: &Uri) {
    assert_eq!(uri.authority().map(|authority| authority.as_str()), Some("app.test:9000"));
    let rest = uri.path().strip_prefix("/app").expect("the base path");
    assert!(rest.is_empty() || rest.starts_with('/'), "{uri}");
    assert!(!has_dot_segment(uri.path()), "{uri}");
}

/// Asserts that a request's headers contain nothing that only the gateway may set, and no cookie of
/// the gateway.
fn check_headers(headers: &HeaderMap) {
    for (name, expected) in
        [("host", "app.test:9000"), ("x-own", "own"), ("x-forwarded-user", "ada")]
    {
        let values: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(values, [expected]);
    }
    check_identity(headers, &["x-own", "x-forwarded-user"]);
    for cookie in headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
    {
        let name = cookie.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
        assert!(std::str::from_utf8(name).map_or(true, |name| !is_own_cookie(name)));
    }
}

/// Asserts that no other header is read as identity by a server that treats all punctuation as `-`.
fn check_identity(headers: &HeaderMap, but: &[&str]) {
    for name in headers.keys().filter(|name| !but.contains(&name.as_str())) {
        let normalized: String = name
            .as_str()
            .chars()
            .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
            .collect();
        for start in ["x-forwarded-", "x-lti-", "x-remote-", "x-webauth-", "x-auth-request-"] {
            assert!(!normalized.starts_with(start), "{name}");
        }
        let known = ["x-own", "remote-user", "x-real-ip", "proxy", "keep-alive", "expect"];
        assert!(
            but.is_empty() && normalized == "x-own" || !known.contains(&&*normalized),
            "{name}"
        );
    }
}
