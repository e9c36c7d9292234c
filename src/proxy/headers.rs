//! The browser headers that an upstream receives, and their values.
//!
//! The gateway removes each header that could forge identity or the gateway's own headers, in every
//! spelling that some server reads as the same name. It also removes hop-by-hop headers (RFC 9110
//! §7.6.1). This is a blocklist: apps read many headers that the gateway does not know.
//!
//! `session_headers` adds the user's identity. `request` adds the framing of the body and the
//! browser's IP address. This file also detects cross-site request forgery (CSRF) and WebSockets.

use std::borrow::Cow;

use hyper::header::{CONNECTION, COOKIE, HOST, HeaderName, HeaderValue, ORIGIN, REFERER};
use hyper::{HeaderMap, Method};

use super::cookie;
use super::foreign_identity::is_foreign_identity;
use crate::config::Upstream;
use crate::config::header::{is_hop_by_hop, is_identity, is_same, normalized};
use crate::session::{TICKET_PARAMETER, is_own_cookie};
use crate::url::{BaseUrl, UrlParts};

/// Fields that may be headers of a request, but not trailers: cookies and the page, the format of
/// the body, and modifiers of the request.
const NEVER_TRAILERS: [&str; 18] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "cookie2",
    "dpop",
    "early-data",
    "from",
    "http2-settings",
    "max-forwards",
    "origin",
    "pragma",
    "range",
    "referer",
    "via",
];

/// The starts of further such names: conditions, facts about the page, and methods and paths that
/// some servers prefer to those of the request.
const NEVER_TRAILER_STARTS: [&str; 9] = [
    "access-control-",
    "if-",
    "sec-",
    "service-worker",
    "x-auth-",
    "x-http-method",
    "x-method",
    "x-original-",
    "x-rewrite-",
];

/// The ends of further such names: credentials.
const NEVER_TRAILER_ENDS: [&str; 4] = ["authorization", "-key", "-secret", "-token"];

/// The facts that decide which browser headers the upstream receives, and with which values.
#[derive(Clone, Copy)]
pub struct HeaderPolicy<'a> {
    /// The app's URL, as the gateway reaches it.
    pub upstream: &'a BaseUrl,
    /// The gateway's origin, as browsers see it: `https://host[:port]`.
    pub origin: &'a str,
    /// The path before the app's own paths in the gateway's URLs; may be empty.
    pub prefix: &'a str,
    /// The tool's configured headers.
    pub configured: &'a [(HeaderName, HeaderValue)],
}

