//! The upstream URL of a browser's path.
//!
//! The upstream receives the bytes that the browser sent. The gateway refuses a path that could
//! leave the upstream's base path (path traversal with a dot segment) or reach another server
//! (server-side request forgery, SSRF). It never repairs a path, because servers differ: in how
//! often they decode, in what they decode, and in where they end a segment.

use std::borrow::Cow;

use hyper::Uri;

use crate::url::BaseUrl;

/// The reason why a path has no upstream URL.
#[derive(Debug, PartialEq, Eq)]
pub enum BadPath {
    /// The path has a segment `.` or `..`, in any spelling.
    DotSegment,
    /// A request cannot carry the path or the query.
    Malformed,
}

/// The upstream URL of the path after the prefix. `rest` is empty or begins with a slash. Path and
/// query keep their bytes.
///
/// # Errors
/// [`BadPath::DotSegment`] or [`BadPath::Malformed`].
pub fn upstream_url(upstream: &BaseUrl, rest: &str, query: Option<&str>) -> Result<Uri, BadPath> {
    let decoded = decoded(rest);
    if contains_dot_segment(&decoded) {
        return Err(BadPath::DotSegment);
    }
    // A question mark would start the query too early, and a fragment would be cut off. Without a
    // slash, the path would continue the host: SSRF.
    let is_path = rest.is_empty() || rest.starts_with('/');
    if !is_path
        || decoded.contains(&0)
        || rest.contains(['?', '#'])
        || query.is_some_and(|query| query.contains('#'))
    {
        return Err(BadPath::Malformed);
    }
    let mut url = String::with_capacity(
        "https://".len()
            + upstream.origin.authority.len()
            + upstream.path.len()
            + rest.len()
            + query.map_or(1, str::len)
            + 1,
    );
    url.push_str(upstream.origin.scheme.as_str());
    url.push_str("://");
    url.push_str(&upstream.origin.authority);
    url.push_str(&upstream.path);
    url.push_str(rest);
    if upstream.path.is_empty() && rest.is_empty() {
        url.push('/');
    }
    if let Some(query) = query {
        url.push('?');
        url.push_str(query);
    }
    Uri::try_from(url).map_err(|_| BadPath::Malformed)
}

/// Whether any server could find a segment `.` or `..` in a path: literal or percent-encoded, once
/// or several times, between `/` or `\`, and before parameters, a query or a fragment, which some
/// servers remove first.
pub fn has_dot_segment(path: &str) -> bool {
    contains_dot_segment(&decoded(path))
}

fn contains_dot_segment(decoded: &[u8]) -> bool {
    decoded.contains(&b'.')
        && decoded.split(|byte| matches!(byte, b'/' | b'\\')).any(|segment| {
            let ends = |byte: &u8| matches!(byte, b';' | b'?' | b'#');
            let end = segment.iter().position(ends).unwrap_or(segment.len());
            matches!(&segment[..end], b"." | b"..")
        })
}

/// A path, percent-decoded until no escape is left.
///
/// Each decoded byte may complete an escape with the bytes before it. So one pass finds every
/// escape, at any depth. ASCII in two bytes, which UTF-8 forbids, is decoded too, because old
/// servers decode it.
fn decoded(path: &str) -> Cow<'_, [u8]> {
    if !path.contains('%') {
        return Cow::Borrowed(path.as_bytes());
    }
    let mut decoded = Vec::with_capacity(path.len());
    for byte in path.bytes() {
        decoded.push(byte);
        loop {
            let (length, byte) = match decoded[..] {
                [.., b'%', high, low] => match (digit(high), digit(low)) {
                    (Some(high), Some(low)) => (3, high << 4 | low),
                    _ => break,
                },
                [.., first @ 0xc0..=0xc1, second @ 0x80..=0xbf] => {
                    (2, (first & 1) << 6 | second & 0x3f)
                }
                _ => break,
            };
            decoded.truncate(decoded.len() - length);
            decoded.push(byte);
        }
    }
    Cow::Owned(decoded)
}

