//! URLs for the whole gateway: [`Origin`], [`BaseUrl`] and the unchanged parts of a URL.
//!
//! Nothing here changes a byte of a path: signatures cover paths, and upstreams see them. The `url`
//! crate would remove dot segments and default ports, and re-encode characters. Rocket's parser for
//! RFC 3986 changes nothing, so it decides whether a URL is well-formed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rocket::http::uri::Absolute;

/// A web scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// Host and optional port, in lower case.
    pub authority: String,
}

/// An origin and a base path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    /// Scheme, host and port.
    pub origin: Origin,
    /// The path without a trailing slash: `/app`, or empty.
    pub path: String,
}

/// The unchanged parts of a URL with an authority: `https://host:port/rest`, or
/// `//host:port/rest`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UrlParts<'a> {
    /// Empty for `//host`, which inherits the scheme of its page.
    pub(crate) scheme: &'a str,
    /// User name and password, if present.
    pub(crate) user: Option<&'a str>,
    /// Host and optional port.
    pub(crate) authority: &'a str,
    /// Path, query and fragment. May be empty.
    pub(crate) rest: &'a str,
}

impl Scheme {
    /// The scheme with this name, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|one| name.eq_ignore_ascii_case(one.as_str()))
    }

    /// The name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port of URLs without a port.
    pub(crate) fn default_port(self) -> &'static str {
        match self {
            Self::Http => "80",
            Self::Https => "443",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Origin {
    /// The host, without a port.
    pub fn host(&self) -> &str {
        host_and_port(&self.authority).0
    }

    /// The port, if the URL contains one.
    pub fn port(&self) -> Option<&str> {
        host_and_port(&self.authority).1
    }

    /// The port, or the default port of the scheme.
    pub fn port_or_default(&self) -> &str {
        self.port().filter(|port| !port.is_empty()).unwrap_or(self.scheme.default_port())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

impl<'a> UrlParts<'a> {
    /// Splits a URL. Its parts may contain any characters. Returns `None` for a URL without an
    /// authority.
    pub(crate) fn split(text: &'a str) -> Option<Self> {
        let (scheme, after) = text.split_once("//")?;
        let scheme = match scheme.strip_suffix(':') {
            Some("") => return None,
            Some(scheme) => scheme,
            None if scheme.is_empty() => scheme,
            None => return None,
        };
        let (authority, rest) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
        let (user, authority) = match authority.rsplit_once('@') {
            Some((user, authority)) => (Some(user), authority),
            None => (None, authority),
        };
        Some(Self { scheme, user, authority, rest })
    }

    /// Splits an absolute URL of RFC 3986. It has a scheme, no fragment, and only valid characters.
    /// Returns `None` for any other text.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        Absolute::parse(text).ok()?;
        Self::split(text)
    }

    /// Splits a URL from a header. Returns `None` for a relative URL, another scheme, a user, or an
    /// unusual authority: software disagrees about the site of such a URL.
    pub(crate) fn of_web(text: &'a str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        Self::split(text).filter(|url| {
            (url.scheme.is_empty() || Scheme::named(url.scheme).is_some())
                && url.user.is_none()
                && !url.authority.is_empty()
                && url.authority.bytes().all(is_allowed)
        })
    }

    /// The host, without a port.
    pub(crate) fn host(&self) -> &'a str {
        host_and_port(self.authority).0
    }

    /// Whether the number behind the host is too large for a port.
    pub(crate) fn has_invalid_port(&self) -> bool {
        let port = host_and_port(self.authority).1.filter(|port| !port.is_empty());
        port.is_some_and(|port| port.parse::<u16>().is_err())
    }

    /// The path. May be empty.
    pub(crate) fn path(&self) -> &'a str {
        &self.rest[..self.rest.find(['?', '#']).unwrap_or(self.rest.len())]
    }

    /// The query, without its `?`.
    pub(crate) fn query(&self) -> Option<&'a str> {
        let text = self.rest.split('#').next().unwrap_or_default();
        text.split_once('?').map(|(_, query)| query)
    }

    /// The origin. `None` if the scheme is not a web scheme or the port is not a number.
    pub(crate) fn origin(&self) -> Option<Origin> {
        let scheme = Scheme::named(self.scheme)?;
        let (host, port) = host_and_port(self.authority);
        let host = host.to_ascii_lowercase();
        let authority = match port {
            Some(port) => format!("{host}:{}", port.parse::<u16>().ok()?),
            None => host,
        };
        Some(Origin { scheme, authority })
    }

    /// Whether the URL has this origin (`https://host[:port]`).
    pub(crate) fn is_of(&self, origin: &str) -> bool {
        UrlParts::of_web(origin).is_some_and(|origin| {
            self.scheme.eq_ignore_ascii_case(origin.scheme) && self.shares_host(&origin)
        })
    }

    /// Whether the URL has the host of this origin, and any scheme. An app behind a TLS proxy
    /// does not always know the scheme of its own URLs.
    pub(crate) fn is_at_host_of(&self, origin: &str) -> bool {
        UrlParts::of_web(origin).is_some_and(|origin| self.shares_host(&origin))
    }

    /// Whether the URL names the server at this origin, with any scheme. A server of this machine
    /// has several names: `localhost`, `127.0.0.1`, `[::1]`, and the address on which it listens.
    pub(crate) fn is_at_server_of(&self, origin: &str) -> bool {
        UrlParts::of_web(origin).is_some_and(|origin| {
            self.shares_host(&origin)
                || (is_this_machine(self.host())
                    && is_this_machine(origin.host())
                    && self.explicit_port() == origin.explicit_port())
        })
    }

    /// Host and port as browsers send them in `Host`: without the default port of the scheme.
    pub(crate) fn host_header(&self) -> String {
        let port = self.explicit_port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}", self.host().to_ascii_lowercase())
    }

    fn shares_host(&self, other: &UrlParts<'_>) -> bool {
        self.host().eq_ignore_ascii_case(other.host())
            && self.explicit_port() == other.explicit_port()
    }

    /// The port, unless it is the default of the scheme. A URL without a scheme may have either
    /// scheme.
    fn explicit_port(&self) -> Option<&'a str> {
        let scheme = Scheme::named(self.scheme);
        let is_default = |port: &str| match scheme {
            Some(scheme) => port == scheme.default_port(),
            None => [Scheme::Http, Scheme::Https].iter().any(|one| port == one.default_port()),
        };
        host_and_port(self.authority).1.filter(|port| !is_default(port))
    }
}

