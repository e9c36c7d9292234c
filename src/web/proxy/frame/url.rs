//! URLs in an app's response headers, rewritten for browsers: below the prefix.
//!
//! A URL of the app or of the gateway becomes a path, which leads to the same page on any host of
//! the gateway. Relative URLs and URLs of other sites stay as they are.

use std::borrow::Cow;

use super::app::Frame;
use crate::url::UrlParts;
use crate::web::links_path::is_picked;

impl Frame<'_> {
    /// The value of `Location` and of other headers that are one URL. `None` for a value with
    /// control characters, which browsers and servers read as different URLs.
    pub(super) fn url<'v>(&self, value: &'v str) -> Option<Cow<'v, str>> {
        if value.contains(char::is_control) {
            return None;
        }
        if self.is_picked(value) {
            return Some(Cow::Borrowed(value));
        }
        let Some(path) = self.own_path(value) else { return Some(Cow::Borrowed(value)) };
        let below = self.path(&path);
        let is_on_our_host = UrlParts::of_web(value).is_none_or(|url| url.is_of(self.origin));
        Some(if below == *path && is_on_our_host {
            Cow::Borrowed(value)
        } else {
            Cow::Owned(below)
        })
    }

    /// Whether a URL is that of the gateway which returns picked links to the platform.
    fn is_picked(&self, value: &str) -> bool {
        UrlParts::of_web(value)
            .is_some_and(|url| url.is_of(self.origin) && is_picked(url.path(), url.query()))
    }

    /// The value of `Refresh`: seconds, and often a URL.
    pub(super) fn refresh<'v>(&self, value: &'v str) -> Option<Cow<'v, str>> {
        if value.contains(char::is_control) {
            return None;
        }
        let (before, url, after) = url_of_refresh(value);
        Some(match self.url(url.trim_ascii())? {
            Cow::Borrowed(_) => Cow::Borrowed(value),
            Cow::Owned(below) => Cow::Owned(format!("{before}{below}{after}")),
        })
    }

    /// The path, query and fragment of a URL of the app or of the gateway. `None` for other URLs.
    fn own_path<'v>(&self, value: &'v str) -> Option<Cow<'v, str>> {
        if value.starts_with('/') && !value.starts_with("//") {
            return Some(Cow::Borrowed(value));
        }
        let url = UrlParts::of_web(value).filter(|url| {
            url.is_at_server_of(&self.upstream.origin.to_string()) || url.is_at_host_of(self.origin)
        })?;
        Some(match url.rest {
            rest if rest.starts_with('/') => Cow::Borrowed(rest),
            rest => Cow::Owned(format!("/{rest}")),
        })
    }

    /// A path with its query and fragment, below the prefix. It stays there after the browser has
    /// removed dot segments.
    fn path(&self, reference: &str) -> String {
        let (path, tail) = split_path(reference);
        let path = without_dot_segments(path);
        let mut below = self.below_prefix(&path).into_owned();
        if self.prefix.is_empty() {
            // Browsers read a host after two leading slashes of either kind (open redirect).
            below = format!("/{}", below.trim_start_matches(['/', '\\']));
        }
        below + tail
    }
}

/// A path, and its query and fragment.
fn split_path(reference: &str) -> (&str, &str) {
    reference.split_at(reference.find(['?', '#']).unwrap_or(reference.len()))
}

/// The part before the URL of a `Refresh`, the URL, and the part after it (HTML, "shared
/// declarative refresh steps"). An empty URL means the page itself.
fn url_of_refresh(value: &str) -> (&str, &str, &str) {
    let rest = value.trim_ascii_start();
    let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim_ascii_start();
    let named = rest
        .split_at_checked("url".len())
        .filter(|(name, _)| name.eq_ignore_ascii_case("url"))
        .and_then(|(_, after)| after.trim_ascii_start().strip_prefix('='));
    let rest = named.unwrap_or(rest).trim_ascii_start();
    let (rest, length) = match rest.strip_prefix(['"', '\'']) {
        Some(quoted) => (quoted, quoted.find(&rest[..1]).unwrap_or(quoted.len())),
        None => (rest, rest.len()),
    };
    let (before, rest) = value.split_at(value.len() - rest.len());
    let (url, after) = rest.split_at(length);
    (before, url, after)
}