impl HeaderPolicy<'_> {
    /// The headers of the upstream request, without the framing of its body and the identity.
    ///
    /// `Host` and the tool's headers are added last, so that a browser cannot remove them by naming
    /// them in `Connection`.
    pub fn request_headers(&self, browser: &HeaderMap) -> HeaderMap {
        /// The capacity for headers that the gateway adds.
        const ADDED: usize = 16;
        let named_by_connection = named_by_connection(browser);
        let capacity = browser.len() + self.configured.len() + ADDED;
        let mut headers = HeaderMap::with_capacity(capacity);
        for (name, value) in browser {
            let is_named = |named: &&[u8]| named.eq_ignore_ascii_case(name.as_str().as_bytes());
            if self.is_removed(name.as_str()) || named_by_connection.iter().any(is_named) {
                continue;
            }
            if let Some(value) = self.value_for_app(name, value) {
                add(&mut headers, name.clone(), value);
            }
        }
        // The configuration accepts valid authorities only.
        if let Ok(authority) = HeaderValue::from_str(&self.upstream.origin.authority) {
            add(&mut headers, HOST, authority);
        }
        for (name, value) in self.configured {
            add(&mut headers, name.clone(), value.clone());
        }
        headers
    }

    /// Whether the gateway removes a browser header of this name.
    ///
    /// CGI and its successors read every special character of a name as `_`, also in the names of
    /// framing headers. They read `Proxy` as a setting of their own (CVE-2016-5385).
    fn is_removed(&self, name: &str) -> bool {
        let name = normalized(name);
        is_of_gateway(&name) || self.configured.iter().any(|(own, _)| is_same(own.as_str(), &name))
    }

    /// The value of `Trailer` for the upstream: the announced trailers that the upstream may
    /// receive. hyper sends no others. `None` without any.
    pub(super) fn announced_trailers(&self, browser: &HeaderMap) -> Option<HeaderValue> {
        let named_by_connection = named_by_connection(browser);
        let is_named = |name: &str| {
            named_by_connection.iter().any(|named| named.eq_ignore_ascii_case(name.as_bytes()))
        };
        let announced: Vec<&str> = values(browser, "trailer")
            .flat_map(|list| list.split(','))
            .map(str::trim)
            .filter(|name| HeaderName::from_bytes(name.as_bytes()).is_ok())
            .filter(|name| may_be_trailer(name) && !self.is_removed(name) && !is_named(name))
            .collect();
        let list = (!announced.is_empty()).then(|| announced.join(", "))?;
        HeaderValue::try_from(list).ok()
    }

    /// The value of a browser header for the app. `None` removes the header. Other values pass byte
    /// for byte.
    fn value_for_app(&self, name: &HeaderName, value: &HeaderValue) -> Option<HeaderValue> {
        match *name {
            COOKIE => self.app_cookies(value),
            // A browser's URLs are ASCII. Another value can have two readings, so remove it.
            ORIGIN => unless_same(value, self.page_origin(value.to_str().ok()?)),
            REFERER => unless_same(value, self.referer(value.to_str().ok()?)?),
            _ => Some(value.clone()),
        }
    }

    /// A `Cookie` header without the gateway's cookies, and with the app's cookies under the names
    /// that the app chose. `None` if no cookie is left.
    fn app_cookies(&self, value: &HeaderValue) -> Option<HeaderValue> {
        let mut is_changed = false;
        let mut kept: Vec<Cow<'_, [u8]>> = Vec::new();
        for cookie in value.as_bytes().split(|byte| *byte == b';') {
            if is_own(cookie) {
                is_changed = true;
                continue;
            }
            let bare = cookie.trim_ascii_start();
            match cookie::renamed_for_app(bare) {
                Some(renamed) if !self.prefix.is_empty() => {
                    is_changed = true;
                    if !is_own(&renamed) {
                        let space = &cookie[..cookie.len() - bare.len()];
                        kept.push(Cow::Owned([space, &renamed].concat()));
                    }
                }
                _ => kept.push(Cow::Borrowed(cookie)),
            }
        }
        match is_changed {
            false => Some(value.clone()),
            true if kept.iter().all(|cookie| cookie.trim_ascii().is_empty()) => None,
            // Parts of a valid value make a valid value.
            true => HeaderValue::from_bytes(kept.join(&b';').trim_ascii()).ok(),
        }
    }

    /// An `Origin` for the app. The gateway's origin becomes the app's, because apps compare
    /// `Origin` with their own URL in CSRF checks.
    fn page_origin<'h>(&self, value: &'h str) -> Cow<'h, str> {
        if is_origin(value, self.origin) {
            Cow::Owned(self.upstream.origin.to_string())
        } else {
            Cow::Borrowed(value)
        }
    }

    /// A `Referer` for the app: one of its own URLs, or a URL of another site. `None` for other
    /// URLs of the gateway: they belong to other tools and users, and an entry URL contains a
    /// ticket.
    fn referer<'h>(&self, value: &'h str) -> Option<Cow<'h, str>> {
        let Some(url) = UrlParts::of_web(value).filter(|url| url.is_of(self.origin)) else {
            return Some(Cow::Borrowed(value));
        };
        let (path, query) = url.rest.split_at(url.rest.find(['?', '#']).unwrap_or(url.rest.len()));
        if query.strip_prefix('?').is_some_and(|query| query.starts_with(TICKET_PARAMETER)) {
            return None;
        }
        let rest = path
            .strip_prefix(self.prefix)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        let slash = if self.upstream.path.is_empty() && rest.is_empty() { "/" } else { "" };
        Some(Cow::Owned(format!("{}{rest}{slash}{query}", self.upstream)))
    }
}

/// Whether a request may be cross-site request forgery (CSRF): it uses an unsafe method or opens a
/// WebSocket, and a page of another origin sent it.
///
/// `Sec-Fetch-Site` and `Origin` decide. A request with neither header passes: a program sent it,
/// not a page. Every browser sends `Origin` with unsafe methods: Chrome and Safari always did,
/// Firefox since version 70 and Edge since version 79 (2019 and 2020).
pub fn may_be_csrf(origin: &str, method: &Method, browser: &HeaderMap) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
        && !is_websocket(browser)
    {
        return false;
    }
    let sites: Vec<&str> = values(browser, "sec-fetch-site").collect();
    let mut origins = values(browser, "origin");
    // A page with an opaque origin sends `null`. Only the browser knows which page it was.
    let is_same_origin = sites.contains(&"same-origin");
    let is_own = |page: &str| is_origin(page, origin) || (page == "null" && is_same_origin);
    sites.iter().any(|site| !matches!(*site, "same-origin" | "none")) || !origins.all(is_own)
}

