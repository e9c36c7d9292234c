//! The place in a tool that a link opens.

use std::fmt;

use lti::v1p3::LaunchUrl;
use thiserror::Error;

/// A path below a tool's launch path, with an optional query. A launch of the link opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPath(String);

/// Why the path of a link is invalid. Each message is the end of a sentence that starts with "the
/// path".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LinkPathError {
    /// It is relative.
    #[error("does not begin with /")]
    NoSlash,
    /// A browser reads it as a URL of another host.
    #[error("begins with //, which is another host")]
    TwoSlashes,
    /// It has a fragment.
    #[error("has a fragment, which platforms do not send")]
    Fragment,
    /// It begins with a tilde.
    #[error("begins with ~, which marks sessions")]
    Tilde,
    /// It has a dot segment, an encoded slash, a space or the like.
    #[error("has a character or a segment that programs read in different ways")]
    Ambiguous,
    /// It is too long.
    #[error("is longer than {LONGEST} characters")]
    TooLong,
}

/// The maximum length of a path, in bytes.
const LONGEST: usize = 1000;

impl LinkPath {
    /// Parses a path. The rules are those of a launch's target link: what this function accepts, a
    /// launch accepts.
    pub fn parse(text: &str) -> Result<Self, LinkPathError> {
        let rest = text.strip_prefix('/').ok_or(LinkPathError::NoSlash)?;
        if rest.starts_with('/') {
            return Err(LinkPathError::TwoSlashes);
        }
        if text.contains('#') {
            return Err(LinkPathError::Fragment);
        }
        if rest.starts_with('~') || rest.to_ascii_lowercase().starts_with("%7e") {
            return Err(LinkPathError::Tilde);
        }
        if text.len() > LONGEST {
            return Err(LinkPathError::TooLong);
        }
        // Any launch URL will do: the rules for the part below it are the same.
        let launch = LaunchUrl::new("https", "tool.invalid", "/tool");
        match launch.destination(&format!("https://tool.invalid/tool{text}")) {
            Some(destination) if destination == text => Ok(Self(destination)),
            _ => Err(LinkPathError::Ambiguous),
        }
    }

    /// The path and the query, as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LinkPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_a_link_is_a_place_in_the_tool() {
        for good in ["/", "/week/1", "/week/1?x=2", "/?x=../..", "/a/~b", "/a%20b", "/a/?a=b&c"] {
            let path = LinkPath::parse(good);
            assert_eq!(path.as_ref().map(LinkPath::as_str), Ok(good));
        }
        for (bad, why) in [
            ("", LinkPathError::NoSlash),
            ("week/1", LinkPathError::NoSlash),
            ("https://lms.example/", LinkPathError::NoSlash),
            ("//lms.example/", LinkPathError::TwoSlashes),
            ("/a#b", LinkPathError::Fragment),
            ("/~abc", LinkPathError::Tilde),
            ("/%7Eabc", LinkPathError::Tilde),
            ("/../other", LinkPathError::Ambiguous),
            ("/%2e%2e/other", LinkPathError::Ambiguous),
            ("/a%2Fb", LinkPathError::Ambiguous),
            ("/a\\b", LinkPathError::Ambiguous),
            ("/a b", LinkPathError::Ambiguous),
            ("/ü", LinkPathError::Ambiguous),
            (&format!("/{}", "a".repeat(1000)), LinkPathError::TooLong),
        ] {
            assert_eq!(LinkPath::parse(bad), Err(why), "{bad}");
        }
    }
}
