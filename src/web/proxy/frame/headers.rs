//! Response headers for the iframe: which of an upstream's headers the browser receives, and with
//! which values.

use std::borrow::Cow;

use hyper::header::{CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue, REFERRER_POLICY};

use super::app::Frame;
use super::policy;
use crate::config::header::is_hop_by_hop;

/// Headers that are removed. The tool's `frame_ancestors` decide who may frame the app. The others
/// affect a whole host, which the app shares with other tools.
const REMOVED: [&str; 7] = [
    "alt-svc",
    "clear-site-data",
    "nel",
    "referrer-policy",
    "report-to",
    "strict-transport-security",
    "x-frame-options",
];

/// The prefix of headers that only the app may see. An app that echoes its request headers would
/// otherwise reveal its grade token to the browser.
const FOR_APPS: &str = "x-lti-";

impl Frame<'_> {
    /// The headers of the response to the browser.
    ///
    /// A value that is not UTF-8 passes byte for byte, unless the gateway must rewrite it.
    pub(in crate::web::proxy) fn response_headers(&self, upstream: &HeaderMap) -> HeaderMap {
        let named_by_connection: Vec<&str> = upstream
            .get_all("connection")
            .iter()
            .filter_map(utf8)
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect();
        // Chunks win over a length (RFC 9112 §6.3), and hyper has already read them. Two lengths in
        // one response would allow response smuggling.
        let is_chunked = upstream.contains_key("transfer-encoding");
        let mut response = HeaderMap::with_capacity(upstream.len() + 2);
        for (name, value) in upstream {
            let header = name;
            let name = name.as_str();
            let is_removed = is_hop_by_hop(name)
                || named_by_connection.iter().any(|named| named.eq_ignore_ascii_case(name))
                || REMOVED.contains(&name)
                || name.starts_with(FOR_APPS)
                || (is_chunked && name == "content-length");
            if is_removed {
                continue;
            }
            if let Some(value) = self.value_for_browser(name, value) {
                response.append(header.clone(), value);
            }
        }
        // The configuration accepts valid values only.
        if let Ok(policy) =
            HeaderValue::try_from(format!("frame-ancestors {}", self.frame_ancestors))
        {
            response.append(CONTENT_SECURITY_POLICY, policy);
        }
        response.append(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        response
    }

    /// The value of a header for the browser. `None` removes the header.
    fn value_for_browser(&self, name: &str, value: &HeaderValue) -> Option<HeaderValue> {
        let is_rewritten = matches!(
            name,
            "location"
                | "content-location"
                | "refresh"
                | "service-worker-allowed"
                | "set-cookie"
                | "content-security-policy"
                | "content-security-policy-report-only"
        );
        if !is_rewritten {
            return Some(value.clone());
        }
        let text = utf8(value)?;
        let rewritten: Cow<'_, str> = match name {
            "location" | "content-location" => self.url(text),
            "refresh" => self.refresh(text),
            "service-worker-allowed" => self.worker_scope(text).map(Cow::Owned),
            "set-cookie" => self.cookie(text).map(Cow::Owned),
            "content-security-policy" | "content-security-policy-report-only" => {
                policy::without_frame_ancestors(text)
            }
            _ => Some(Cow::Borrowed(text)),
        }?;
        match rewritten {
            Cow::Borrowed(same) if same.len() == text.len() => Some(value.clone()),
            rewritten => HeaderValue::from_str(&rewritten).ok(),
        }
    }
}

/// The trailers of an upstream's response that the browser receives.
pub(in crate::web::proxy) fn trailers(upstream: &HeaderMap) -> HeaderMap {
    let _ = upstream;
    HeaderMap::new()
}