/// Whether a request opens a WebSocket. `Upgrade` has a meaning only if `Connection` names it
/// (RFC 9110 §7.8).
pub fn is_websocket(browser: &HeaderMap) -> bool {
    let has_token = |name, token: &str| {
        values(browser, name)
            .flat_map(|value| value.split(','))
            .any(|one| one.trim().eq_ignore_ascii_case(token))
    };
    has_token("upgrade", "websocket") && has_token("connection", "upgrade")
}

/// Whether the value of an `Origin` header is this origin, without a path.
pub(super) fn is_origin(value: &str, origin: &str) -> bool {
    value == origin
        || UrlParts::of_web(value).is_some_and(|page| page.rest.is_empty() && page.is_of(origin))
}

/// The configured headers of a tool, as typed values. Their values are marked as sensitive.
pub fn configured_headers(upstream: &Upstream) -> Vec<(HeaderName, HeaderValue)> {
    let headers = upstream.headers.iter().filter_map(|(name, value)| {
        // The configuration accepts valid headers only.
        let mut value = HeaderValue::from_str(value.expose()).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
    });
    headers.collect()
}

/// The trimmed values of all headers with this name. One that is not ASCII is empty.
pub(super) fn values<'h>(
    headers: &'h HeaderMap,
    name: &'static str,
) -> impl Iterator<Item = &'h str> + use<'h> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default().trim())
}