fn digit(letter: u8) -> Option<u8> {
    char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::url::{Origin, Scheme};

    fn upstream(path: &str) -> BaseUrl {
        BaseUrl {
            origin: Origin { scheme: Scheme::Http, authority: "app.test:9000".to_owned() },
            path: path.to_owned(),
        }
    }

    #[track_caller]
    fn check(path: &str, rest: &str, query: Option<&str>, expected: Result<&str, BadPath>) {
        let url = upstream_url(&upstream(path), rest, query);
        assert_eq!(
            url.as_ref().map(|uri| uri.path_and_query().map_or("", |target| target.as_str())),
            expected.as_ref().copied(),
            "{path:?} {rest:?} {query:?}"
        );
        if let Ok(uri) = url {
            assert_eq!(
                (
                    uri.scheme_str(),
                    uri.authority().map(|authority| authority.as_str()),
                    uri.query()
                ),
                (Some("http"), Some("app.test:9000"), query),
                "{path:?} {rest:?} {query:?}"
            );
        }
    }

    #[test]
    fn the_rest_of_the_path_follows_the_upstreams_path() {
        check("", "", None, Ok("/"));
        check("", "/", None, Ok("/"));
        check("", "/a", None, Ok("/a"));
        check("", "", Some("q"), Ok("/?q"));
        check("/app", "", None, Ok("/app"));
        check("/app", "/", None, Ok("/app/"));
        check("/app", "/a/b", Some("q=1"), Ok("/app/a/b?q=1"));
        check("/app", "", Some("q=1"), Ok("/app?q=1"));
        check("/app", "/", Some(""), Ok("/app/?"));
        check("/app/~x", "/a", None, Ok("/app/~x/a"));
        let secure = BaseUrl {
            origin: Origin { scheme: Scheme::Https, authority: "[::1]:1".to_owned() },
            path: "/a".to_owned(),
        };
        assert_eq!(
            upstream_url(&secure, "/b", Some("c")).map(|uri| uri.to_string()),
            Ok("https://[::1]:1/a/b?c".to_owned())
        );
    }

    #[test]
    fn a_path_keeps_its_bytes() {
        for rest in [
            "//",
            "//evil.test/a",
            "/a//b///",
            "/a/",
            "/a%2Fb",
            "/a%2fb%2F",
            "/%5C",
            "/a%5cb",
            "/\\",
            "/\\evil.test",
            "/a\\b",
            "/%zz",
            "/%",
            "/%2",
            "/%%",
            "/100%",
            "/%41%E4%ff",
            "/%2541",
            "/a;b=c,d",
            "/;",
            "/a;..",
            "/...",
            "/..a",
            "/a..",
            "/.a",
            "/a.",
            "/.well-known/x",
            "/....;x",
            "/..%20",
            "/%2e%2e%2e",
            "/a%2e%2eb",
            "/%2eenv",
            "/v1.2/app.min.js",
            "/!$&'()*+,;=:@-_~",
            "/\"{}|^[]",
            "/ü",
            "/~x/~y",
            "/*",
            "/%0d%0a",
            "/%23%3f",
        ] {
            check("", rest, None, Ok(rest));
            check("/app", rest, None, Ok(&format!("/app{rest}")));
        }
    }

    #[test]
    fn a_query_is_opaque() {
        for query in [
            "",
            "a=b&c",
            "'",
            "+",
            "%zz",
            "%",
            "?",
            "??a",
            "a=%00",
            "/../..",
            "%2e%2e/",
            "a=http://b/c",
            "\\..\\",
            "a[]={b}|^`",
            "ü",
            "&&==",
            ";..;",
        ] {
            check("/app", "/a", Some(query), Ok(&format!("/app/a?{query}")));
            check("", "", Some(query), Ok(&format!("/?{query}")));
        }
    }

    #[test]
    fn a_dot_segment_is_refused_in_any_spelling() {
        for rest in [
            "/.",
            "/..",
            "/./",
            "/../",
            "/a/..",
            "/a/../b",
            "/a/./b",
            "//..",
            "/..//",
            "/%2e",
            "/%2E%2e",
            "/.%2e",
            "/%2e.",
            "/a/%2e%2e/b",
            "/..%2f",
            "/..%2Fb",
            "/%2f..",
            "/a%2f..%2fb",
            "/a%2f%2e%2e%2fb",
            "/..\\",
            "/a\\..",
            "/a\\..\\b",
            "/..%5c",
            "/..%5Cb",
            "/a%5c%2e%2e%5cb",
            "/%252e%252e",
            "/..%3fx",
            "/a/%2e%2e%23",
            "/%c0%ae%c0%ae",
            "/%25c0%25ae.",
            "/a/.%c0%ae%c0%afb",
            "/%252E.",
            "/%25252e%25252e/",
            "/%2525252525252e",
            "/..%252f",
            "/..%255c",
            "/..%25252f",
            "/%2%65%2%65",
            "/%%32%65",
            "/%%32e.",
            "/%25%32%65%25%32%65",
            "/..;",
            "/..;x",
            "/..;x/a",
            "/.;x=y",
            "/..%3b",
            "/..%3Bx",
            "/..%253bx",
            "/%2e%2e;x",
            "/a/..;/..;/b",
            "/..;%2f",
            "..",
            ".",
        ] {
            check("", rest, None, Err(BadPath::DotSegment));
            check("/app", rest, Some("q"), Err(BadPath::DotSegment));
            assert!(has_dot_segment(rest), "{rest}");
        }
        for rest in
            ["", "/", "/a", "/...", "/a.b", "/..a", "/a;..", "/%2e%2e%2e", "/..%20", "/%zz", "/%"]
        {
            assert!(!has_dot_segment(rest), "{rest}");
        }
    }

    #[test]
    fn a_path_that_no_request_can_carry_is_malformed_and_never_repaired() {
        for rest in [
            "/a b",
            "/ ",
            "/a\tb",
            "/a\r\nb",
            "/\n",
            "/\0",
            "/\u{7f}",
            "/<b>",
            "/`",
            "/a#b",
            "/#",
            "/a?b",
            "?",
            "a",
            "@evil.test/",
            ".evil.test",
            ":80",
            "\\a",
            "/%00",
            "/a%00.js",
            "/%2500",
            "/%%30%30",
        ] {
            check("", rest, None, Err(BadPath::Malformed));
            check("/app", rest, None, Err(BadPath::Malformed));
        }
        for query in ["a b", "\"", "<", ">", "#", "a#b", "\t", "\n", "\0"] {
            check("", "/", Some(query), Err(BadPath::Malformed));
        }
        check("", &format!("/{}", "a".repeat(70_000)), None, Err(BadPath::Malformed));
    }

    #[test]
    fn deep_nesting_is_decoded_in_one_pass() {
        let deep = format!("/%{}2e", "25".repeat(20_000));
        assert!(has_dot_segment(&deep));
        assert!(!has_dot_segment(&format!("{deep}x")));
    }

    /// A path that a server decoded once.
    fn decoded_once(bytes: &[u8]) -> Vec<u8> {
        let mut decoded = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            if let [b'%', high, low, ..] = bytes[at..]
                && let (Some(high), Some(low)) = (digit(high), digit(low))
            {
                decoded.push(high << 4 | low);
                at += 3;
            } else {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
        decoded
    }

    proptest! {
        #[test]
        fn a_url_ends_with_exactly_the_requested_path_and_query(
            path in "(/[a-z~]{1,3}){0,2}",
            rest in "(/([a-z.%;2ef5c\\\\#?]|\\PC){0,8}){0,3}",
            query in proptest::option::of("([a-z%?#']|\\PC){0,8}"),
        ) {
            if let Ok(uri) = upstream_url(&upstream(&path), &rest, query.as_deref()) {
                let slash = if path.is_empty() && rest.is_empty() { "/" } else { "" };
                let query = query.map(|query| format!("?{query}")).unwrap_or_default();
                let expected = format!("http://app.test:9000{path}{rest}{slash}{query}");
                prop_assert_eq!(uri.to_string(), expected);
            }
        }

        #[test]
        fn a_server_that_decodes_any_number_of_times_sees_no_dot_segment(
            rest in "(/|%|2|5|e|f|c|\\.|\\\\|;|a){0,24}",
        ) {
            let mut bytes = rest.clone().into_bytes();
            let mut seen = contains_dot_segment(&bytes);
            for _ in 0..rest.len() {
                bytes = decoded_once(&bytes);
                seen |= contains_dot_segment(&bytes);
            }
            prop_assert_eq!(has_dot_segment(&rest), seen);
        }
    }
}
