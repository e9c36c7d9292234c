use crate::oauth1::base_string::base_uri;
use crate::oauth1::encode::decode;

/// The launch URL of a tool, with which the target links of logins and launches are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchUrl {
    /// Scheme, host and port in lower case, without the default port and without a slash at the
    /// end.
    origin: String,
    /// The path, without a slash at the end.
    path: String,
}

impl LaunchUrl {
    /// The launch URL with this scheme, authority (host and optional port) and path.
    pub fn new(scheme: &str, authority: &str, path: &str) -> Self {
        Self { origin: origin(scheme, authority), path: path.trim_end_matches('/').to_owned() }
    }

    /// The part of a target link below the launch URL: path and query. The path begins with a
    /// slash.
    ///
    /// `None` if the link has another scheme, host or port, or if its path is not at the launch
    /// path or below it. Also `None` if servers may read the link in different ways: with a dot
    /// segment, an encoded slash, a backslash, a user name, a fragment, or a character that is
    /// invalid in a URL.
    pub fn destination(&self, target: &str) -> Option<String> {
        let (scheme, rest) = target.split_once("://")?;
        let is_clean = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte);
        if !rest.bytes().all(is_clean) {
            return None;
        }
        let (location, query) = match rest.split_once('?') {
            Some((location, query)) => (location, Some(query)),
            None => (rest, None),
        };
        let (authority, path) = location.split_at(location.find('/').unwrap_or(location.len()));
        if authority.contains('@') || origin(scheme, authority) != self.origin {
            return None;
        }
        let below = path.strip_prefix(self.path.as_str())?;
        if !(below.is_empty() || below.starts_with('/')) || is_ambiguous(below) {
            return None;
        }
        let below = if below.is_empty() { "/" } else { below };
        Some(match query {
            Some(query) => format!("{below}?{query}"),
            None => below.to_owned(),
        })
    }
}

/// Scheme, host and port in lower case, without the default port.
fn origin(scheme: &str, authority: &str) -> String {
    base_uri(scheme, authority, "/").trim_end_matches('/').to_owned()
}

/// Whether a path has a dot segment, a slash or a backslash in an encoded form, encoded once or
/// several times, or an invalid escape.
fn is_ambiguous(path: &str) -> bool {
    let mut decoded = path.to_owned();
    loop {
        // Software disagrees about the parameters of a segment (RFC 3986 §3.3).
        let is_dots = |segment: &str| segment.split(';').any(|part| matches!(part, "." | ".."));
        let lower = decoded.to_ascii_lowercase();
        if decoded.contains('\\')
            || ["%2f", "%5c", "%00"].iter().any(|escape| lower.contains(escape))
            || decoded.split('/').any(is_dots)
        {
            return true;
        }
        match decode(&decoded) {
            Some(again) if again == decoded => return false,
            // Decoding shortens the path, so the loop ends. A bare % after the first round is data.
            Some(again) => decoded = again,
            None => return decoded == path,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // LTI13 §18, case 19.
    #[test]
    fn only_harmless_target_links_have_a_destination() {
        let launch = LaunchUrl::new("https", "tools.example", "/lti/nb");
        let check = |target: &str, expected: Option<&str>| {
            assert_eq!(launch.destination(target).as_deref(), expected, "{target}");
        };
        check("https://tools.example/lti/nb", Some("/"));
        check("https://tools.example/lti/nb/", Some("/"));
        check("https://tools.example/lti/nb/week/1?x=2", Some("/week/1?x=2"));
        check("https://tools.example/lti/nb?x=2", Some("/?x=2"));
        check("https://tools.example/lti/nb?x=../..%2f", Some("/?x=../..%2f"));
        check("HTTPS://Tools.EXAMPLE:443/lti/nb/a%20b%25c", Some("/a%20b%25c"));
        check("https://tools.example/lti/nb/..a/a..", Some("/..a/a.."));
        for elsewhere in [
            "",
            "/lti/nb",
            "tools.example/lti/nb",
            "http://tools.example/lti/nb",
            "https://tools.example:8443/lti/nb",
            "https://tools.example.evil.example/lti/nb",
            "https://evil.example/lti/nb",
            "https://tools.example@evil.example/lti/nb",
            "https://user@tools.example/lti/nb",
            "https://evil.example\\@tools.example/lti/nb",
            "https://tools.example",
            "https://tools.example/",
            "https://tools.example/lti/nbx",
            "https://tools.example/lti/NB",
            "https://tools.example/lti/other",
            "https://tools.example/lti/nb/..",
            "https://tools.example/lti/nb/../other",
            "https://tools.example/lti/nb/./a",
            "https://tools.example/lti/nb/%2e%2e/other",
            "https://tools.example/lti/nb/.%2E/other",
            "https://tools.example/lti/nb/%252e%252e/other",
            "https://tools.example/lti/nb/..;x/other",
            "https://tools.example/lti/nb/a%2Fb",
            "https://tools.example/lti/nb/..;a/b",
            "https://tools.example/lti/nb/;./b",
            "https://tools.example/lti/nb/a%252Fb",
            "https://tools.example/lti/nb/a\\b",
            "https://tools.example/lti/nb/a%5cb",
            "https://tools.example/lti/nb/%00",
            "https://tools.example/lti/nb/%zz",
            "https://tools.example/lti/nb#part",
            "https://tools.example/lti/nb/a b",
            "https://tools.example/lti/nb\r\nX: y",
            "https://tools.example/lti/other/../nb",
        ] {
            check(elsewhere, None);
        }
        let root = LaunchUrl::new("http", "nb.example:80", "/");
        assert_eq!(root.destination("http://NB.example/a").as_deref(), Some("/a"));
        assert_eq!(root.destination("http://nb.example").as_deref(), Some("/"));
    }

    proptest! {
        #[test]
        fn a_destination_is_a_place_below_the_launch_url(
            rest in "(/|\\.|%2e|%2F|;|\\?|#|@|\\\\|[a-z]|%25|.){0,12}",
        ) {
            let launch = LaunchUrl::new("https", "tools.example", "/lti/nb");
            let target = format!("https://tools.example/lti/nb{rest}");
            if let Some(destination) = launch.destination(&target) {
                let path = destination.split('?').next().unwrap_or_default();
                prop_assert!(path.starts_with('/') && target.contains(path.trim_end_matches('/')));
                let is_dots = |segment: &str| matches!(segment, "." | "..");
                prop_assert!(!path.split(['/', ';']).any(is_dots), "{destination}");
                prop_assert!(destination.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
