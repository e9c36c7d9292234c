//! Valid URLs of upstreams, and of platforms in `outcome_url_rewrite`.

use std::net::Ipv6Addr;

use thiserror::Error;

use super::host_name;
use crate::url::{BaseUrl, Scheme, UrlParts, is_dot_segment, is_private, is_segment};

/// Why the URL of an upstream is invalid. The URL may contain a password, so the error does not
/// hold it. Each message is the end of a sentence that starts with "the upstream" or "the outcome
/// URL".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UpstreamUrlError {
    #[error("does not begin with http:// or https://")]
    NoScheme,
    #[error("is only a path, which is right only beside `command`")]
    OnlyPath,
    #[error("does not begin with /")]
    NoSlash,
    #[error("contains characters that a URL cannot have")]
    Character,
    #[error("contains non-ASCII characters: write a host as xn--…, a path with %…")]
    NotAscii,
    #[error("has a query or a fragment")]
    QueryOrFragment,
    #[error("has a port that is not a number from 1 to 65535")]
    Port,
    #[error("is not an absolute URL")]
    Malformed,
    #[error("begins with neither http:// nor https://")]
    OtherScheme,
    #[error("has no host")]
    NoHost,
    #[error("contains a user name or password")]
    HasCredentials,
    #[error("does not name a single host")]
    NotOneHost,
    #[error("has the port 0, on which nothing can listen")]
    PortZero,
    #[error("has an empty segment: one slash too many")]
    EmptySegment,
    #[error("has a segment . or ..")]
    DotSegment,
    #[error("has an invalid percent-encoding")]
    BadEscape,
}

/// Parses `upstream` of a tool.
pub(super) fn parse(text: &str) -> Result<BaseUrl, UpstreamUrlError> {
    if !text.contains("://") {
        let is_path = text.starts_with('/') && !text.starts_with("//");
        return Err(if is_path { UpstreamUrlError::OnlyPath } else { UpstreamUrlError::NoScheme });
    }
    if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return Err(UpstreamUrlError::Character);
    }
    if !text.is_ascii() {
        return Err(UpstreamUrlError::NotAscii);
    }
    if text.contains(['#', '?']) {
        return Err(UpstreamUrlError::QueryOrFragment);
    }
    if UrlParts::split(text).is_some_and(|url| url.has_invalid_port()) {
        return Err(UpstreamUrlError::Port);
    }
    let url = UrlParts::parse(text).ok_or(UpstreamUrlError::Malformed)?;
    let origin = url.origin().ok_or(UpstreamUrlError::OtherScheme)?;
    if url.host().is_empty() {
        return Err(UpstreamUrlError::NoHost);
    }
    if url.user.is_some() {
        return Err(UpstreamUrlError::HasCredentials);
    }
    if !is_host(url.host()) {
        return Err(UpstreamUrlError::NotOneHost);
    }
    if origin.port() == Some("0") {
        return Err(UpstreamUrlError::PortZero);
    }
    let path = base_path(url.path())?.to_owned();
    Ok(BaseUrl { origin, path })
}

/// Parses `upstream` of a tool with `command`: only a path. The result has no trailing slash.
pub(super) fn parse_path(text: &str) -> Result<String, UpstreamUrlError> {
    if !text.starts_with('/') {
        return Err(UpstreamUrlError::NoSlash);
    }
    if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return Err(UpstreamUrlError::Character);
    }
    if !text.is_ascii() {
        return Err(UpstreamUrlError::NotAscii);
    }
    if text.contains(['#', '?']) {
        return Err(UpstreamUrlError::QueryOrFragment);
    }
    base_path(text).map(str::to_owned)
}

/// The path without a trailing slash, if each of its segments is valid.
fn base_path(path: &str) -> Result<&str, UpstreamUrlError> {
    let path = path.strip_suffix('/').unwrap_or(path);
    for segment in path.split('/').skip(1) {
        if segment.is_empty() {
            return Err(UpstreamUrlError::EmptySegment);
        }
        if is_dot_segment(segment) {
            return Err(UpstreamUrlError::DotSegment);
        }
        if !is_segment(segment) {
            return Err(UpstreamUrlError::BadEscape);
        }
    }
    Ok(path)
}

/// Whether requests to a URL may cross the internet in clear text: it is neither https nor at a
/// host that only a private network has.
pub(super) fn is_exposed(url: &BaseUrl) -> bool {
    url.origin.scheme != Scheme::Https && !is_private(url.origin.host())
}

