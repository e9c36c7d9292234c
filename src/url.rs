//! Absolute web addresses, as far as it matters whose they are.

/// An address with an authority, taken apart: `https://host:port/rest`, or `//host:port/rest`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Absolute<'a> {
    /// Without a scheme, the address has that of the page it stands in.
    scheme: Option<Scheme>,
    host: &'a str,
    /// Nothing for the port that the scheme implies.
    port: Option<&'a str>,
    /// What follows the authority: path, query and fragment. May be empty.
    pub(crate) rest: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl<'a> Absolute<'a> {
    /// Takes an address apart. Nothing is returned for one that is relative or not of the web, and for one that names a
    /// user or has an unusual authority: such an address is nobody's whom we know.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, after) = match text.split_once("//")? {
            ("", after) => (None, after),
            (scheme, after) if scheme.eq_ignore_ascii_case("http:") => (Some(Scheme::Http), after),
            (scheme, after) if scheme.eq_ignore_ascii_case("https:") => {
                (Some(Scheme::Https), after)
            }
            _ => return None,
        };
        let (authority, rest) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
        if authority.is_empty()
            || !authority
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
        {
            return None;
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                (host, Some(port))
            }
            _ => (authority, None),
        };
        let is_implied = |port: &str| match scheme {
            Some(Scheme::Http) => port == "80",
            Some(Scheme::Https) => port == "443",
            None => port == "80" || port == "443",
        };
        let port = port.filter(|port| !port.is_empty() && !is_implied(port));
        Some(Self { scheme, host, port, rest })
    }

    /// Whether it lies at this origin (`https://host[:port]`).
    pub(crate) fn is_of(&self, origin: &str) -> bool {
        Absolute::parse(origin)
            .is_some_and(|origin| self.scheme == origin.scheme && self.shares_host(&origin))
    }

    /// Whether it lies at the host of this origin, whichever the scheme. An app behind somebody who speaks TLS for it does
    /// not always know the scheme of its own addresses.
    pub(crate) fn is_at_host_of(&self, origin: &str) -> bool {
        Absolute::parse(origin).is_some_and(|origin| self.shares_host(&origin))
    }

    fn shares_host(&self, other: &Absolute<'_>) -> bool {
        self.host.eq_ignore_ascii_case(other.host) && self.port == other.port
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, origin: &str, same_origin: bool, same_host: bool) {
        let absolute = Absolute::parse(address);
        assert_eq!(
            (
                absolute.is_some_and(|absolute| absolute.is_of(origin)),
                absolute.is_some_and(|absolute| absolute.is_at_host_of(origin)),
            ),
            (same_origin, same_host),
            "{address} at {origin}"
        );
    }

    #[test]
    fn an_address_is_of_an_origin_whatever_case_and_implied_port_say() {
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
    fn an_address_may_lie_at_the_host_with_another_scheme() {
        check("http://tools.example/", "https://tools.example", false, true);
        check("https://127.0.0.1:9000/", "http://127.0.0.1:9000", false, true);
        check("//tools.example/", "https://tools.example", false, true);
        check("//tools.example:443/", "https://tools.example", false, true);
    }

    #[test]
    fn an_address_elsewhere_is_of_no_origin() {
        for address in [
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
            check(address, "https://tools.example", false, false);
        }
    }

    #[test]
    fn what_follows_the_authority_is_the_rest() {
        for (address, rest) in [
            ("http://app", ""),
            ("http://app/", "/"),
            ("http://app/a//b?c#d", "/a//b?c#d"),
            ("http://app?c", "?c"),
            ("//app#d", "#d"),
        ] {
            assert_eq!(
                Absolute::parse(address).map(|absolute| absolute.rest),
                Some(rest),
                "{address}"
            );
        }
    }
}
