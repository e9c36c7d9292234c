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

/// Whether any server could find a segment `.` or `..` in a path.
///
/// Servers differ in what they decode and remove, so every spelling counts:
/// - literal, percent-encoded once or several times, as `%u002e`, or in UTF-8 that is too long;
/// - with a character that normalization turns into a dot or slash, such as a full-width one;
/// - between `/` or `\`, and before parameters, a query or a fragment;
/// - with spaces or control characters beside the dots, which some servers remove.
pub fn has_dot_segment(path: &str) -> bool {
    contains_dot_segment(&decoded(path))
}

/// Whether the gateway reserves this segment below its tools' base paths, in any equivalent
/// spelling. It is no session id: those have 16 characters after the `~`.
pub fn is_reserved(segment: &str) -> bool {
    matches!(&*decoded_once(segment.as_bytes()), b"~login" | b"~links" | b"~register")
}

/// Whether a segment begins with `~` in any spelling that [`has_dot_segment`] would find.
pub fn begins_with_tilde(segment: &str) -> bool {
    decoded(segment).first() == Some(&b'~')
}

/// Whether a segment contains a `~` in any spelling that [`has_dot_segment`] would find.
pub fn contains_tilde(segment: &str) -> bool {
    decoded(segment).contains(&b'~')
}

/// A path, percent-decoded once.
pub fn decoded_once(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.contains(&b'%') {
        return Cow::Borrowed(bytes);
    }
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut left = bytes;
    while let [first, after_first @ ..] = left {
        let escaped = match left {
            [b'%', high, low, after @ ..] => hex(&[*high, *low]).zip(Some(after)),
            _ => None,
        };
        match escaped {
            Some((byte, after)) => {
                decoded.extend(u8::try_from(byte));
                left = after;
            }
            None => {
                decoded.push(*first);
                left = after_first;
            }
        }
    }
    Cow::Owned(decoded)
}

fn contains_dot_segment(decoded: &[u8]) -> bool {
    decoded.contains(&b'.')
        && decoded.split(|byte| matches!(byte, b'/' | b'\\')).any(|segment| {
            let ends = |byte: &u8| matches!(byte, b';' | b'?' | b'#' | 0);
            let end = segment.iter().position(ends).unwrap_or(segment.len());
            is_dot_segment(&segment[..end])
        })
}

/// Whether a segment is `.` or `..` after a server removed spaces from it. Some also remove dots
/// between or after spaces, so any number of dots beside a space counts.
fn is_dot_segment(segment: &[u8]) -> bool {
    // 0x85 and 0xa0 are spaces in ISO 8859-1. In UTF-8, they follow a byte that is no space.
    let is_space = |byte: u8| matches!(byte, 0..=b' ' | 0x7f | 0x85 | 0xa0);
    let dots = segment.iter().filter(|byte| **byte == b'.').count();
    let spaces = segment.iter().filter(|byte| is_space(**byte)).count();
    dots + spaces == segment.len() && dots > 0 && (dots <= 2 || spaces > 0)
}

/// A path, decoded until no escape is left.
///
/// Each decoded byte may complete an escape with the bytes before it. So one pass finds every
/// escape, at any depth and in any mixture.
fn decoded(path: &str) -> Cow<'_, [u8]> {
    if path.is_ascii() && !path.contains('%') {
        return Cow::Borrowed(path.as_bytes());
    }
    let mut decoded = Vec::with_capacity(path.len());
    for byte in path.bytes() {
        decoded.push(byte);
        while resolve_last_escape(&mut decoded) {}
    }
    Cow::Owned(decoded)
}