/// Whether `text` is an IP address or a host name. Names of containers and private networks may
/// contain `_`.
fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    host_name::check(text, true).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_a_url_without_user_query_and_fragment() {
        for (good, expected) in [
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
            ("http://127.0.0.1:9000/app", "http://127.0.0.1:9000/app"),
            ("http://127.0.0.1:9000/app/", "http://127.0.0.1:9000/app"),
            ("HTTPS://Notebook.Example/App", "https://notebook.example/App"),
            ("http://[::1]:9000/a/b", "http://[::1]:9000/a/b"),
            ("http://note--book.internal", "http://note--book.internal"),
            ("http://notebook_1/a%2Fb;c=d/~e", "http://notebook_1/a%2Fb;c=d/~e"),
        ] {
            assert_eq!(parse(good).map(|url| url.to_string()), Ok(expected.to_owned()));
        }
        const SCHEME: &str = "begins with neither http:// nor https://";
        const ADDRESS: &str = "is not an absolute URL";
        const USER: &str = "contains a user name or password";
        const SLASH: &str = "has an empty segment: one slash too many";
        const DOTS: &str = "has a segment . or ..";
        const QUERY: &str = "has a query or a fragment";
        for (bad, why) in [
            ("", "does not begin with http:// or https://"),
            ("127.0.0.1:9000", "does not begin with http:// or https://"),
            ("ws://127.0.0.1:9000", SCHEME),
            ("unix:///run/app", SCHEME),
            ("http://", "has no host"),
            ("http:///app", "has no host"),
            ("http://app:99999", "has a port that is not a number from 1 to 65535"),
            ("http://[::1", ADDRESS),
            ("http://app/a\"b", ADDRESS),
            ("http://app example", "contains characters that a URL cannot have"),
            ("http://app.example\n", "contains characters that a URL cannot have"),
            (
                "http://übung.example",
                "contains non-ASCII characters: write a host as xn--…, a path with %…",
            ),
            ("http://*.example", "does not name a single host"),
            ("http://a,b", "does not name a single host"),
            ("http://[zz]/", "does not name a single host"),
            ("http://[127.0.0.1]", "does not name a single host"),
            ("http://a..b", "does not name a single host"),
            ("http://.a", "does not name a single host"),
            ("http://a.", "does not name a single host"),
            ("http://-", "does not name a single host"),
            ("http://a-.b", "does not name a single host"),
            ("http://a:0/", "has the port 0, on which nothing can listen"),
            ("http://[::1]:0", "has the port 0, on which nothing can listen"),
            ("http://user@app.example", USER),
            ("http://user:hunter2@app.example", USER),
            ("http://:hunter2@app.example", USER),
            ("http://app.example?a=b", QUERY),
            ("http://app.example/?", QUERY),
            ("http://app.example/#top", QUERY),
            ("http://app.example//", SLASH),
            ("http://app.example/a//b", SLASH),
            ("http://app.example/a/..", DOTS),
            ("http://app.example/%2E%2e/a", DOTS),
            ("http://app.example/./a", DOTS),
            ("http://app.example/%zz", "has an invalid percent-encoding"),
        ] {
            assert_eq!(parse(bad).expect_err(bad).to_string(), why, "{bad}");
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        let url = parse("http://App.Example:9000/app").expect("an upstream");
        assert_eq!(url.origin.to_string(), "http://app.example:9000");
    }

    #[test]
    fn an_http_url_outside_private_networks_is_exposed() {
        let check = |text: &str, expected: bool| {
            let url = parse(text).expect("an upstream");
            assert_eq!(is_exposed(&url), expected, "{text}");
        };
        for exposed in [
            "http://app.example",
            "http://app.example:9000",
            "http://93.184.216.34",
            "http://172.32.0.1",
            "http://[2001:db8::1]:9000",
            "http://localhost.example",
            "http://internal.example",
        ] {
            check(exposed, true);
            check(&exposed.replace("http:", "https:"), false);
        }
        for private in [
            "http://127.0.0.1:9000",
            "http://10.0.0.5",
            "http://172.16.0.1",
            "http://192.168.1.2:80",
            "http://169.254.1.1",
            "http://[::1]:9000",
            "http://[fd00::1]",
            "http://[fe80::1]:80",
            "http://localhost:9000",
            "http://notebook.localhost",
            "http://notebook",
            "http://notebook:9000",
            "http://notebook.internal:9000",
        ] {
            check(private, false);
        }
    }
}
