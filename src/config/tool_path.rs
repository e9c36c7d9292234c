use std::fmt;

/// The path at which a tool is launched, exactly as it stands in the launch URL and without a slash at its end: nothing
/// for the root of a host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ToolPath(String);

/// First segments that are the gateway's own below the public URL.
const RESERVED: [&str; 8] =
    ["is_up", "ready", "static", "tools", "grades", ".well-known", "metrics", "dev"];

/// Paths that are the gateway's own also on the host of a tool.
const RESERVED_ON_HOSTS: [&str; 2] = ["/is_up", "/.well-known/jwks.json"];

impl ToolPath {
    /// Reads `path` of a tool.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with "the path".
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let Some(segments) = text.strip_prefix('/') else { return Err("does not begin with /") };
        if text.contains(['?', '#']) {
            return Err("has a query or a fragment");
        }
        if segments.is_empty() {
            return Ok(Self::root());
        }
        for segment in segments.split('/') {
            let undotted = segment.to_ascii_lowercase().replace("%2e", ".");
            if segment.is_empty() {
                return Err("has an empty segment: a slash too many");
            }
            if undotted == "." || undotted == ".." {
                return Err("has a segment of dots only, which browsers take out");
            }
            if segment.starts_with('~') || segment.to_ascii_lowercase().starts_with("%7e") {
                return Err("has a segment that begins with ~, which marks sessions");
            }
            if segment.contains(';') {
                return Err("has a semicolon, which the path of a cookie cannot have");
            }
            if !is_segment(segment) {
                return Err("has characters that must be percent-encoded in a URL");
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The path of a tool that does not choose one.
    pub(super) fn of_tool(name: &str) -> Self {
        Self(format!("/lti/{name}"))
    }

    /// The root of a tool's own host.
    pub(super) fn root() -> Self {
        Self(String::new())
    }

    /// The path itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it lies over one of the gateway's own, which are few on the host of a tool.
    pub(super) fn is_reserved(&self, on_host_of_tool: bool) -> bool {
        if on_host_of_tool {
            return RESERVED_ON_HOSTS.contains(&self.as_str());
        }
        // Its root is a page for people.
        self.0.split('/').nth(1).is_none_or(|first| RESERVED.contains(&first))
    }

    /// The paths above it, from the nearest.
    pub(super) fn ancestors(&self) -> impl Iterator<Item = &str> {
        self.0.rmatch_indices('/').map(|(at, _)| &self.0[..at]).filter(|path| !path.is_empty())
    }
}

impl fmt::Display for ToolPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "/" } else { &self.0 })
    }
}

/// Whether text is a segment of a path as RFC 3986 §3.3 has it: `pchar`s, escapes whole.
pub(super) fn is_segment(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fine = match byte {
            b'%' => (0..2).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte),
        };
        if !fine {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_on_the_wire() {
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
    fn what_is_the_gateways_own_depends_on_the_host() {
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
        check("/lti/is_up", false, false);
        check("/is_upper", false, false);
    }

    #[test]
    fn ancestors_are_whole_segments() {
        let path = ToolPath("/a/b/c".into());
        assert_eq!(path.ancestors().collect::<Vec<_>>(), ["/a/b", "/a"]);
    }
}