/// Replaces an escape at the end of these bytes by its meaning. Returns whether it found one.
fn resolve_last_escape(bytes: &mut Vec<u8>) -> bool {
    let (length, code) = match bytes[..] {
        [.., b'%', high, low] if let Some(byte) = hex(&[high, low]) => {
            bytes.truncate(bytes.len() - 3);
            bytes.extend(u8::try_from(byte));
            return true;
        }
        [.., b'%', b'u' | b'U', a, b, c, d] if let Some(code) = hex(&[a, b, c, d]) => (6, code),
        // Some servers do not check the second byte of two.
        [.., 0xc0, byte @ (b'.' | b'/')] => (2, u32::from(byte)),
        [.., 0xc1, 0x1c | b'\\'] => (2, u32::from(b'\\')),
        _ => match last_code_point(bytes) {
            Some((length, code)) if alike(code).is_some() => (length, code),
            _ => return false,
        },
    };
    bytes.truncate(bytes.len() - length);
    match alike(code) {
        Some(ascii) => bytes.extend_from_slice(ascii.as_bytes()),
        None => {
            let kept = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            bytes.extend_from_slice(kept.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    true
}

/// The length and the code point of a sequence of two to six bytes at the end of these bytes.
/// UTF-8 forbids ASCII in several bytes, but old servers decode it.
fn last_code_point(bytes: &[u8]) -> Option<(usize, u32)> {
    let is_continuation = |byte: &&u8| matches!(byte, 0x80..=0xbf);
    let continuations = bytes.iter().rev().take(5).take_while(is_continuation).count();
    let lead_at = bytes.len().checked_sub(continuations + 1)?;
    let (lead, rest) = bytes.get(lead_at..)?.split_first()?;
    // A lead begins with as many ones as its sequence has bytes.
    let length = usize::try_from(lead.leading_ones()).ok()?;
    if length != continuations + 1 || !(2..=6).contains(&length) {
        return None;
    }
    let first = u32::from(*lead) & (0x7f >> length);
    Some((length, rest.iter().fold(first, |code, byte| code << 6 | u32::from(byte & 0x3f))))
}

/// The ASCII that some server takes a code point for: the same character, or what normalization
/// (NFKC) or a conversion to an old character set makes of it. Spaces and invisible characters
/// become a space.
fn alike(code: u32) -> Option<&'static str> {
    /// All visible ASCII and the space.
    const ASCII: &str = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`\
                         abcdefghijklmnopqrstuvwxyz{|}~";
    let ascii = |at: u32| {
        let at = usize::try_from(at.checked_sub(0x20)?).ok()?;
        ASCII.get(at..=at)
    };
    match char::from_u32(code)? {
        '\0' => Some("\0"),
        ' '..='~' => ascii(code),
        // The full-width forms have the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => ascii(code - 0xfee0),
        // One dot leader, small full stop; two dot leader.
        '\u{2024}' | '\u{fe52}' => Some("."),
        '\u{2025}' => Some(".."),
        // Fraction slash, division slash, big solidus.
        '\u{2044}' | '\u{2215}' | '\u{29f8}' => Some("/"),
        // Set minus, reverse solidus operator, big and small reverse solidus.
        '\u{2216}' | '\u{29f5}' | '\u{29f9}' | '\u{fe68}' => Some("\\"),
        // Greek question mark, small semicolon.
        '\u{37e}' | '\u{fe54}' => Some(";"),
        // Small question mark, number sign and percent sign.
        '\u{fe56}' => Some("?"),
        '\u{fe5f}' => Some("#"),
        '\u{fe6a}' => Some("%"),
        // Small tilde, tilde operator.
        '\u{2dc}' | '\u{223c}' => Some("~"),
        // Soft hyphen, zero-width characters, word joiner, byte order mark.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => Some(" "),
        other if other.is_whitespace() || other.is_control() => Some(" "),
        _ => None,
    }
}

/// The value of hexadecimal digits.
fn hex(digits: &[u8]) -> Option<u32> {
    let digit = |letter: u8| char::from(letter).to_digit(16);
    digits.iter().try_fold(0, |value, letter| Some(value << 4 | digit(*letter)?))
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
            "/%2e%2e%2e",
            "/a%2e%2eb",
            "/a..b",
            "/a..%20b",
            "/%20",
            "/%20/a%20/%20b/",
            "/a.%20",
            "/a%u002eb",
            "/%u0041",
            "/%u00",
            "/....",
            "/…",
            "/a．b／c",
            "/\u{ff0e}\u{ff0e}\u{ff0e}",
            "/é/日本/%E6%97%A5/..é",
            "/%c0",
            "/%C0.txt",
            "/%e0%80",
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
            // `%u`, as IIS decodes it.
            "/%u002e",
            "/%U002E%u002e/a",
            "/.%u002e",
            "/%u002e%2e%u002fb",
            "/..%u002fb",
            "/..%u005cb",
            "/%25u002e%25%75002e",
            "/%uff0e%uff0e",
            "/..%uff0fb",
            "/%u2024%u2024",
            "/%%75002e",
            // Spaces that a server removes.
            "/..%20",
            "/..%20/a",
            "/%20..",
            "/.%20.",
            "/.%20",
            "/..%09",
            "/..%0d%0a",
            "/..%20%20.%20",
            "/..%20...",
            "/..%7f",
            "/..%2520",
            "/..%20;x",
            "/..;%20",
            "/..%a0",
            "/..%c2%a0",
            "/..\u{a0}",
            "/..%e3%80%80",
            "/.%e2%80%8b.",
            "/..%ef%bb%bf",
            "/%c2%ad..",
            "/..%00x%20",
            // Characters that normalization turns into dots and slashes.
            "/．．",
            "/%EF%BC%8E%EF%BC%8E",
            "/%ef%bc%8e",
            "/%25EF%25BC%258E.",
            "/．%2e/a",
            "/..／a",
            "/..%EF%BC%8Fa",
            "/a%EF%BC%8F..%EF%BC%8Fb",
            "/..＼a",
            "/..%EF%BC%BCa",
            "/a%EF%BC%BC..",
            "/‥",
            "/․․/a",
            "/﹒﹒",
            "/..∕a",
            "/..⁄a",
            "/..∖a",
            "/..﹨a",
            "/..；a",
            "/..\u{37e}a",
            "/．．％2fa",
            "/％２ｅ％２ｅ",
            "/..？a",
            // UTF-8 that is too long, or has a wrong second byte.
            "/%e0%80%ae%e0%80%ae",
            "/%f0%80%80%ae.",
            "/%f8%80%80%80%ae.",
            "/%fc%80%80%80%80%ae.",
            "/..%e0%80%afa",
            "/..%c1%9ca",
            "/..%c1%1ca",
            "/..%c1%5ca",
            "/..%c0%2fa",
            "/%c0%2e%c0%2e",
            "/%c0.%c0.",
            "/%f0%8f%bc%8e",
            "..",
            ".",
        ] {
            check("", rest, None, Err(BadPath::DotSegment));
            check("/app", rest, Some("q"), Err(BadPath::DotSegment));
            assert!(has_dot_segment(rest), "{rest}");
        }
        for rest in
            ["", "/", "/a", "/...", "/a.b", "/..a", "/a;..", "/%2e%2e%2e", "/..%20a", "/%zz", "/%"]
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

    #[test]
    fn decoding_once_leaves_what_is_no_escape() {
        for (path, expected) in [
            ("", ""),
            ("/a", "/a"),
            ("%7Ea", "~a"),
            ("%7e%7E", "~~"),
            ("%257E", "%7E"),
            ("%%37E", "%7E"),
            ("%", "%"),
            ("%7", "%7"),
            ("%zz%41", "%zzA"),
            ("é%41", "éA"),
        ] {
            assert_eq!(*decoded_once(path.as_bytes()), *expected.as_bytes(), "{path}");
        }
    }

    const DOTS: [&str; 11] = [
        ".",
        "%2e",
        "%2E",
        "%u002e",
        "．",
        "%EF%BC%8E",
        "%c0%ae",
        "%e0%80%ae",
        "․",
        "%uff0e",
        "﹒",
    ];
    const SLASHES: [&str; 10] =
        ["/", "\\", "%2f", "%5C", "%u002f", "／", "%EF%BC%BC", "%c0%af", "%c1%9c", "∕"];
    const SPACES: [&str; 8] =
        ["", "%20", "%09", "%0A", "%c2%a0", "\u{3000}", "%u0020", "%e2%80%8b"];

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
            let mut path = rest.clone().into_bytes();
            let mut seen = contains_dot_segment(&path);
            for _ in 0..rest.len() {
                path = decoded_once(&path).into_owned();
                seen |= contains_dot_segment(&path);
            }
            prop_assert_eq!(has_dot_segment(&rest), seen);
        }

        #[test]
        fn a_dot_segment_is_found_in_every_mixture_of_spellings(
            before in "(/[a-z]{0,3}){0,2}",
            slashes in proptest::array::uniform2(0..SLASHES.len()),
            spaces in proptest::array::uniform3(0..SPACES.len()),
            dots in proptest::collection::vec(0..DOTS.len(), 1..3),
            end in proptest::option::of("[;?#][a-z]{0,2}"),
            after in "[a-z]{0,3}",
            depth in 0..4usize,
        ) {
            let mut segment = SPACES[spaces[0]].to_owned();
            for dot in dots {
                segment += DOTS[dot];
                segment += SPACES[spaces[1]];
            }
            segment += SPACES[spaces[2]];
            segment += &end.unwrap_or_default().replace('?', "%3f").replace('#', "%23");
            let mut hidden = format!("{}{segment}{}", SLASHES[slashes[0]], SLASHES[slashes[1]]);
            for _ in 0..depth {
                hidden = hidden.replace('%', "%25");
            }
            let rest = format!("{before}/{hidden}{after}");
            prop_assert!(has_dot_segment(&rest), "{}", rest);
            prop_assert!(upstream_url(&upstream("/app"), &rest, None).is_err());
        }

        #[test]
        fn names_with_a_letter_are_no_dot_segments(
            names in proptest::collection::vec(
                "[a-zé日%]?[a-zé日][.]{0,3}[a-z0-9]{0,2}([.]| |%20|%2e|．){0,3}",
                1..4,
            ),
        ) {
            let rest = format!("/{}", names.join("/").replace(' ', "+"));
            prop_assert!(!has_dot_segment(&rest), "{}", rest);
        }
    }
}
