//! Response headers that contain URLs, by their syntax.
//!
//! Every URL in them is rewritten as in `Location`. The rest of a value keeps its bytes. So does a
//! value whose syntax is malformed: browsers and scripts ignore it.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::IgnoredAny;

use super::app::Frame;

/// The syntax of a header that contains URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UrlSyntax {
    /// One URL.
    Url,
    /// Seconds, and often a URL.
    Refresh,
    /// URLs in angle brackets, with parameters (RFC 8288).
    Link,
    /// One URL, or a JSON object with some.
    Action,
    /// URLs in quotes: a list or a dictionary of strings (RFC 9651).
    Quoted,
}

/// The headers that contain URLs, except cookies and policies.
///
/// The header of a client-side router is missing if the router itself adds the app's base path:
/// Next.js's `X-Action-Redirect` and `X-Nextjs-…`.
const HEADERS: [(&str, UrlSyntax); 21] = [
    // HTTP (RFC 9110) and HTML.
    ("location", UrlSyntax::Url),
    ("content-location", UrlSyntax::Url),
    ("refresh", UrlSyntax::Refresh),
    ("link", UrlSyntax::Link),
    ("speculation-rules", UrlSyntax::Quoted),
    // W3C Reporting API.
    ("reporting-endpoints", UrlSyntax::Quoted),
    // ECMA-426.
    ("sourcemap", UrlSyntax::Url),
    ("x-sourcemap", UrlSyntax::Url),
    // htmx.
    ("hx-location", UrlSyntax::Action),
    ("hx-push", UrlSyntax::Url),
    ("hx-push-url", UrlSyntax::Url),
    ("hx-redirect", UrlSyntax::Url),
    ("hx-replace-url", UrlSyntax::Url),
    // Inertia.
    ("x-inertia-location", UrlSyntax::Url),
    ("x-inertia-redirect", UrlSyntax::Url),
    // Turbo and Turbolinks.
    ("turbo-location", UrlSyntax::Url),
    ("turbolinks-location", UrlSyntax::Url),
    ("x-xhr-redirected-to", UrlSyntax::Url),
    // Unpoly, pjax and Yii.
    ("x-up-location", UrlSyntax::Url),
    ("x-pjax-url", UrlSyntax::Url),
    ("x-redirect", UrlSyntax::Url),
];

/// The members of an `HX-Location` object that are URLs. The last two may also be `"true"` and
/// `"false"`, which are no paths.
const ACTION_URLS: [&str; 3] = ["path", "push", "replace"];

/// The parameters of a `Link` that contain URLs.
const ANCHOR: &str = "anchor";
const IMAGES: &str = "imagesrcset";

impl UrlSyntax {
    /// The syntax of a header. `None` for a header without URLs. `name` is in lower case.
    pub(super) fn of(name: &str) -> Option<Self> {
        HEADERS.iter().find(|(known, _)| *known == name).map(|(_, syntax)| *syntax)
    }
}

impl Frame<'_> {
    /// The value of a header that contains URLs. `None` removes it: a single URL with control
    /// characters.
    pub(super) fn urls<'v>(&self, syntax: UrlSyntax, value: &'v str) -> Option<Cow<'v, str>> {
        match syntax {
            UrlSyntax::Url => self.url(value),
            UrlSyntax::Refresh => self.refresh(value),
            UrlSyntax::Link => Some(self.replaced(value, link_urls(value), Self::plain)),
            UrlSyntax::Quoted => Some(self.replaced(value, quoted(value), Self::plain)),
            UrlSyntax::Action if value.trim_ascii_start().starts_with('{') => {
                Some(self.replaced(value, action_urls(value), Self::json_string))
            }
            UrlSyntax::Action => self.url(value),
        }
    }

    /// A value with replaced parts. The ranges are in order and do not overlap.
    fn replaced<'v>(
        &self,
        value: &'v str,
        urls: Vec<Range<usize>>,
        replace: impl Fn(&Self, &str) -> Option<String>,
    ) -> Cow<'v, str> {
        let mut result = String::new();
        let mut copied = 0;
        for url in urls {
            if let Some(replaced) = replace(self, &value[url.clone()]) {
                result.push_str(&value[copied..url.start]);
                result.push_str(&replaced);
                copied = url.end;
            }
        }
        if copied == 0 {
            return Cow::Borrowed(value);
        }
        Cow::Owned(result + &value[copied..])
    }

    /// The replacement of a URL. `None` if it stays.
    fn plain(&self, url: &str) -> Option<String> {
        match self.url(url)? {
            Cow::Borrowed(_) => None,
            Cow::Owned(below) => Some(below),
        }
    }

    /// The replacement of a JSON string that is a URL. An ASCII string stays one: scripts read
    /// headers as ISO-8859-1, so an app escapes other letters.
    fn json_string(&self, json: &str) -> Option<String> {
        let url: String = serde_json::from_str(json).ok()?;
        let below = serde_json::to_string(&self.plain(&url)?).ok()?;
        if !json.is_ascii() || below.is_ascii() {
            return Some(below);
        }
        let escaped = |letter: char| match letter {
            '\0'..='\x7f' => letter.to_string(),
            _ => letter.encode_utf16(&mut [0; 2]).iter().map(|it| format!("\\u{it:04x}")).collect(),
        };
        Some(below.chars().map(escaped).collect())
    }
}