/// A path as browsers send it: without the segments `.` and `..`, in the spellings that browsers
/// know, between slashes of either kind. A path without dot segments keeps its bytes.
fn without_dot_segments(path: &str) -> Cow<'_, str> {
    const SLASHES: [char; 2] = ['/', '\\'];
    if !path.split(SLASHES).any(|segment| dots(segment) > 0) {
        return Cow::Borrowed(path);
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split(SLASHES).skip(1).peekable();
    while let Some(segment) = segments.next() {
        let dots = dots(segment);
        if dots == 2 {
            kept.pop();
        }
        if dots == 0 {
            kept.push(segment);
        } else if segments.peek().is_none() {
            kept.push("");
        }
    }
    Cow::Owned(format!("/{}", kept.join("/")))
}

/// The number of dots of a dot segment, as browsers know it: 1 or 2. 0 for any other segment.
fn dots(segment: &str) -> usize {
    if segment.len() > "%2e%2e".len() {
        return 0;
    }
    match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
        "." => 1,
        ".." => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::url::{BaseUrl, Origin, Scheme};

    const ORIGIN: &str = "https://tools.example";
    const PREFIX: &str = "/lti/nb/~abc";

    fn with_frame<R>(base: &str, prefix: &str, use_it: impl FnOnce(Frame<'_>) -> R) -> R {
        let upstream = BaseUrl {
            origin: Origin { scheme: Scheme::Http, authority: "app.test:9000".to_owned() },
            path: base.to_owned(),
        };
        use_it(Frame {
            upstream: &upstream,
            origin: ORIGIN,
            prefix,
            is_root: false,
            frame_ancestors: "*",
        })
    }

    #[track_caller]
    fn check(base: &str, prefix: &str, value: &str, expected: &str) {
        with_frame(base, prefix, |frame| {
            assert_eq!(
                frame.url(value).as_deref(),
                Some(expected),
                "{value} of {base:?} below {prefix:?}"
            );
        });
    }

    #[test]
    fn a_relative_url_stays() {
        for base in ["", "/app"] {
            for value in [
                "", "a", "a/b?c#d", "./a", "../a", "?a", "#a", "a//b", "~x", "a:b/c", "%2f", "a b",
                "\\a", "ü",
            ] {
                check(base, PREFIX, value, value);
                check(base, "", value, value);
            }
        }
    }

    #[test]
    fn the_url_with_picked_links_stays() {
        for prefix in [PREFIX, "/lti/nb", ""] {
            for value in [
                "https://tools.example/~links?lti_links=AZ",
                "HTTPS://TOOLS.example:443/~links?lti_links=",
            ] {
                check("/app", prefix, value, value);
            }
        }
        for other in [
            "/~links?lti_links=AZ",
            "http://app.test:9000/~links?lti_links=AZ",
            "https://tools.example/~links",
            "https://tools.example/~links?a=b&lti_links=AZ",
            "https://tools.example/~links?lti_links",
            "https://tools.example/~links/?lti_links=AZ",
            "https://tools.example/x/../~links?lti_links=AZ",
            "https://tools.example/~login?lti_links=AZ",
        ] {
            let below = with_frame("/app", PREFIX, |frame| frame.url(other).map(Cow::into_owned));
            assert!(below.is_some_and(|below| below.starts_with(PREFIX)), "{other}");
        }
    }

    #[test]
    fn a_url_of_another_site_stays() {
        for value in [
            "https://campus.example/course",
            "https://campus.example",
            "//campus.example/x",
            "http://app.test/",
            "http://app.test:9001/",
            "http://app.test:9000.evil.example/",
            "http://app.test:9000@evil.example/",
            "http://user@app.test:9000/",
            "http://app.test:9000\\@evil.example/",
            "https://tools.example:8443/",
            "https://tools.example.evil.example/lti/nb/~abc/",
            "///evil.example",
            "http:///app.test:9000/",
            "mailto:a@b.example",
            "javascript:alert(1)",
            "data:text/html,//app.test:9000/",
            "ftp://app.test:9000/",
            "ws://app.test:9000/",
            "msteams:/l/team",
        ] {
            for base in ["", "/app"] {
                check(base, PREFIX, value, value);
                check(base, "", value, value);
            }
        }
    }

    #[test]
    fn a_path_of_the_app_is_put_below_the_prefix() {
        check("", PREFIX, "/", "/lti/nb/~abc/");
        check("", PREFIX, "/a/b?c=d#e", "/lti/nb/~abc/a/b?c=d#e");
        check("", PREFIX, "/?a=/../b", "/lti/nb/~abc/?a=/../b");
        check("", PREFIX, "/a%2Fb//c/;x", "/lti/nb/~abc/a%2Fb//c/;x");
        check("", PREFIX, "/lti/nb/~abcd/x", "/lti/nb/~abc/lti/nb/~abcd/x");
        check("", PREFIX, "/lti/nb/~xyz/x", "/lti/nb/~abc/lti/nb/~xyz/x");
        check("", PREFIX, "/lti/nb", "/lti/nb/~abc/lti/nb");
        check("", PREFIX, "/ü x", "/lti/nb/~abc/ü x");
    }

    #[test]
    fn the_apps_base_path_is_removed_by_whole_segments() {
        check("/app", PREFIX, "/app", "/lti/nb/~abc");
        check("/app", PREFIX, "/app?a", "/lti/nb/~abc?a");
        check("/app", PREFIX, "/app/", "/lti/nb/~abc/");
        check("/app", PREFIX, "/app/a?b", "/lti/nb/~abc/a?b");
        check("/app", PREFIX, "/app/app/a", "/lti/nb/~abc/app/a");
        check("/app", PREFIX, "/apps/a", "/lti/nb/~abc/apps/a");
        check("/app", PREFIX, "/App/a", "/lti/nb/~abc/App/a");
        check("/app", PREFIX, "/other?a", "/lti/nb/~abc/other?a");
        check("/a/b", PREFIX, "/a/b/c", "/lti/nb/~abc/c");
        check("/a/b", PREFIX, "/a/c", "/lti/nb/~abc/a/c");
        check("/app", "", "/app", "/");
        check("/app", "", "/app?a", "/?a");
        check("/app", "", "/app/a", "/a");
        check("/app", "", "/other", "/other");
    }

    #[test]
    fn a_path_below_the_prefix_stays() {
        for base in ["", "/app", "/lti", "/lti/nb"] {
            for value in [
                "/lti/nb/~abc",
                "/lti/nb/~abc/",
                "/lti/nb/~abc/app/a?b#c",
                "/lti/nb/~abc?a",
                "/lti/nb/~abc//a",
            ] {
                check(base, PREFIX, value, value);
            }
        }
        // An app whose base path is the same on both sides.
        check("/lti/nb", "/lti/nb", "/lti/nb/a", "/lti/nb/a");
        check("/lti/nb", "/lti/nb", "/lti/nb", "/lti/nb");
        check("", "", "/a/b?c", "/a/b?c");
        check("", "", "/", "/");
    }

    #[test]
    fn the_longer_of_prefix_and_base_path_decides() {
        check("/lti/nb/app", "/lti/nb", "/lti/nb/app/a", "/lti/nb/a");
        check("/lti/nb/app", "/lti/nb", "/lti/nb/app", "/lti/nb");
        check("/lti/nb/app", "/lti/nb", "/lti/nb/a", "/lti/nb/a");
        check("/lti", PREFIX, "/lti/nb/~abc/a", "/lti/nb/~abc/a");
        check("/lti", PREFIX, "/lti/a", "/lti/nb/~abc/a");
    }

    #[test]
    fn an_absolute_url_of_the_app_becomes_a_path() {
        for origin in [
            "http://app.test:9000",
            "https://app.test:9000",
            "HTTP://APP.test:9000",
            "//app.test:9000",
            "http://tools.example",
            "//tools.example",
        ] {
            check("/app", PREFIX, &format!("{origin}/app/a?b#c"), "/lti/nb/~abc/a?b#c");
            check("/app", PREFIX, &format!("{origin}/a"), "/lti/nb/~abc/a");
            check("/app", PREFIX, &format!("{origin}/lti/nb/~abc/a"), "/lti/nb/~abc/a");
            check("/app", PREFIX, origin, "/lti/nb/~abc/");
            check("/app", PREFIX, &format!("{origin}?a"), "/lti/nb/~abc/?a");
            check("/app", "", &format!("{origin}/app//evil.example"), "/evil.example");
            check("", "", &format!("{origin}//evil.example"), "/evil.example");
            check("", "", &format!("{origin}/\\evil.example"), "/evil.example");
            check("", "", origin, "/");
        }
    }

    #[test]
    fn ports_that_the_scheme_implies_are_equal() {
        let upstream = BaseUrl {
            origin: Origin { scheme: Scheme::Http, authority: "app.test".to_owned() },
            path: String::new(),
        };
        let frame = Frame {
            upstream: &upstream,
            origin: ORIGIN,
            prefix: PREFIX,
            is_root: false,
            frame_ancestors: "*",
        };
        for value in [
            "http://app.test/a",
            "http://app.test:80/a",
            "https://app.test/a",
            "https://app.test:443/a",
            "//app.test:80/a",
        ] {
            assert_eq!(frame.url(value).as_deref(), Some("/lti/nb/~abc/a"), "{value}");
        }
        assert_eq!(frame.url("http://app.test:443/a").as_deref(), Some("http://app.test:443/a"));
    }

    #[test]
    fn an_absolute_url_of_the_gateway_is_put_below_the_prefix_or_stays_there() {
        for value in
            ["https://tools.example/lti/nb/~abc/a?b", "https://Tools.Example:443/lti/nb/~abc"]
        {
            check("/app", PREFIX, value, value);
        }
        check("/app", PREFIX, "https://tools.example/app/a", "/lti/nb/~abc/a");
        check("/app", PREFIX, "https://tools.example/a", "/lti/nb/~abc/a");
        check("/app", PREFIX, "https://tools.example", "/lti/nb/~abc/");
        check("", "", "https://tools.example/a", "https://tools.example/a");
        check("/app", "", "https://tools.example/app/a", "/a");
    }

    #[test]
    fn a_dot_segment_does_not_leave_the_prefix() {
        check("/app", PREFIX, "/lti/nb/~abc/../../hello", "/lti/nb/~abc/lti/hello");
        check("/app", PREFIX, "/app/../x", "/lti/nb/~abc/x");
        check("/app", PREFIX, "/app/a/../b/./c", "/lti/nb/~abc/b/c");
        check("/app", PREFIX, "/x/../app/a", "/lti/nb/~abc/a");
        check("", PREFIX, "/../../..", "/lti/nb/~abc/");
        check("", PREFIX, "/a/..", "/lti/nb/~abc/");
        check("", PREFIX, "/a/b/.", "/lti/nb/~abc/a/b/");
        check("", PREFIX, "/%2e%2E/a/.%2e?..", "/lti/nb/~abc/?..");
        check("", PREFIX, "/a\\..\\..\\b", "/lti/nb/~abc/b");
        check("", PREFIX, "/a/...//b", "/lti/nb/~abc/a/...//b");
        check("", PREFIX, "/%252e%252e/a", "/lti/nb/~abc/%252e%252e/a");
        check("", PREFIX, "https://tools.example/lti/nb/~abc/../x", "/lti/nb/~abc/lti/nb/x");
    }

    #[test]
    fn no_path_becomes_a_host_in_a_browser() {
        check("", PREFIX, "/\\evil.example", "/lti/nb/~abc/\\evil.example");
        check("", PREFIX, "/%5cevil.example", "/lti/nb/~abc/%5cevil.example");
        check("", "", "/\\evil.example", "/evil.example");
        check("", "", "/\\/\\evil.example?/\\", "/evil.example?/\\");
        check("", "", "/..//evil.example", "/evil.example");
        check("/app", "", "/app//evil.example", "/evil.example");
        check("/app", "", "/app/\\evil.example", "/evil.example");
        check("", "", "/%5cevil.example", "/%5cevil.example");
    }

    #[test]
    fn a_value_with_control_characters_is_dropped() {
        for value in [
            "/a\tb",
            "\t//evil.example",
            "/\r\nSet-Cookie: a",
            "a\0",
            "/\u{7f}",
            "/\u{85}",
            "https://campus.example/\n",
        ] {
            with_frame("/app", PREFIX, |frame| {
                assert_eq!(frame.url(value), None);
                assert_eq!(frame.refresh(&format!("0; url={value}")), None);
            });
        }
    }

    #[track_caller]
    fn check_refresh(value: &str, expected: &str) {
        with_frame("/app", PREFIX, |frame| {
            assert_eq!(frame.refresh(value).as_deref(), Some(expected), "{value}");
        });
    }

    #[test]
    fn the_url_of_a_refresh_is_put_below_the_prefix() {
        check_refresh("5; url=/app/a", "5; url=/lti/nb/~abc/a");
        check_refresh("0;URL=/a?b=c;d", "0;URL=/lti/nb/~abc/a?b=c;d");
        check_refresh("0, Url = /a", "0, Url = /lti/nb/~abc/a");
        check_refresh("0;url=\"/app/a\"", "0;url=\"/lti/nb/~abc/a\"");
        check_refresh("0;url='/app/a'; x", "0;url='/lti/nb/~abc/a'; x");
        check_refresh("0;url=\"/app/a", "0;url=\"/lti/nb/~abc/a");
        check_refresh("0;url=\"/a'b\"", "0;url=\"/lti/nb/~abc/a'b\"");
        check_refresh("0;/app/a", "0;/lti/nb/~abc/a");
        check_refresh("0 /app/a", "0 /lti/nb/~abc/a");
        check_refresh("1.5 ; '/app/a'", "1.5 ; '/lti/nb/~abc/a'");
        check_refresh("0; url=http://app.test:9000/app/a", "0; url=/lti/nb/~abc/a");
        check_refresh("0; url=//tools.example/", "0; url=/lti/nb/~abc/");
        check_refresh("0; url=https://tools.example/a", "0; url=/lti/nb/~abc/a");
    }

    #[test]
    fn another_refresh_keeps_its_bytes() {
        for value in [
            "5",
            " 5 ; ",
            "",
            "0; url=",
            "0; url=\"\"",
            "0; url=a/b",
            "0; url='../a'",
            "0 ../a",
            "0; ../a",
            "0; url=https://campus.example/",
            "0; url=\" https://campus.example/ \"",
            "0; url=/lti/nb/~abc/a",
            "0; url/a",
            "0; ur",
            "0; urä=/a",
            "soon",
        ] {
            check_refresh(value, value);
        }
    }

    /// Random parts of URLs.
    const URL: &str = concat!(
        "(http:|https:|//|/|\\\\|app\\.test:9000|tools\\.example|evil\\.example|/app|/lti/nb|/~abc",
        "|\\.|%2e|\\?|#|@|:|a|\\PC){0,8}",
    );

    proptest! {
        #[test]
        fn a_url_is_relative_or_of_another_site_or_below_the_prefix(value in URL) {
            let rewrite = |value: &str| {
                with_frame("/app", PREFIX, |frame| frame.url(value).map(Cow::into_owned))
            };
            let below = rewrite(&value).expect("no controls");
            if below == value && !value.starts_with(PREFIX) {
                let is_path = value.starts_with('/') && !value.starts_with("//");
                let is_the_apps = UrlParts::of_web(&value)
                    .is_some_and(|url| url.is_at_host_of("http://app.test:9000"));
                prop_assert!(!is_path && !is_the_apps);
            } else {
                let path = below
                    .strip_prefix(PREFIX)
                    .unwrap_or_else(|| panic!("{value} became {below}"));
                let is_below = path.is_empty() || path.starts_with(['/', '?', '#']);
                prop_assert!(is_below, "{value} became {below}");
                let path = split_path(&below).0;
                prop_assert_eq!(&*without_dot_segments(path), path);
            }
            let again = rewrite(&below);
            prop_assert_eq!(again.as_deref(), Some(below.as_str()), "rewriting is idempotent");
        }

        #[test]
        fn without_a_prefix_no_url_of_the_app_becomes_one_of_another_host(value in URL) {
            let below = with_frame("/app", "", |frame| frame.url(&value).map(Cow::into_owned));
            let below = below.expect("no controls");
            let is_path = below.starts_with('/')
                && !below.starts_with("//")
                && !below.starts_with("/\\");
            prop_assert!(below == value || is_path);
        }

        #[test]
        fn a_refresh_differs_only_in_its_url(
            before in "[0-9]{0,2}(\\.5)? ?[;,] ?([uU][rR][lL] ?= ?)?",
            value in URL,
        ) {
            prop_assume!(!value.starts_with([' ', '\'', '"']) && !value.ends_with(' '));
            let (refreshed, url) = with_frame("/app", PREFIX, |frame| {
                let refreshed = frame.refresh(&format!("{before}{value}")).map(Cow::into_owned);
                (refreshed, frame.url(&value).map(Cow::into_owned))
            });
            prop_assert_eq!(refreshed, url.map(|url| format!("{before}{url}")));
        }
    }
}
