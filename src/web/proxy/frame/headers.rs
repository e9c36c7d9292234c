//! Response headers for the iframe: which of an upstream's headers reach the browser, and as what.

use std::borrow::Cow;

use rocket::http::Header;

use super::app::Frame;
use super::policy;
use crate::config::header::is_hop_by_hop;

/// What is not passed on: who may frame the app is the tool's to say, and the others are said of a whole host, which the
/// app shares.
const GONE: [&str; 7] = [
    "alt-svc",
    "clear-site-data",
    "nel",
    "referrer-policy",
    "report-to",
    "strict-transport-security",
    "x-frame-options",
];

/// What the gateway alone tells the app: an app that answers with what it was asked would tell a browser its grade token.
const FOR_APPS: &str = "x-lti-";

impl Frame<'_> {
    /// The headers of the answer to the browser.
    ///
    /// A header that is not UTF-8 is dropped: Rocket's headers are text, and to guess at another encoding could turn one
    /// file name or address into another. Of a `Content-Disposition` like that an `attachment` is left, so that nothing is
    /// shown in the page that was to be saved.
    pub(in crate::web::proxy) fn answer_headers(
        &self,
        upstream: &hyper::HeaderMap,
    ) -> Vec<Header<'static>> {
        let text = |value| {
            std::str::from_utf8(<hyper::header::HeaderValue as AsRef<[u8]>>::as_ref(value)).ok()
        };
        let of_connection: Vec<&str> = upstream
            .get_all("connection")
            .iter()
            .filter_map(text)
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect();
        // Of two lengths the chunks count (RFC 9112 §6.3), and they are read by now.
        let is_chunked = upstream.contains_key("transfer-encoding");
        let mut answer = Vec::with_capacity(upstream.len() + 2);
        for (name, value) in upstream {
            let name = name.as_str();
            let is_gone = is_hop_by_hop(name)
                || of_connection.iter().any(|named| named.eq_ignore_ascii_case(name))
                || GONE.contains(&name)
                || name.starts_with(FOR_APPS)
                || (is_chunked && name == "content-length");
            let readable = text(value).or((name == "content-disposition").then_some("attachment"));
            let Some(value) = readable.filter(|_| !is_gone) else { continue };
            let value = match name {
                "location" | "content-location" => self.address(value),
                "refresh" => self.refresh(value),
                "service-worker-allowed" => self.worker_scope(value).map(Cow::Owned),
                "set-cookie" => self.cookie(value).map(Cow::Owned),
                "content-security-policy" | "content-security-policy-report-only" => {
                    policy::without_frame_ancestors(value)
                }
                _ => Some(Cow::Borrowed(value)),
            };
            answer.extend(value.map(|value| Header::new(name.to_owned(), value.into_owned())));
        }
        let ancestors = format!("frame-ancestors {}", self.frame_ancestors);
        answer.push(Header::new("content-security-policy", ancestors));
        answer.push(Header::new("referrer-policy", "same-origin"));
        answer
    }
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;
    use crate::url::{BaseUrl, Origin, Scheme};

    /// What every answer ends with.
    const FRAMED: [(&str, &str); 2] = [
        ("content-security-policy", "frame-ancestors https://campus.example"),
        ("referrer-policy", "same-origin"),
    ];

    fn answer(upstream: &[(&str, &[u8])]) -> Vec<(String, String)> {
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
            .answer_headers(&headers)
            .into_iter()
            .map(|header| (header.name.to_string(), header.value.into_owned()))
            .collect()
    }

    #[track_caller]
    fn check(upstream: &[(&str, &str)], expected: &[(&str, &str)]) {
        let bytes: Vec<_> =
            upstream.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let answer = answer(&bytes);
        let answer: Vec<_> =
            answer.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(answer, [expected, &FRAMED].concat(), "{upstream:?}");
    }

    #[test]
    fn what_says_nothing_of_frames_and_addresses_keeps_its_bytes_and_its_order() {
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
    fn what_is_of_the_connection_or_of_the_whole_host_is_gone() {
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
    fn what_connection_names_is_of_the_connection() {
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
    fn a_value_that_is_not_text_is_dropped() {
        let answer = answer(&[
            ("x-a", b"\xfc"),
            ("x-b", b"b"),
            ("location", b"/\xfc"),
            ("content-disposition", b"attachment; filename=\"\xfc\""),
            ("x-b", b"\xc3\xbc"),
        ]);
        let saved = ("content-disposition", "attachment");
        let expected = [("x-b", "b"), ("x-b", "ü"), saved, FRAMED[0], FRAMED[1]];
        assert_eq!(answer, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn who_may_frame_the_app_is_the_tools_to_say() {
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
    fn addresses_and_cookies_are_put_below_the_prefix() {
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
    fn an_address_with_control_characters_is_dropped() {
        check(
            &[("location", "/a\tb"), ("refresh", "0;\turl=/a"), ("x-a", "a\tb")],
            &[("x-a", "a\tb")],
        );
    }
}