/// The URLs of a `Link`: the targets, their contexts, and the images of a preload. Empty if the
/// value is malformed.
fn link_urls(value: &str) -> Vec<Range<usize>> {
    let mut urls = Vec::new();
    let mut at = 0;
    loop {
        at += spaces(&value[at..], &[',']);
        let Some(after) = value[at..].strip_prefix('<') else {
            return if at == value.len() { urls } else { Vec::new() };
        };
        let Some(length) = after.find('>') else { return Vec::new() };
        urls.push(at + 1..at + 1 + length);
        at += length + 2;
        // The parameters, up to the comma before the next link.
        loop {
            at += spaces(&value[at..], &[';']);
            let rest = &value[at..];
            if rest.is_empty() || rest.starts_with(',') {
                break;
            }
            let length = rest.find(['=', ';', ',', '"']).unwrap_or(rest.len());
            let name = rest[..length].trim_ascii();
            at += length;
            let Some(content) = value[at..].strip_prefix('=') else {
                if value[at..].starts_with('"') {
                    return Vec::new();
                }
                continue;
            };
            at += 1 + spaces(content, &[]);
            if value[at..].starts_with('"') {
                let Some(end) = end_of_quoted(&value[at..]) else { return Vec::new() };
                let content = at + 1..at + end - 1;
                at += end;
                if value[content.clone()].contains('\\') {
                    continue;
                }
                if name.eq_ignore_ascii_case(ANCHOR) {
                    urls.push(content);
                } else if name.eq_ignore_ascii_case(IMAGES) {
                    let images = source_urls(&value[content.clone()]).into_iter();
                    urls.extend(
                        images.map(|url| content.start + url.start..content.start + url.end),
                    );
                }
            } else {
                at += value[at..].find([';', ',']).unwrap_or(value.len() - at);
            }
        }
    }
}

/// The URLs of a `srcset` (HTML, "parse a srcset attribute").
fn source_urls(value: &str) -> Vec<Range<usize>> {
    let mut urls = Vec::new();
    let mut at = 0;
    loop {
        at += spaces(&value[at..], &[',']);
        let rest = &value[at..];
        let length = rest.find(|letter: char| letter.is_ascii_whitespace()).unwrap_or(rest.len());
        if length == 0 {
            return urls;
        }
        let url = rest[..length].trim_end_matches(',');
        urls.push(at..at + url.len());
        at += length;
        if url.len() == length {
            at += value[at..].find(',').unwrap_or(value.len() - at);
        }
    }
}

/// The contents of all quoted strings without escapes. Empty if the last one has no end.
fn quoted(value: &str) -> Vec<Range<usize>> {
    let mut strings = Vec::new();
    let mut at = 0;
    while let Some(start) = value[at..].find('"') {
        let Some(end) = end_of_quoted(&value[at + start..]) else { return Vec::new() };
        strings.push(at + start + 1..at + start + end - 1);
        at += start + end;
    }
    strings.retain(|string| !value[string.clone()].contains('\\'));
    strings
}

