use std::fmt;
use std::net::Ipv6Addr;

use rocket::http::uri::Absolute;

use super::authority::{host_and_port, is_private};
use super::host_name;
use super::tool_path::is_segment;

/// Where a tool's web app answers: scheme, host and port, and the path below which its own paths lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamUrl {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host and optional port, in lower case.
    pub authority: String,
    /// The path, without a slash at its end: `/app`, or nothing.
    pub path: String,
}

impl UpstreamUrl {
    /// Reads `upstream` of a tool.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with "the upstream".
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if !text.contains("://") {
            return Err("does not begin with http:// or https://");
        }
        if text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            return Err("has characters that an address cannot have");
        }
        if !text.is_ascii() {
            return Err(
                "has letters that an address cannot have: a host is written as xn--…, a path with %…",
            );
        }
        if text.contains(['#', '?']) {
            return Err("has a query or a fragment");
        }
        let url = Absolute::parse(text).map_err(|_| "is not an absolute address")?;
        let scheme = match url.scheme().to_ascii_lowercase().as_str() {
            "https" => "https",
            "http" => "http",
            _ => return Err("begins with neither http:// nor https://"),
        };
        let authority = url
            .authority()
            .filter(|authority| !authority.host().is_empty())
            .ok_or("has no host")?;
        if authority.user_info().is_some() {
            return Err("holds a user name or password");
        }
        if !is_host(authority.host()) {
            return Err("does not name one host");
        }
        if authority.port() == Some(0) {
            return Err("has the port 0, at which nothing answers");
        }
        let path = url.path().as_str();
        let path = path.strip_suffix('/').unwrap_or(path);
        for segment in path.split('/').skip(1) {
            let undotted = segment.to_ascii_lowercase().replace("%2e", ".");
            if segment.is_empty() {
                return Err("has an empty segment: a slash too many");
            }
            if undotted == "." || undotted == ".." {
                return Err("has a segment of dots only");
            }
            if !is_segment(segment) {
                return Err("has a % that encodes nothing");
            }
        }
        Ok(Self {
            scheme,
            authority: authority.to_string().to_ascii_lowercase(),
            path: path.to_owned(),
        })
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// The host, without a port.
    pub(super) fn host(&self) -> &str {
        host_and_port(&self.authority).0
    }

    /// Whether what is sent there may cross the internet in clear text: it is neither https nor a host that only a private
    /// network has.
    pub(super) fn is_exposed(&self) -> bool {
        self.scheme != "https" && !is_private(self.host())
    }
}

/// Whether text is an address, or a name as containers and private networks have them, too: with `_`.
fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    host_name::check(text, true).is_ok()
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_an_address_without_user_query_and_fragment() {
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
            assert_eq!(
                UpstreamUrl::parse(good).map(|url| url.to_string()),
                Ok(expected.to_owned())
            );
        }
        const SCHEME: &str = "begins with neither http:// nor https://";
        const ADDRESS: &str = "is not an absolute address";
        const USER: &str = "holds a user name or password";
        const SLASH: &str = "has an empty segment: a slash too many";
        const DOTS: &str = "has a segment of dots only";
        const QUERY: &str = "has a query or a fragment";
        for (bad, why) in [
            ("", "does not begin with http:// or https://"),
            ("127.0.0.1:9000", "does not begin with http:// or https://"),
            ("ws://127.0.0.1:9000", SCHEME),
            ("unix:///run/app", SCHEME),
            ("http://", "has no host"),
            ("http:///app", "has no host"),
            ("http://app:99999", ADDRESS),
            ("http://[::1", ADDRESS),
            ("http://app/a\"b", ADDRESS),
            ("http://app example", "has characters that an address cannot have"),
            ("http://app.example\n", "has characters that an address cannot have"),
            (
                "http://übung.example",
                "has letters that an address cannot have: a host is written as xn--…, a path with %…",
            ),
            ("http://*.example", "does not name one host"),
            ("http://a,b", "does not name one host"),
            ("http://[zz]/", "does not name one host"),
            ("http://[127.0.0.1]", "does not name one host"),
            ("http://a..b", "does not name one host"),
            ("http://.a", "does not name one host"),
            ("http://a.", "does not name one host"),
            ("http://-", "does not name one host"),
            ("http://a-.b", "does not name one host"),
            ("http://a:0/", "has the port 0, at which nothing answers"),
            ("http://[::1]:0", "has the port 0, at which nothing answers"),
            ("http://somebody@app.example", USER),
            ("http://somebody:hunter2@app.example", USER),
            ("http://:hunter2@app.example", USER),
            ("http://app.example?a=b", QUERY),
            ("http://app.example/?", QUERY),
            ("http://app.example/#top", QUERY),
            ("http://app.example//", SLASH),
            ("http://app.example/a//b", SLASH),
            ("http://app.example/a/..", DOTS),
            ("http://app.example/%2E%2e/a", DOTS),
            ("http://app.example/./a", DOTS),
            ("http://app.example/%zz", "has a % that encodes nothing"),
        ] {
            assert_eq!(UpstreamUrl::parse(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        let url = UpstreamUrl::parse("http://App.Example:9000/app").expect("an upstream");
        assert_eq!(url.origin(), "http://app.example:9000");
    }

    #[test]
    fn what_goes_over_the_internet_in_clear_text_is_exposed() {
        let check = |text: &str, expected: bool| {
            let url = UpstreamUrl::parse(text).expect("an upstream");
            assert_eq!(url.is_exposed(), expected, "{text}");
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