/// A header's value as a string, if it is UTF-8.
fn utf8(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderName;

    use super::*;
    use crate::url::{BaseUrl, Origin, Scheme};

    /// The last headers of every response.
    const FRAMED: [(&str, &str); 2] = [
        ("content-security-policy", "frame-ancestors https://campus.example"),
        ("referrer-policy", "same-origin"),
    ];

    fn response(upstream: &[(&str, &[u8])]) -> Vec<(String, String)> {
        let url = BaseUrl {
            origin: Origin { scheme: Scheme::Http, authority: "app.test:9000".to_owned() },
            path: "/app".to_owned(),
        };
        let frame = Frame {
            upstream: &url,
            origin: "https://tools.example",
            prefix: "/lti/nb/~abc",
            is_root: false,
            frame_ancestors: "https://campus.example",
        };
        let mut headers = HeaderMap::new();
        for (name, value) in upstream {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            headers.append(name, HeaderValue::from_bytes(value).expect("a value"));
        }
        frame
            .response_headers(&headers)
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect()
    }

    /// Compares all headers. Headers of one name come together.
    #[track_caller]
    fn check(upstream: &[(&str, &str)], expected: &[(&str, &str)]) {
        let bytes: Vec<_> =
            upstream.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let grouped: HeaderMap = [expected, &FRAMED]
            .concat()
            .into_iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
                (HeaderName::from_static(name), value)
            })
            .collect();
        let expected: Vec<_> = grouped
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        assert_eq!(response(&bytes), expected, "{upstream:?}");
    }

    #[test]
    fn other_headers_keep_their_bytes_and_their_order() {
        let headers = [
            ("content-length", "5"),
            ("content-type", "text/html; charset=utf-8"),
            ("content-encoding", "br"),
            ("etag", "W/\"a\""),
            ("cache-control", "public,  max-age=1"),
            ("vary", "Accept"),
            ("vary", "Origin, Cookie"),
            ("link", "</a.css>; rel=preload"),
            ("link", "<http://app.test:9000/>"),
            ("access-control-allow-origin", "http://app.test:9000"),
            ("www-authenticate", "Basic realm=\"x\""),
            ("sec-websocket-accept", "x="),
            ("x-text", "ü\tü"),
            ("x-empty", ""),
        ];
        check(&headers, &headers);
        check(&[], &[]);
    }

    #[test]
    fn hop_by_hop_headers_and_headers_for_a_whole_host_are_removed() {
        for name in [
            "Connection",
            "Keep-Alive",
            "Proxy-Authenticate",
            "Proxy-Connection",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
            "X-Frame-Options",
            "Clear-Site-Data",
            "Strict-Transport-Security",
            "Alt-Svc",
            "NEL",
            "Report-To",
            "Referrer-Policy",
        ] {
            check(&[("a", "1"), (name, "x"), (name, "y"), ("b", "2")], &[("a", "1"), ("b", "2")]);
        }
    }

    #[test]
    fn headers_that_connection_names_are_hop_by_hop() {
        check(
            &[
                ("connection", "close, X-A ,x-b"),
                ("x-a", "1"),
                ("x-b", "2"),
                ("x-c", "3"),
                ("connection", "x-d"),
                ("x-d", "4"),
            ],
            &[("x-c", "3")],
        );
    }

    #[test]
    fn the_tool_decides_who_may_frame_the_app() {
        check(
            &[
                ("content-security-policy", "default-src 'self'; frame-ancestors 'none'"),
                ("content-security-policy", "frame-ancestors 'none'"),
                ("content-security-policy", "sandbox"),
                ("content-security-policy-report-only", "frame-ancestors 'none'; img-src *"),
                ("content-security-policy-report-only", "frame-ancestors 'none'"),
                ("x-frame-options", "DENY"),
            ],
            &[
                ("content-security-policy", "default-src 'self'"),
                ("content-security-policy", "sandbox"),
                ("content-security-policy-report-only", "img-src *"),
            ],
        );
    }

    #[test]
    fn urls_and_cookies_are_put_below_the_prefix() {
        check(
            &[
                ("location", "http://app.test:9000/app/a"),
                ("content-location", "/app/b"),
                ("refresh", "0; url=/app/c"),
                ("service-worker-allowed", "/"),
                ("set-cookie", "a=1; Path=/"),
                ("set-cookie", "__Secure-lti=stolen"),
                ("set-cookie", "a=2; Path=/x; SameSite=Lax"),
            ],
            &[
                ("location", "/lti/nb/~abc/a"),
                ("content-location", "/lti/nb/~abc/b"),
                ("refresh", "0; url=/lti/nb/~abc/c"),
                ("service-worker-allowed", "/lti/nb/~abc/"),
                ("set-cookie", "a=1; Path=/lti/nb/~abc; Secure; SameSite=None; Partitioned"),
                ("set-cookie", "a=2; Path=/lti/nb/~abc/x; Secure; SameSite=None; Partitioned"),
            ],
        );
    }

    #[test]
    fn a_url_with_control_characters_is_dropped() {
        check(
            &[("location", "/a\tb"), ("refresh", "0;\turl=/a"), ("x-a", "a\tb")],
            &[("x-a", "a\tb")],
        );
    }
}