/// The JSON strings of an `HX-Location` object that are URLs, with their quotes. Empty if the value
/// is no JSON.
fn action_urls(value: &str) -> Vec<Range<usize>> {
    if serde_json::from_str::<IgnoredAny>(value).is_err() {
        return Vec::new();
    }
    let mut urls = Vec::new();
    let mut depth = 0_usize;
    // The name of the member whose value comes next, at the depth of the object itself.
    let mut name = String::new();
    let mut is_value = false;
    let mut at = 0;
    while let Some(byte) = value.as_bytes().get(at) {
        let mut length = 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b':' if depth == 1 => is_value = true,
            b',' if depth == 1 => is_value = false,
            b'"' => {
                length = end_of_quoted(&value[at..]).unwrap_or(value.len() - at);
                let string = &value[at..at + length];
                if depth == 1 && is_value && ACTION_URLS.contains(&name.as_str()) {
                    urls.push(at..at + length);
                } else if depth == 1 && !is_value {
                    name = serde_json::from_str(string).unwrap_or_default();
                }
            }
            _ => {}
        }
        at += length;
    }
    urls
}

/// The length of a quoted string with its quotes, at the start of a text. `None` without an end.
fn end_of_quoted(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The number of leading bytes that are whitespace or one of these separators.
fn spaces(text: &str, separators: &[char]) -> usize {
    let is_space = |letter: char| letter.is_ascii_whitespace() || separators.contains(&letter);
    text.len() - text.trim_start_matches(is_space).len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::url::{BaseUrl, Origin, Scheme};

    fn with_frame<R>(use_it: impl FnOnce(Frame<'_>) -> R) -> R {
        let upstream = BaseUrl {
            origin: Origin { scheme: Scheme::Http, authority: "localhost:9000".to_owned() },
            path: "/app".to_owned(),
        };
        use_it(Frame {
            upstream: &upstream,
            origin: "https://tools.example",
            prefix: "/lti/nb/~abc",
            is_root: false,
            frame_ancestors: "*",
        })
    }

    #[track_caller]
    fn check(syntax: UrlSyntax, value: &str, expected: &str) {
        with_frame(|frame| {
            assert_eq!(frame.urls(syntax, value).as_deref(), Some(expected), "{value}");
        });
    }

    #[test]
    fn every_target_and_context_of_a_link_is_put_below_the_prefix() {
        let check = |value, expected| check(UrlSyntax::Link, value, expected);
        check("</app/a.css>; rel=preload; as=style", "</lti/nb/~abc/a.css>; rel=preload; as=style");
        check(
            "<http://127.0.0.1:9000/app/2>; rel=\"next\", <?page=9>;rel=last",
            "</lti/nb/~abc/2>; rel=\"next\", <?page=9>;rel=last",
        );
        check(
            "</a>,</b>;x , <https://cdn.example/c>;\tx=y,,</d>",
            "</lti/nb/~abc/a>,</lti/nb/~abc/b>;x , <https://cdn.example/c>;\tx=y,,</lti/nb/~abc/d>",
        );
        check(
            r##"</a>; title="</b>, \"</c>"; anchor = "/d"; ANCHOR="#e""##,
            r##"</lti/nb/~abc/a>; title="</b>, \"</c>"; anchor = "/lti/nb/~abc/d"; ANCHOR="#e""##,
        );
        check(
            r#"<a.jpg>; imagesrcset="/a.jpg 1x, b.jpg 2x,/c,d.jpg, /e.jpg"; rel=preload"#,
            concat!(
                r#"<a.jpg>; imagesrcset="/lti/nb/~abc/a.jpg 1x, b.jpg 2x,/lti/nb/~abc/c,d.jpg, "#,
                r#"/lti/nb/~abc/e.jpg"; rel=preload"#,
            ),
        );
        check("<https://tools.example/x>; rel=a", "</lti/nb/~abc/x>; rel=a");
    }

    #[test]
    fn a_malformed_link_keeps_its_bytes() {
        for value in [
            "",
            " , ",
            "/a",
            "</a",
            "</a>; title=\"x",
            "</a>, /b",
            "</a>; \"x\"; anchor=\"/b\"",
            "</a\t>",
            "<>",
            "<https://campus.example/>; rel=x",
            "<//campus.example/>",
            "<b>; anchor=\"/\\\"x\"",
            "<b>; imagesrcset=\" , \"",
        ] {
            check(UrlSyntax::Link, value, value);
        }
    }

    #[test]
    fn an_action_is_a_url_or_an_object_with_urls() {
        let check = |value, expected| check(UrlSyntax::Action, value, expected);
        check("/app/a", "/lti/nb/~abc/a");
        check("https://campus.example/", "https://campus.example/");
        check(
            r##"{"path":"/app/a?b","target":"#c","values":{"path":"/d","n":12345678901234567}}"##,
            concat!(
                r##"{"path":"/lti/nb/~abc/a?b","target":"#c","##,
                r##""values":{"path":"/d","n":12345678901234567}}"##,
            ),
        );
        check(
            r#" { "a" : [ "path", ":" ], "\u0070ath" : "http:\/\/[::1]:9000\/app\/\u00fc" } "#,
            r#" { "a" : [ "path", ":" ], "\u0070ath" : "/lti/nb/~abc/\u00fc" } "#,
        );
        check(
            r#"{"push":"/a", "replace":"false", "path":"b"}"#,
            r#"{"push":"/lti/nb/~abc/a", "replace":"false", "path":"b"}"#,
        );
        check(
            r#"{"path":"/\ud83d\ude00?\u00fc"}"#,
            r#"{"path":"/lti/nb/~abc/\ud83d\ude00?\u00fc"}"#,
        );
        check(r#"{"path":"/ü"}"#, r#"{"path":"/lti/nb/~abc/ü"}"#);
        for same in [
            r#"{"path":"https://campus.example/a"}"#,
            r#"{"path":"a/b"}"#,
            r#"{"path":7}"#,
            r#"{"path":"/a\tb"}"#,
            r#"{"target":"/a","values":["path"]}"#,
            r#"{"path":"/a""#,
            "{path:'/a'}",
            "{}",
            "path:/a target:#b",
        ] {
            check(same, same);
        }
    }

    #[test]
    fn urls_in_quotes_are_put_below_the_prefix() {
        let check = |value, expected| check(UrlSyntax::Quoted, value, expected);
        check("\"/rules.json\", \"x.json\"", "\"/lti/nb/~abc/rules.json\", \"x.json\"");
        check(
            "main=\"http://0.0.0.0:9000/app/r\", b=\"https://campus.example/r\";x=\"a\"",
            "main=\"/lti/nb/~abc/r\", b=\"https://campus.example/r\";x=\"a\"",
        );
        for same in ["", "a=?1", "\"/a", "\"/a\\\"b\"", "\"/a\", \""] {
            check(same, same);
        }
    }

    #[test]
    fn a_single_url_is_treated_as_in_location() {
        for (name, syntax) in HEADERS {
            if !matches!(syntax, UrlSyntax::Url | UrlSyntax::Action) {
                continue;
            }
            assert_eq!(UrlSyntax::of(name), Some(syntax));
            check(syntax, "http://[::]:9000/app/a", "/lti/nb/~abc/a");
            check(syntax, "/app/../a", "/lti/nb/~abc/a");
            check(syntax, "https://campus.example/a", "https://campus.example/a");
            check(syntax, "false", "false");
            assert_eq!(with_frame(|frame| frame.urls(syntax, "/a\tb").map(Cow::into_owned)), None);
        }
        assert_eq!(UrlSyntax::of("x-action-redirect"), None);
        assert_eq!(UrlSyntax::of("x-app"), None);
    }

    proptest! {
        #[test]
        fn any_value_is_rewritten_once_and_only_in_its_urls(
            value in concat!(
                "(<|>|\"|\\\\|,|;|=|\\{|\\}|\\[|\\]|:| |\t|/app|/a|http://localhost:9000|\"path\"",
                "|anchor=|imagesrcset=\"|\\.\\.|\\PC){0,12}",
            ),
        ) {
            for syntax in [UrlSyntax::Link, UrlSyntax::Action, UrlSyntax::Quoted] {
                let rewrite = |value: &str| {
                    with_frame(|frame| frame.urls(syntax, value).map(Cow::into_owned))
                };
                let Some(once) = rewrite(&value) else { continue };
                let twice = rewrite(&once);
                prop_assert_eq!(twice.as_deref(), Some(once.as_str()), "{:?}", syntax);
            }
        }
    }
}
