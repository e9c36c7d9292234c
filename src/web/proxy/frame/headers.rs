//! Response headers for the iframe: which of an upstream's headers the browser receives, and with
//! which values.

use std::borrow::Cow;

use hyper::header::{
    CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, TRAILER,
};

use super::app::Frame;
use super::host_wide::is_host_wide;
use super::policy;
use super::url_header::UrlSyntax;
use crate::config::header::{is_hop_by_hop, is_identity, normalized};
use crate::proxy::foreign_identity::is_foreign_identity;

/// Headers that the gateway replaces by its own. The tool's `frame_ancestors` decide who may frame
/// the app.
const REPLACED: [&str; 2] = ["referrer-policy", "x-frame-options"];

/// Headers without URLs whose values the gateway rewrites. `url_header` has the others.
const REWRITTEN: [&str; 4] = [
    "content-security-policy",
    "content-security-policy-report-only",
    "service-worker-allowed",
    "set-cookie",
];

/// Further fields that may be headers of a response, but not trailers: they control how the client
/// reads, stores and protects the response (RFC 9110 §6.5.1).
const NEVER_TRAILERS: [&str; 17] = [
    "age",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "expires",
    "host",
    "permissions-policy",
    "pragma",
    "proxy",
    "retry-after",
    "set-cookie2",
    "vary",
    "www-authenticate",
];

/// The starts of further such names.
const NEVER_TRAILER_STARTS: [&str; 5] =
    ["access-control-", "content-security-", "cross-origin-", "proxy-", "sec-"];

/// The prefix of headers that only the app may see. An app that echoes its request headers would
/// otherwise reveal its grade token to the browser.
const FOR_APPS: &str = "x-lti-";

impl Frame<'_> {
    /// The headers of the response to the browser.
    ///
    /// Values pass byte for byte, unless the gateway must rewrite them.
    pub(in crate::web::proxy) fn response_headers(&self, upstream: &HeaderMap) -> HeaderMap {
        let named_by_connection = list(upstream, "connection");
        let is_named =
            |name: &str| named_by_connection.iter().any(|named| named.eq_ignore_ascii_case(name));
        // Chunks win over a length (RFC 9112 §6.3), and hyper has already read them. Two lengths in
        // one response would allow response smuggling.
        let is_chunked = upstream.contains_key("transfer-encoding");
        let mut response = HeaderMap::with_capacity(upstream.len() + 2);
        for (name, value) in upstream {
            let is_removed = is_removed(name.as_str())
                || is_named(name.as_str())
                || (is_chunked && name == "content-length");
            if is_removed {
                continue;
            }
            if let Some(value) = self.value_for_browser(name.as_str(), value) {
                response.append(name, value);
            }
        }
        if let Some(scope) = response.get_mut("service-worker-allowed") {
            // Several values would be no valid scope.
            let scope = scope.clone();
            response.insert("service-worker-allowed", scope);
        }
        if is_chunked && let Some(names) = announced_trailers(upstream, is_named) {
            response.insert(TRAILER, names);
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
        let syntax = UrlSyntax::of(name);
        if syntax.is_none() && !REWRITTEN.contains(&name) {
            return Some(value.clone());
        }
        let text = Text::of(value);
        let rewritten = match name {
            _ if let Some(syntax) = syntax => self.urls(syntax, &text.string),
            "service-worker-allowed" => Some(Cow::Owned(format!("{}/", self.prefix))),
            "set-cookie" => self.cookie(&text.string).map(Cow::Owned),
            _ => policy::without_frame_ancestors(&text.string),
        }?;
        match rewritten {
            Cow::Borrowed(same) if same.len() == text.string.len() => Some(value.clone()),
            rewritten => text.value_of(&rewritten),
        }
    }
}

/// The trailers of an upstream's response that the browser receives.
pub(in crate::web::proxy) fn trailers(upstream: &HeaderMap) -> HeaderMap {
    let kept = upstream.iter().filter(|(name, _)| may_be_trailer(name.as_str()));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Whether no response header of this name reaches the browser. `name` is in lower case.
fn is_removed(name: &str) -> bool {
    is_hop_by_hop(name)
        || REPLACED.contains(&name)
        || is_host_wide(name)
        || name.starts_with(FOR_APPS)
}

/// Whether a response's trailers may contain a field of this name: no header that the gateway
/// removes or rewrites.
fn may_be_trailer(name: &str) -> bool {
    let name = normalized(name);
    !(is_removed(&name)
        || is_identity(&name)
        || is_foreign_identity(&name)
        || REWRITTEN.contains(&&*name)
        || UrlSyntax::of(&name).is_some()
        || NEVER_TRAILERS.contains(&&*name)
        || NEVER_TRAILER_STARTS.iter().any(|start| name.starts_with(start)))
}

/// The value of `Trailer` for the browser: the announced trailers that it receives. hyper sends no
/// others, and none to a client that did not ask for trailers. `None` without any.
fn announced_trailers(
    upstream: &HeaderMap,
    is_named_by_connection: impl Fn(&str) -> bool,
) -> Option<HeaderValue> {
    let mut announced = list(upstream, "trailer");
    announced.retain(|name| {
        HeaderName::from_bytes(name.as_bytes()).is_ok()
            && may_be_trailer(name)
            && !is_named_by_connection(name)
    });
    let names = (!announced.is_empty()).then(|| announced.join(", "))?;
    HeaderValue::try_from(names).ok()
}

/// The members of all lists in headers of this name.
fn list<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    let lists = headers.get_all(name).iter();
    let members = lists.flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
    members.filter_map(|member| std::str::from_utf8(member.trim_ascii()).ok()).collect()
}