/// Host and optional port of an authority without a user.
pub(crate) fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, "")) => (host, None),
        // Any other colon is part of an IPv6 address.
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Whether a host (without a port) is a loopback name or address.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || matches!(host.as_str(), "[::1]" | "::1")
}

/// Whether a host is one of the usual names of a server on this machine. Other loopback addresses
/// and names may be other servers.
fn is_this_machine(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => {
            address.is_unspecified()
                || address == IpAddr::V4(Ipv4Addr::LOCALHOST)
                || address == IpAddr::V6(Ipv6Addr::LOCALHOST)
        }
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Whether a host name or address belongs to this machine or a private network, so that requests to
/// it cross no public network. Does not resolve names.
pub(crate) fn is_private(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        Ok(IpAddr::V6(address)) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        // Containers and the machine itself have names without a dot.
        Err(_) => {
            !host.contains('.')
                || [".localhost", ".local", ".internal", ".lan", ".home.arpa"]
                    .iter()
                    .any(|ending| host.ends_with(ending))
        }
    }
}

/// Whether `text` is a path segment (RFC 3986 §3.3): `pchar`s with complete percent-encodings.
pub(crate) fn is_segment(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_valid = match byte {
            b'%' => (0..2).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte),
        };
        if !is_valid {
            return false;
        }
    }
    true
}