/// The trailers of a browser's request that an upstream may receive.
///
/// Apps may read trailers like headers. So a trailer must not change who sent the request, where it
/// goes, or how a server reads its body (RFC 9110 §6.5.1).
pub fn request_trailers(trailers: HeaderMap) -> HeaderMap {
    let kept = trailers.iter().filter(|(name, _)| may_be_trailer(name.as_str()));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Whether a request's trailers may contain a field of this name, in any spelling.
fn may_be_trailer(name: &str) -> bool {
    let name = normalized(name);
    !(is_of_gateway(&name)
        || NEVER_TRAILERS.contains(&&*name)
        || NEVER_TRAILER_STARTS.iter().any(|start| name.starts_with(start))
        || NEVER_TRAILER_ENDS.iter().any(|end| name.ends_with(end)))
}

/// Whether no browser header of this normalized name reaches an upstream.
fn is_of_gateway(name: &str) -> bool {
    is_hop_by_hop(name)
        || is_identity(name)
        || is_foreign_identity(name)
        || matches!(name, "host" | "content-length" | "proxy")
        || name.starts_with("proxy-")
}

/// Whether a client reads the trailers of its response (RFC 9110 §10.1.4).
pub(super) fn accepts_trailers(browser: &HeaderMap) -> bool {
    let mut codings = values(browser, "te").flat_map(|list| list.split(','));
    codings.any(|coding| coding.trim().eq_ignore_ascii_case("trailers"))
}

/// The names that `Connection` declares as hop-by-hop (RFC 9110 §7.6.1).
fn named_by_connection(headers: &HeaderMap) -> Vec<&[u8]> {
    let lists = headers.get_all(CONNECTION).iter();
    lists
        .flat_map(|list| list.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .collect()
}

/// The changed value. `value` itself if nothing changed.
fn unless_same(value: &HeaderValue, changed: Cow<'_, str>) -> Option<HeaderValue> {
    match changed {
        Cow::Borrowed(_) => Some(value.clone()),
        Cow::Owned(changed) => HeaderValue::try_from(changed).ok(),
    }
}

/// Whether a `Cookie` header's pair is a cookie of the gateway.
fn is_own(cookie: &[u8]) -> bool {
    let name = cookie.split(|byte| *byte == b'=').next().unwrap_or_default();
    is_own_cookie(&String::from_utf8_lossy(name.trim_ascii()))
}

/// Adds a header.
fn add(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    // Fails only beyond tens of thousands of headers. The rest is dropped.
    let _ = headers.try_append(name, value);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use hyper::header::ORIGIN as ORIGIN_HEADER;

    use super::*;
    use crate::url::{Origin, Scheme};

    const ORIGIN: &str = "https://tools.example";
    const PREFIX: &str = "/lti/nb/~abc";

    fn upstream() -> BaseUrl {
        BaseUrl {
            origin: Origin { scheme: Scheme::Http, authority: "app.test:9000".to_owned() },
            path: "/app".to_owned(),
        }
    }

    fn header_map(headers: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            (name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"))
        };
        headers.iter().map(pair).collect()
    }

    /// The headers that the upstream receives, without `Host`.
    fn sent(policy: &HeaderPolicy<'_>, browser: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut sent: Vec<_> = policy
            .request_headers(&header_map(browser))
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8(value.as_bytes().to_vec()).expect("text"))
            })
            .collect();
        let hosts: Vec<_> = sent.extract_if(.., |(name, _)| name == "host").collect();
        assert_eq!(hosts, [("host".to_owned(), policy.upstream.origin.authority.clone())]);
        sent
    }

    #[track_caller]
    fn check(browser: &[(&str, &str)], expected: &[(&str, &str)]) {
        check_below(PREFIX, browser, expected);
    }

    #[track_caller]
    fn check_below(prefix: &str, browser: &[(&str, &str)], expected: &[(&str, &str)]) {
        let upstream = upstream();
        let policy = HeaderPolicy { upstream: &upstream, origin: ORIGIN, prefix, configured: &[] };
        let sent = sent(&policy, browser);
        let sent: Vec<_> =
            sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(sent, expected, "{browser:?}");
    }

    #[test]
    fn end_to_end_headers_keep_their_bytes() {
        check(
            &[
                ("Accept", "text/html"),
                ("Accept-Encoding", "gzip, br"),
                ("Authorization", "Bearer x"),
                ("X-Twice", "1"),
                ("Content-Type", "text/plain; charset=x"),
                ("X-Twice", ""),
                ("x-twice", "2,  3"),
                ("Range", "bytes=0-1"),
                ("If-None-Match", "W/\"x\""),
                ("Sec-WebSocket-Key", "x=="),
                ("Sec-Fetch-Site", "cross-site"),
                ("X-Text", "ü\tü"),
                ("Upgrade-Insecure-Requests", "1"),
                ("X_Under_Score", "1"),
            ],
            &[
                ("accept", "text/html"),
                ("accept-encoding", "gzip, br"),
                ("authorization", "Bearer x"),
                ("x-twice", "1"),
                ("x-twice", ""),
                ("x-twice", "2,  3"),
                ("content-type", "text/plain; charset=x"),
                ("range", "bytes=0-1"),
                ("if-none-match", "W/\"x\""),
                ("sec-websocket-key", "x=="),
                ("sec-fetch-site", "cross-site"),
                ("x-text", "ü\tü"),
                ("upgrade-insecure-requests", "1"),
                ("x_under_score", "1"),
            ],
        );
    }

    #[test]
    fn headers_that_only_the_gateway_may_set_are_removed_in_any_spelling() {
        for name in [
            "Host",
            "HOST",
            "Content-Length",
            "content_length",
            "Transfer-Encoding",
            "Transfer_Encoding",
            "Connection",
            "Keep-Alive",
            "Proxy",
            "Proxy-Connection",
            "Proxy-Authorization",
            "proxy_authorization",
            "Proxy-Whatever",
            "TE",
            "Trailer",
            "Upgrade",
            "Expect",
            "X-Forwarded-User",
            "x_forwarded_user",
            "X-Forwarded_For",
            "X-Forwarded-Proto",
            "Forwarded",
            "X-LTI-Assertion",
            "x-lti_assertion",
            "X-Auth-Request-User",
            "X-Real-IP",
            "X_Script_Name",
            "Remote-User",
            "remote_user",
            "X-Remote-User",
            "X-WEBAUTH-USER",
            "x_webauth_user",
            "X.Auth.User",
            "Cf_Access_Jwt_Assertion",
            "True~Client~IP",
        ] {
            check(&[("A", "1"), (name, "mallory"), ("B", "2")], &[("a", "1"), ("b", "2")]);
        }
    }

    #[test]
    fn headers_that_connection_names_are_hop_by_hop() {
        check(
            &[
                ("Connection", "close, X-A ,x-b"),
                ("X-A", "1"),
                ("x-B", "2"),
                ("X-C", "3"),
                ("connection", "X-D"),
                ("X-D", "4"),
                ("X-AB", "5"),
            ],
            &[("x-c", "3"), ("x-ab", "5")],
        );
    }

    #[test]
    fn a_browser_can_neither_set_nor_remove_a_configured_header() {
        let upstream = upstream();
        let configured = [
            (HeaderName::from_static("x-token"), HeaderValue::from_static("secret")),
            (HeaderName::from_static("x_other"), HeaderValue::from_static("other")),
            (HeaderName::from_static("authorization"), HeaderValue::from_static("Basic x")),
        ];
        let policy = HeaderPolicy {
            upstream: &upstream,
            origin: ORIGIN,
            prefix: PREFIX,
            configured: &configured,
        };
        assert_eq!(
            sent(
                &policy,
                &[
                    ("Connection", "x-token, host, authorization, x_other, x-forwarded-user"),
                    ("X-Token", "1"),
                    ("x_token", "2"),
                    ("X-Other", "3"),
                    ("X_Other", "4"),
                    ("Authorization", "5"),
                    ("AUTHORIZATION", "6"),
                    ("Host", "7"),
                    ("X-Tokens", "8"),
                ],
            ),
            [
                ("x-tokens", "8"),
                ("x-token", "secret"),
                ("x_other", "other"),
                ("authorization", "Basic x")
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[track_caller]
    fn check_cookies(prefix: &str, browser: &[&str], expected: &[&str]) {
        let browser: Vec<_> = browser.iter().map(|value| ("Cookie", *value)).collect();
        let expected: Vec<_> = expected.iter().map(|value| ("cookie", *value)).collect();
        check_below(prefix, &browser, &expected);
    }

    #[test]
    fn the_gateways_cookies_never_reach_an_app() {
        for prefix in ["", PREFIX] {
            check_cookies(prefix, &["__Secure-lti=x"], &[]);
            check_cookies(prefix, &["__Secure-lti=x; __Secure-lti-abc=y"], &[]);
            check_cookies(prefix, &["__Secure-lti=x;"], &[]);
            check_cookies(prefix, &["__Host-lti-login=x; a=1; __host-LTI-x=y"], &["a=1"]);
            check_cookies(prefix, &["__Secure-lti=x; a=1"], &["a=1"]);
            check_cookies(prefix, &["a=1; __Secure-lti=x"], &["a=1"]);
            check_cookies(prefix, &["a=1; __Secure-lti=x; b=2"], &["a=1; b=2"]);
            check_cookies(prefix, &["a=1;__secure-LTI-abc=x;b=2"], &["a=1;b=2"]);
            check_cookies(prefix, &["a=1; __Secure-lti =x;\t__Secure-lti;  b=2"], &["a=1;  b=2"]);
            check_cookies(
                prefix,
                &["a=1; __Secure-lti=x", "__Secure-lti=y", "c=3"],
                &["a=1", "c=3"],
            );
        }
    }

    #[test]
    fn the_apps_cookies_keep_their_bytes_and_their_order() {
        for cookies in [
            "a=1",
            "a=1; a=2; b",
            "b=\"x y\";a=1 ;;  c==",
            "__Secure-ltix=1; __Secure-l=2; x__Secure-lti=3",
            "=__Secure-other",
            "a=__Secure-lti=x",
            "",
            ";",
            "__Host-a=1; __Secure-a=2",
            "ü=ü",
        ] {
            check_cookies(PREFIX, &[cookies], &[cookies]);
            check_cookies("", &[cookies], &[cookies]);
        }
    }

    #[test]
    fn a_host_prefix_cookie_returns_to_the_app_under_its_own_name() {
        check_cookies(PREFIX, &["__Secure-Host-a=1"], &["__Host-a=1"]);
        check_cookies(PREFIX, &["b=2; __Secure-Host-a=1; c=3"], &["b=2; __Host-a=1; c=3"]);
        check_cookies(PREFIX, &["__Secure-lti=x; __secure-host-a=1;c"], &["__host-a=1;c"]);
        check_cookies("", &["__Secure-Host-a=1"], &["__Secure-Host-a=1"]);
        // But not under a name of the gateway.
        check_cookies(PREFIX, &["__Secure-Host-lti-login=x; a=1"], &["a=1"]);
    }

    #[test]
    fn the_gateways_origin_becomes_the_apps_origin() {
        for own in [ORIGIN, "https://Tools.Example", "https://tools.example:443"] {
            check(&[("Origin", own)], &[("origin", "http://app.test:9000")]);
        }
        for other in [
            "null",
            "",
            "http://tools.example",
            "https://tools.example.evil",
            "https://tools.example:8443",
            "https://evil.example",
            "https://tools.example/",
        ] {
            check(&[("ORIGIN", other)], &[("origin", other)]);
        }
    }

    #[test]
    fn a_referer_names_the_app_or_another_site_and_never_the_gateway() {
        for (browser, app) in [
            ("https://tools.example/lti/nb/~abc/a/b?c=d", Some("http://app.test:9000/app/a/b?c=d")),
            ("https://tools.example/lti/nb/~abc/", Some("http://app.test:9000/app/")),
            ("https://tools.example/lti/nb/~abc", Some("http://app.test:9000/app")),
            ("https://tools.example:443/lti/nb/~abc/%2F//", Some("http://app.test:9000/app/%2F//")),
            (
                "https://tools.example/lti/nb/~abc/?x=?lti_ticket",
                Some("http://app.test:9000/app/?x=?lti_ticket"),
            ),
            ("https://tools.example/lti/nb/~abc?lti_ticket=x", None),
            ("https://tools.example/lti/nb/~abc/?lti_ticket", None),
            ("https://tools.example/lti/nb/~abcd/", None),
            ("https://tools.example/lti/nb", None),
            ("https://tools.example/lti/nb/~xyz/a", None),
            ("https://tools.example/", None),
            ("https://tools.example", None),
            ("https://campus.example/course", Some("https://campus.example/course")),
            ("http://tools.example/lti/nb/~abc/a", Some("http://tools.example/lti/nb/~abc/a")),
            ("https://tools.example@evil.example/", Some("https://tools.example@evil.example/")),
            ("about:client", Some("about:client")),
        ] {
            let expected: Vec<_> = app.iter().map(|app| ("referer", *app)).collect();
            check(&[("Referer", browser)], &expected);
        }
    }

    #[test]
    fn at_the_root_of_a_host_every_referer_is_a_url_of_the_app() {
        let upstream = BaseUrl { path: String::new(), ..upstream() };
        let policy =
            HeaderPolicy { upstream: &upstream, origin: ORIGIN, prefix: "", configured: &[] };
        for (browser, app) in [
            ("https://tools.example", Some("http://app.test:9000/")),
            ("https://tools.example?a", Some("http://app.test:9000/?a")),
            ("https://tools.example/a", Some("http://app.test:9000/a")),
            ("https://tools.example/?lti_ticket=x", None),
        ] {
            let expected: Vec<_> =
                app.iter().map(|app| ("referer".to_owned(), (*app).to_owned())).collect();
            assert_eq!(sent(&policy, &[("Referer", browser)]), expected, "{browser}");
        }
    }

    #[track_caller]
    fn check_csrf(method: &str, browser: &[(&str, &str)], expected: bool) {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        assert_eq!(
            may_be_csrf(ORIGIN, &method, &header_map(browser)),
            expected,
            "{method} {browser:?}"
        );
    }

    /// Headers, and whether a page of another origin sent them.
    const PAGES: [(&[(&str, &str)], bool); 20] = [
        (&[], false),
        (&[("Origin", "https://tools.example")], false),
        (&[("Origin", "https://TOOLS.example:443")], false),
        (&[("origin", "https://evil.example")], true),
        (&[("Origin", "http://tools.example")], true),
        (&[("Origin", "https://tools.example:8443")], true),
        (&[("Origin", "https://tools.example/")], true),
        (&[("Origin", "https://tools.example https://evil.example")], true),
        (&[("Origin", "null")], true),
        (&[("Origin", "")], true),
        (&[("Origin", "https://tools.example"), ("Origin", "https://evil.example")], true),
        (&[("Sec-Fetch-Site", "same-origin")], false),
        (&[("Sec-Fetch-Site", "none")], false),
        (&[("sec-fetch-site", "same-site")], true),
        (&[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://tools.example")], true),
        (&[("Sec-Fetch-Site", "")], true),
        (&[("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")], true),
        (&[("Sec-Fetch-Site", "same-origin"), ("Origin", "null")], false),
        (&[("Sec-Fetch-Site", "none"), ("Origin", "null")], true),
        (&[("Sec-Fetch-Site", "same-origin"), ("Origin", "https://evil.example")], true),
    ];

    #[test]
    fn an_unsafe_method_from_another_origin_may_be_csrf() {
        for (browser, expected) in PAGES {
            for method in ["POST", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND", "get"] {
                check_csrf(method, browser, expected);
            }
            for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
                check_csrf(method, browser, false);
            }
        }
    }

    #[test]
    fn a_websocket_from_another_origin_may_be_csrf() {
        for (browser, expected) in PAGES {
            for (connection, upgrade, is_opened) in [
                ("Upgrade", "websocket", true),
                ("keep-alive, upgrade", "WebSocket", true),
                ("Upgrade", "h2c, websocket", true),
                ("Upgrade", "h2c", false),
                ("Upgrade", "", false),
                ("keep-alive", "websocket", false),
                ("", "websocket", false),
            ] {
                let mut browser = browser.to_vec();
                browser.extend([("Connection", connection), ("Upgrade", upgrade)]);
                check_csrf("GET", &browser, is_opened && expected);
                assert_eq!(is_websocket(&header_map(&browser)), is_opened);
            }
        }
    }

    #[test]
    fn cookies_that_are_not_utf_8_keep_their_bytes_beside_the_gateways() {
        let upstream = upstream();
        let check = |prefix, cookies: &[&[u8]], expected: &[&[u8]]| {
            let policy =
                HeaderPolicy { upstream: &upstream, origin: ORIGIN, prefix, configured: &[] };
            let value = |bytes: &&[u8]| HeaderValue::from_bytes(bytes).expect("a value");
            let browser: HeaderMap = cookies.iter().map(|cookie| (COOKIE, value(cookie))).collect();
            let sent = policy.request_headers(&browser);
            let sent: Vec<_> = sent.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
            assert_eq!(sent, expected, "{cookies:?}");
        };
        for prefix in ["", PREFIX] {
            check(prefix, &[b"n=\xfc\xff"], &[b"n=\xfc\xff"]);
            check(prefix, &[b"n=\xfc; __Secure-lti=x; \xe9=2"], &[b"n=\xfc; \xe9=2"]);
            check(prefix, &[b"__Secure-lti=\xfc; n=\xfc"], &[b"n=\xfc"]);
            check(prefix, &[b"\xfc", b"__Secure-lti=x", b"\xa0=1"], &[b"\xfc", b"\xa0=1"]);
            // Not the gateway's, in no reading of a browser.
            check(prefix, &[b"\xa0__Secure-lti=x"], &[b"\xa0__Secure-lti=x"]);
        }
        check(PREFIX, &[b"__Secure-Host-a=\xfc; n=\xfc"], &[b"__Host-a=\xfc; n=\xfc"]);
    }

    #[test]
    fn other_headers_that_are_not_utf_8_keep_their_bytes() {
        let upstream = upstream();
        let policy =
            HeaderPolicy { upstream: &upstream, origin: ORIGIN, prefix: PREFIX, configured: &[] };
        let value = |bytes| HeaderValue::from_bytes(bytes).expect("a value");
        let browser: HeaderMap = [
            (HeaderName::from_static("x-a"), value(b"\xfc")),
            (REFERER, value(b"https://tools.example/\xfc")),
            (ORIGIN_HEADER, value(b"https://tools.example\xfc")),
        ]
        .into_iter()
        .collect();
        let sent = policy.request_headers(&browser);
        assert_eq!(sent.get("x-a").map(HeaderValue::as_bytes), Some(&b"\xfc"[..]));
        assert_eq!((sent.get(REFERER), sent.get(ORIGIN_HEADER)), (None, None));
    }

    #[test]
    fn an_apps_api_token_passes_and_identity_headers_of_other_proxies_do_not() {
        check(
            &[
                ("X-Auth-Token", "1"),
                ("X-Api-Key", "2"),
                ("X-Auth-User", "evil"),
                ("X_AUTH_REQUEST_EMAIL", "evil"),
                ("X-Goog-Iap-Jwt-Assertion", "evil"),
                ("X!MS!Client!Principal!Name", "evil"),
                ("Tailscale-User-Login", "evil"),
            ],
            &[("x-auth-token", "1"), ("x-api-key", "2")],
        );
        let upstream = upstream();
        let configured =
            [(HeaderName::from_static("x-webauth-user"), HeaderValue::from_static("team"))];
        let policy = HeaderPolicy {
            upstream: &upstream,
            origin: ORIGIN,
            prefix: "",
            configured: &configured,
        };
        let browser = [("X-WEBAUTH-USER", "evil"), ("x_webauth_user", "evil")];
        let expected = [("x-webauth-user".to_owned(), "team".to_owned())];
        assert_eq!(sent(&policy, &browser), expected);
    }

    #[test]
    fn trailers_of_a_request_pass_through_the_filter() {
        for name in [
            "Content-Length",
            "Transfer_Encoding",
            "Host",
            "Trailer",
            "TE",
            "Connection",
            "Cookie",
            "COOKIE2",
            "Authorization",
            "X_Authorization",
            "Proxy-Authorization",
            "X-Forwarded-User",
            "x_forwarded_for",
            "X-LTI-Assertion",
            "X.WEBAUTH.USER",
            "Remote_User",
            "X-Auth-Token",
            "X-CSRF-Token",
            "X-Api-Key",
            "Origin",
            "Referer",
            "If-Match",
            "Range",
            "Content-Type",
            "Sec-Fetch-Site",
            "X-HTTP-Method-Override",
            "X-Original-URL",
        ] {
            let kept = request_trailers(header_map(&[("X-A", "1"), (name, "evil"), ("X-A", "2")]));
            assert_eq!(kept, header_map(&[("x-a", "1"), ("x-a", "2")]), "{name}");
        }
        let passed =
            header_map(&[("Content-Digest", "x"), ("Signature", "y"), ("X-Checksum", "\u{fc}")]);
        assert_eq!(request_trailers(passed.clone()), passed);
    }

    proptest! {
        #[test]
        fn no_browser_header_reaches_the_upstream_as_one_of_the_gateway(
            browser in proptest::collection::vec(
                (
                    concat!(
                        "(x[-_.](forwarded|lti|auth[-_]request|webauth|remote)[-_][a-z]{0,3}",
                        "|x-own|x_own",
                        "|cookie|connection|host|referer|[A-Za-z_-]{0,4}|\\PC{0,2})",
                    ),
                    concat!(
                        "((__Secure-lti|x-own|a|https://tools.example|/lti/nb/~abc)?",
                        "[-=;, /?]{0,2}){0,4}|\\PC{0,5}",
                    ),
                    proptest::collection::vec(any::<u8>(), 0..3),
                ),
                0..8,
            ),
        ) {
            let upstream = upstream();
            let configured = [(HeaderName::from_static("x-own"), HeaderValue::from_static("own"))];
            let policy = HeaderPolicy {
                upstream: &upstream,
                origin: ORIGIN,
                prefix: PREFIX,
                configured: &configured,
            };
            let browser: HeaderMap = browser
                .iter()
                .filter_map(|(name, value, more)| {
                    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
                    let value = [value.as_bytes(), more].concat();
                    Some((name, HeaderValue::from_bytes(&value).ok()?))
                })
                .collect();
            let headers = policy.request_headers(&browser);
            prop_assert_eq!(headers.get_all("x-own").iter().collect::<Vec<_>>(), ["own"]);
            prop_assert_eq!(headers.get_all(HOST).iter().collect::<Vec<_>>(), ["app.test:9000"]);
            for (name, value) in &headers {
                let is_forged = is_identity(name.as_str())
                    || is_foreign_identity(&normalized(name.as_str()))
                    || is_hop_by_hop(name.as_str())
                    || name == "x_own";
                prop_assert!(!is_forged, "{name}");
                let value = String::from_utf8_lossy(value.as_bytes());
                let has_own = value.split(';').any(|one| one.trim().starts_with("__Secure-lti="));
                prop_assert!(name != "cookie" || !has_own, "{value}");
                let is_ours = UrlParts::of_web(&value).is_some_and(|url| url.is_of(ORIGIN));
                prop_assert!(name != "referer" || !is_ours, "{value}");
            }
            for name in request_trailers(browser).keys() {
                let name = normalized(name.as_str());
                let is_dropped = is_identity(&name) || is_foreign_identity(&name);
                prop_assert!(!is_dropped && name != "cookie" && name != "host", "{name}");
            }
        }
    }
}