/// A header value as a string that the gateway can rewrite.
///
/// The syntax of URLs, cookies and policies is ASCII, and browsers take other bytes as they are:
/// part of a name or of a path. So in a value that is not UTF-8, a character for private use stands
/// for each such byte, and becomes that byte again.
struct Text<'v> {
    string: Cow<'v, str>,
    is_utf8: bool,
}

/// The difference between a byte and its character.
const PRIVATE_USE: u32 = 0xf700;

impl<'v> Text<'v> {
    fn of(value: &'v HeaderValue) -> Self {
        let private_use = |byte: &u8| match byte {
            0..=0x7f => Some(char::from(*byte)),
            _ => char::from_u32(PRIVATE_USE + u32::from(*byte)),
        };
        match std::str::from_utf8(value.as_bytes()) {
            Ok(text) => Self { string: Cow::Borrowed(text), is_utf8: true },
            Err(_) => {
                let string = value.as_bytes().iter().filter_map(private_use).collect();
                Self { string: Cow::Owned(string), is_utf8: false }
            }
        }
    }

    /// The bytes of a rewritten string. `None` if no header can carry them.
    fn value_of(&self, rewritten: &str) -> Option<HeaderValue> {
        if self.is_utf8 {
            return HeaderValue::from_str(rewritten).ok();
        }
        let byte = |letter: char| match u32::from(letter) {
            code @ 0..=0x7f => u8::try_from(code).ok(),
            code => u8::try_from(code.checked_sub(PRIVATE_USE)?).ok(),
        };
        let bytes: Option<Vec<u8>> = rewritten.chars().map(byte).collect();
        HeaderValue::from_bytes(&bytes?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::{BaseUrl, Origin, Scheme};

    /// The last headers of every response.
    const FRAMED: [(&str, &str); 2] = [
        ("content-security-policy", "frame-ancestors https://campus.example"),
        ("referrer-policy", "same-origin"),
    ];

    fn response_below(prefix: &str, upstream: &[(&str, &[u8])]) -> HeaderMap {
        let url = BaseUrl {
            origin: Origin { scheme: Scheme::Http, authority: "app.test:9000".to_owned() },
            path: "/app".to_owned(),
        };
        let frame = Frame {
            upstream: &url,
            origin: "https://tools.example",
            prefix,
            is_root: false,
            frame_ancestors: "https://campus.example",
        };
        frame.response_headers(&header_map(upstream))
    }

    fn header_map(headers: &[(&str, &[u8])]) -> HeaderMap {
        let pair = |(name, value): &(&str, &[u8])| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            (name, HeaderValue::from_bytes(value).expect("a value"))
        };
        headers.iter().map(pair).collect()
    }

    /// Compares all headers. Headers of one name come together.
    #[track_caller]
    fn check(upstream: &[(&str, &str)], expected: &[(&str, &str)]) {
        fn bytes<'h>(headers: &[(&'h str, &'h str)]) -> Vec<(&'h str, &'h [u8])> {
            headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect()
        }
        let expected = header_map(&bytes(&[expected, &FRAMED].concat()));
        let response = response_below("/lti/nb/~abc", &bytes(upstream));
        assert_eq!(response, expected, "{upstream:?}");
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
            "Secure-Session-Registration",
            "Sec-Session-Registration",
            "Use-As-Dictionary",
            "Set-Login",
            "Accept-CH",
            "Critical-CH",
            "Origin-Agent-Cluster",
            "Public-Key-Pins-Report-Only",
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
                ("link", "</app/a.css>; rel=preload"),
                ("link", "<http://app.test:9000/>"),
                ("hx-location", "{\"path\": \"/app/d\"}"),
                ("service-worker-allowed", "/"),
                ("set-cookie", "a=1; Path=/"),
                ("set-cookie", "__Secure-lti=stolen"),
                ("set-cookie", "a=2; Path=/x; SameSite=Lax"),
            ],
            &[
                ("location", "/lti/nb/~abc/a"),
                ("content-location", "/lti/nb/~abc/b"),
                ("refresh", "0; url=/lti/nb/~abc/c"),
                ("link", "</lti/nb/~abc/a.css>; rel=preload"),
                ("link", "</lti/nb/~abc/>"),
                ("hx-location", "{\"path\": \"/lti/nb/~abc/d\"}"),
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

    #[test]
    fn a_value_that_is_not_utf_8_keeps_its_bytes() {
        let upstream: [(&str, &[u8]); 7] = [
            ("x-a", b"\xfc"),
            ("content-disposition", b"attachment; filename=\"\xfc\""),
            ("location", b"/app/\xfc?\x85"),
            ("refresh", b"0; url=http://app.test:9000/app/\xa0"),
            ("set-cookie", b"a=\xfc\x85 ; Path=/\xe9; Domain=app.test; X=\xa0"),
            ("set-cookie", b"__Secure-lti=\xfc"),
            ("content-security-policy", b"img-src \xfc; frame-ancestors 'none'"),
        ];
        let response = response_below("/lti/nb/~abc", &upstream);
        let values = |name| -> Vec<&[u8]> {
            response.get_all(name).iter().map(HeaderValue::as_bytes).collect()
        };
        assert_eq!(values("x-a"), [b"\xfc"]);
        assert_eq!(values("content-disposition"), [b"attachment; filename=\"\xfc\""]);
        assert_eq!(values("location"), [b"/lti/nb/~abc/\xfc?\x85"]);
        assert_eq!(values("refresh"), [b"0; url=/lti/nb/~abc/\xa0"]);
        assert_eq!(
            values("set-cookie"),
            [
                &b"a=\xfc\x85; X=\xa0; Path=/lti/nb/~abc/\xe9; Secure; SameSite=None; Partitioned"
                    [..]
            ]
        );
        assert_eq!(
            values("content-security-policy"),
            [&b"img-src \xfc"[..], b"frame-ancestors https://campus.example"]
        );
    }

    #[test]
    fn a_service_worker_may_have_the_whole_app_as_its_scope_and_no_more() {
        for (prefix, scope) in
            [("/lti/nb/~abc", "/lti/nb/~abc/"), ("/lti/nb", "/lti/nb/"), ("", "/")]
        {
            for values in [
                &["/"][..],
                &["/app/"],
                &["/lti/nb/~abc/x/"],
                &["../"],
                &["\t"],
                &[""],
                &["/", "/lti/"],
            ] {
                let sent: Vec<_> = values
                    .iter()
                    .map(|value| ("Service-Worker-Allowed", value.as_bytes()))
                    .collect();
                let response = response_below(prefix, &sent);
                let allowed: Vec<_> = response.get_all("service-worker-allowed").iter().collect();
                assert_eq!(allowed, [scope], "{values:?} below {prefix:?}");
            }
            assert!(!response_below(prefix, &[]).contains_key("service-worker-allowed"));
        }
    }

    /// Trailers that reach no browser.
    const KEPT_BACK: [&str; 21] = [
        "Content-Length",
        "Transfer-Encoding",
        "Trailer",
        "Set-Cookie",
        "Set_Cookie",
        "Location",
        "Refresh",
        "Link",
        "SourceMap",
        "HX_Redirect",
        "Content-Security-Policy",
        "X-Frame-Options",
        "Strict-Transport-Security",
        "Clear_Site_Data",
        "Service-Worker-Allowed",
        "X-LTI-Grade-Token",
        "X_Forwarded_User",
        "X-WEBAUTH-USER",
        "Access-Control-Allow-Origin",
        "Cache-Control",
        "Content-Type",
    ];

    #[test]
    fn trailers_pass_through_the_filter() {
        for name in KEPT_BACK {
            let kept = trailers(&header_map(&[("x-a", b"\xfc"), (name, b"evil"), ("x-a", b"2")]));
            assert_eq!(kept, header_map(&[("x-a", b"\xfc"), ("x-a", b"2")]), "{name}");
        }
        let passed: [(&str, &[u8]); 4] = [
            ("server-timing", b"db;dur=5"),
            ("grpc-status", b"0"),
            ("repr-digest", b"sha-256=:x:"),
            ("etag", b"\"x\""),
        ];
        assert_eq!(trailers(&header_map(&passed)), header_map(&passed));
    }

    #[test]
    fn only_a_chunked_response_announces_trailers_and_only_those_that_pass() {
        let announced = |headers: &[(&str, &str)]| {
            let bytes: Vec<_> =
                headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
            let response = response_below("", &bytes);
            response.get("trailer").map(|names| names.to_str().expect("text").to_owned())
        };
        let chunked = ("Transfer-Encoding", "chunked");
        assert_eq!(announced(&[("Trailer", "X-A")]), None);
        assert_eq!(announced(&[chunked]), None);
        assert_eq!(announced(&[chunked, ("Trailer", "X-A , x-b,,b@d, ")]), Some("X-A, x-b".into()));
        assert_eq!(
            announced(&[chunked, ("Trailer", "x-a, x-b"), ("Connection", "X-B")]),
            Some("x-a".into())
        );
        for name in KEPT_BACK {
            assert_eq!(announced(&[chunked, ("Trailer", name)]), None, "{name}");
        }
    }
}