/// Whether a path segment is `.` or `..`, percent-encoded or not. Browsers and clients remove it.
pub(crate) fn is_dot_segment(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, origin: &str, same_origin: bool, same_host: bool) {
        let parts = UrlParts::of_web(url);
        assert_eq!(
            (
                parts.is_some_and(|parts| parts.is_of(origin)),
                parts.is_some_and(|parts| parts.is_at_host_of(origin)),
            ),
            (same_origin, same_host),
            "{url} at {origin}"
        );
    }

    #[test]
    fn an_origin_matches_regardless_of_case_and_default_port() {
        check("https://tools.example", "https://tools.example", true, true);
        check("HTTPS://Tools.Example/x", "https://tools.example", true, true);
        check("https://tools.example:443?x", "https://tools.example", true, true);
        check("https://tools.example#x", "https://tools.example:443", true, true);
        check("https://tools.example:/", "https://tools.example", true, true);
        check("http://127.0.0.1:9000/app", "http://127.0.0.1:9000", true, true);
        check("http://[::1]:9000/", "http://[::1]:9000", true, true);
        check("http://[::1]/", "http://[::1]", true, true);
    }

    #[test]
    fn a_host_matches_regardless_of_scheme() {
        check("http://tools.example/", "https://tools.example", false, true);
        check("https://127.0.0.1:9000/", "http://127.0.0.1:9000", false, true);
        check("//tools.example/", "https://tools.example", false, true);
        check("//tools.example:443/", "https://tools.example", false, true);
    }

    #[test]
    fn a_server_of_this_machine_has_several_names() {
        let check = |url: &str, origin: &str, expected: bool| {
            let is_at_server = UrlParts::of_web(url).map(|url| url.is_at_server_of(origin));
            assert_eq!(is_at_server, Some(expected), "{url} at {origin}");
        };
        let names = ["localhost", "LOCALHOST", "127.0.0.1", "[::1]", "0.0.0.0", "[::]", "[0::1]"];
        for name in names {
            for other in names {
                let (url, origin) =
                    (format!("http://{name}:9000/a"), format!("http://{other}:9000"));
                check(&url, &origin, true);
                check(&url.replace("http:", "https:"), &origin, true);
                check(&url.replace("9000", "9001"), &origin, false);
                check(&format!("//{name}/a"), &format!("http://{other}"), true);
                check(&url, "http://app.test:9000", false);
            }
            for other in ["127.0.0.2", "a.localhost", "localhost.example", "192.0.2.1", "[::2]"] {
                check(&format!("http://{other}:9000/"), &format!("http://{name}:9000"), false);
                check(&format!("http://{name}:9000/"), &format!("http://{other}:9000"), false);
            }
        }
        check("http://app.test:9000", "http://app.test:9000", true);
    }

    #[test]
    fn a_host_header_has_no_default_port() {
        for (url, expected) in [
            ("https://Tools.Example", "tools.example"),
            ("https://tools.example:443/a", "tools.example"),
            ("https://tools.example:80", "tools.example:80"),
            ("http://localhost:5000", "localhost:5000"),
            ("http://[::1]:80", "[::1]"),
        ] {
            let header = UrlParts::of_web(url).map(|url| url.host_header());
            assert_eq!(header.as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_url_of_another_site_never_matches() {
        for url in [
            "https://tools.example.evil",
            "https://evil.example",
            "https://tools.example:8443",
            "https://tools.example:80",
            "https://tools.example@evil.example",
            "https://user@tools.example",
            "https://tools.example\\@evil.example",
            "https://tools%2eexample",
            "https:///tools.example",
            "https://",
            "https:/tools.example",
            "https:tools.example",
            "ftp://tools.example",
            "wss://tools.example",
            "javascript://tools.example",
            "///tools.example",
            "/https://tools.example",
            "x//tools.example",
            "tools.example",
            "/",
            "",
        ] {
            check(url, "https://tools.example", false, false);
        }
    }

    #[test]
    fn the_rest_starts_after_the_authority() {
        for (url, rest) in [
            ("http://app", ""),
            ("http://app/", "/"),
            ("http://app/a//b?c#d", "/a//b?c#d"),
            ("http://app?c", "?c"),
            ("//app#d", "#d"),
        ] {
            assert_eq!(UrlParts::of_web(url).map(|parts| parts.rest), Some(rest), "{url}");
        }
    }

    #[test]
    fn a_port_follows_the_last_colon_outside_brackets() {
        for (authority, expected) in [
            ("tools.example", ("tools.example", None)),
            ("tools.example:8443", ("tools.example", Some("8443"))),
            ("tools.example:", ("tools.example", None)),
            ("[::1]", ("[::1]", None)),
            ("[::1]:5000", ("[::1]", Some("5000"))),
            ("", ("", None)),
        ] {
            assert_eq!(host_and_port(authority), expected, "{authority}");
        }
    }

    #[test]
    fn split_changes_no_part() {
        let parts = |text: &'static str| {
            UrlParts::split(text)
                .map(|url| (url.scheme, url.user, url.authority, url.path(), url.query()))
        };
        for (text, expected) in [
            (
                "https://A:443/x/../%7e?a=%20#b",
                ("https", None, "A:443", "/x/../%7e", Some("a=%20")),
            ),
            ("http://me:pw@a?", ("http", Some("me:pw"), "a", "", Some(""))),
            ("http://me@you@a", ("http", Some("me@you"), "a", "", None)),
            ("//a/b#c?d", ("", None, "a", "/b", None)),
        ] {
            assert_eq!(parts(text), Some(expected), "{text}");
        }
        assert_eq!(parts("/a/b"), None);
    }

    #[test]
    fn parse_accepts_only_absolute_urls_of_rfc_3986() {
        for good in ["http://a", "HTTPS://[::1]:1/b;c=d/%2F?e", "ftp://a:/", "http://me@a"] {
            assert!(UrlParts::parse(good).is_some(), "{good}");
        }
        for bad in ["", "//a", "http://a:99999", "http://[::1", "http://a/b\"c", "http://a/#b"] {
            assert!(UrlParts::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_port_is_a_number_of_16_bits() {
        for (text, expected) in [
            ("http://a:65536/", true),
            ("http://[::1]:99999", true),
            // No port at all: a part of the host.
            ("http://a:80a", false),
            ("http://a:80", false),
            ("http://a:", false),
            ("http://[::1]", false),
            ("http://a/b:c", false),
        ] {
            let found = UrlParts::split(text).map(|url| url.has_invalid_port());
            assert_eq!(found, Some(expected), "{text}");
        }
    }

    #[test]
    fn an_origin_has_a_lower_case_host_and_its_explicit_port() {
        for (text, expected) in [
            ("HTTPS://Tools.Example/x", Some("https://tools.example")),
            ("http://a:080", Some("http://a:80")),
            ("http://a:", Some("http://a")),
            ("http://[FD00::1]:1", Some("http://[fd00::1]:1")),
            ("ftp://a", None),
            ("//a", None),
        ] {
            let origin = UrlParts::split(text).and_then(|url| url.origin());
            assert_eq!(origin.map(|origin| origin.to_string()).as_deref(), expected, "{text}");
        }
    }
}
