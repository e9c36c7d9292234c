//! The launch path of a tool.

use std::fmt;

use thiserror::Error;

use crate::url::{is_dot_segment, is_segment};

/// The launch path of a tool, exactly as in the launch URL but without a trailing slash. The root of
/// a host is the empty path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ToolPath(String);

/// First path segments that the gateway reserves below the public URL.
const RESERVED: [&str; 11] = [
    "is_up",
    "ready",
    "static",
    "tools",
    "grades",
    "links",
    "members",
    ".well-known",
    "metrics",
    "admin",
    "dev",
];

/// Paths that the gateway reserves on the host of a tool.
const RESERVED_ON_HOSTS: [&str; 5] =
    ["/is_up", "/.well-known/jwks.json", "/~login", "/~links", "/~register"];

/// Why the path of a tool is invalid. Each message is the end of a sentence that starts with "the
/// path".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ToolPathError {
    #[error("does not begin with /")]
    NoSlash,
    #[error("has a query or a fragment")]
    QueryOrFragment,
    #[error("has an empty segment: one slash too many")]
    EmptySegment,
    #[error("has a segment . or .., which browsers remove")]
    DotSegment,
    #[error("has a segment that begins with ~, which marks sessions")]
    Tilde,
    #[error("contains a semicolon, which the path of a cookie cannot contain")]
    Semicolon,
    #[error("contains characters that must be percent-encoded in a URL")]
    Character,
}

impl ToolPath {
    /// Parses `path` of a tool.
    pub(super) fn parse(text: &str) -> Result<Self, ToolPathError> {
        let segments = text.strip_prefix('/').ok_or(ToolPathError::NoSlash)?;
        if text.contains(['?', '#']) {
            return Err(ToolPathError::QueryOrFragment);
        }
        if segments.is_empty() {
            return Ok(Self::root());
        }
        for segment in segments.split('/') {
            if segment.is_empty() {
                return Err(ToolPathError::EmptySegment);
            }
            if is_dot_segment(segment) {
                return Err(ToolPathError::DotSegment);
            }
            if segment.starts_with('~') || segment.to_ascii_lowercase().starts_with("%7e") {
                return Err(ToolPathError::Tilde);
            }
            if segment.contains(';') {
                return Err(ToolPathError::Semicolon);
            }
            if !is_segment(segment) {
                return Err(ToolPathError::Character);
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The default path of a tool.
    pub(super) fn of_tool(name: &str) -> Self {
        Self(format!("/lti/{name}"))
    }

    /// The root of a tool's own host.
    pub(super) fn root() -> Self {
        Self(String::new())
    }

    /// The path as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the gateway reserves this path. It reserves only a few on the host of a tool.
    pub(super) fn is_reserved(&self, on_host_of_tool: bool) -> bool {
        if on_host_of_tool {
            return RESERVED_ON_HOSTS.contains(&self.as_str());
        }
        // The root is the index page.
        self.0.split('/').nth(1).is_none_or(|first| RESERVED.contains(&first))
    }

    /// The paths above it, the nearest first.
    pub(super) fn ancestors(&self) -> impl Iterator<Item = &str> {
        self.0.rmatch_indices('/').map(|(at, _)| &self.0[..at]).filter(|path| !path.is_empty())
    }
}

impl fmt::Display for ToolPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "/" } else { &self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_path_is_kept_byte_for_byte() {
        for good in ["/quiz", "/lti/hello", "/a%2Fb/C%20d", "/a:b@c", "/x.y/..z"] {
            assert_eq!(ToolPath::parse(good).map(|path| path.0), Ok(good.to_owned()));
        }
        assert_eq!(ToolPath::parse("/"), Ok(ToolPath::root()));
        for bad in [
            "",
            "quiz",
            "/quiz/",
            "//quiz",
            "/a/../b",
            "/a/%2e%2E",
            "/.",
            "/a b",
            "/ü",
            "/a%2",
            "/a%zz",
            "/quiz?x",
            "/quiz#x",
            "/~x",
            "/a/~x",
            "/a/%7Ex",
            "/a\\b",
            "/a;b",
            "/a\"b",
        ] {
            assert!(ToolPath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn reserved_paths_depend_on_the_host() {
        let check = |text: &str, below_public_url: bool, on_host_of_tool: bool| {
            let path = ToolPath::parse(text).expect("a path");
            assert_eq!(path.is_reserved(false), below_public_url, "{text}");
            assert_eq!(path.is_reserved(true), on_host_of_tool, "{text}");
        };
        check("/", true, false);
        check("/is_up", true, true);
        check("/is_up/now", true, false);
        check("/.well-known/jwks.json", true, true);
        check("/.well-known", true, false);
        check("/grades", true, false);
        check("/dev/quiz", true, false);
        for segment in ["links", "members", "admin"] {
            check(&format!("/{segment}"), true, false);
            check(&format!("/{segment}/x"), true, false);
            check(&format!("/lti/{segment}"), false, false);
        }
        check("/lti/is_up", false, false);
        check("/is_upper", false, false);
    }

    #[test]
    fn no_tool_path_is_a_reserved_path_on_the_host_of_a_tool() {
        for path in ["/~login", "/~links", "/~register"] {
            assert_eq!(ToolPath::parse(path), Err(ToolPathError::Tilde), "{path}");
            // A path that bypassed the parser is reserved, too.
            assert!(ToolPath(path.to_owned()).is_reserved(true), "{path}");
        }
    }

    #[test]
    fn ancestors_are_whole_segments() {
        let path = ToolPath("/a/b/c".into());
        assert_eq!(path.ancestors().collect::<Vec<_>>(), ["/a/b", "/a"]);
    }
}
