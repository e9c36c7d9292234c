use rocket::http::uri::Absolute;

use super::Tool;
use super::authority::host_and_port;

/// Scheme, host and port: what a platform launches, and what its signature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `https` or `http`.
    pub scheme: &'static str,
    /// Host and optional port, in lower case.
    pub authority: String,
}

/// Where the origin of launch URLs comes from. Never from a header that a client can set: where it comes
/// from `Host`, either the router in front vouches for that header (Heroku) or nobody but this machine
/// can connect (development).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicUrl {
    /// From the configuration.
    Fixed(Origin),
    /// This scheme and each request's `Host`.
    FromHost(&'static str),
}

impl Origin {
    /// Reads `gateway.public_url`.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with "the public URL".
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if !text.contains("://") {
            return Err("does not begin with https://");
        }
        if text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            return Err("has characters that an address cannot have");
        }
        if !text.is_ascii() {
            return Err(
                "has letters that an address cannot have: a host with such a name is written as xn--…",
            );
        }
        if text.contains('#') {
            return Err("has a fragment");
        }
        let url = Absolute::parse(text).map_err(|_| "is not an absolute address")?;
        let scheme = match url.scheme().to_ascii_lowercase().as_str() {
            "https" => "https",
            "http" => "http",
            _ => return Err("begins with neither https:// nor http://"),
        };
        let authority = url.authority().filter(|authority| !authority.host().is_empty());
        let authority = authority.ok_or("has no host")?;
        if !authority
            .host()
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
        {
            return Err("does not name one host");
        }
        if authority.user_info().is_some() {
            return Err("holds a user name or password");
        }
        if url.query().is_some() {
            return Err("has a query");
        }
        if !matches!(url.path().as_str(), "" | "/") {
            return Err("has a path; the gateway answers at the root of its host");
        }
        if scheme == "http" && !is_loopback(authority.host()) {
            return Err("is not https: browsers drop the cookies of a framed page that is not");
        }
        Ok(Self { scheme, authority: authority.to_string().to_ascii_lowercase() })
    }

    /// The host, without a port.
    pub fn host(&self) -> &str {
        host_and_port(&self.authority).0
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl PublicUrl {
    /// The origin that a platform has launched, for a request with this `Host`.
    pub fn origin(&self, host: &str) -> Origin {
        match self {
            Self::Fixed(origin) => origin.clone(),
            Self::FromHost(scheme) => Origin { scheme, authority: host.to_ascii_lowercase() },
        }
    }

    /// The origin that a platform has launched where it launched this tool, for a request with this `Host`. A tool with a
    /// host of its own has the public URL's scheme and port.
    pub fn origin_of(&self, tool: &Tool, request_authority: &str) -> Origin {
        match (self, &tool.host) {
            (Self::Fixed(origin), Some(host)) => Origin {
                scheme: origin.scheme,
                authority: with_port(host, host_and_port(&origin.authority).1),
            },
            _ => self.origin(request_authority),
        }
    }

    /// What a platform has to launch, for people. They may ask by another host than the tool's, so that of the request's
    /// `Host` the port alone counts for a tool that has one. Without a request, what only a request tells is left out.
    pub fn launch_url(&self, tool: &Tool, request_authority: Option<&str>) -> String {
        let origin = match (self, &tool.host, request_authority) {
            (Self::FromHost(scheme), Some(host), authority) => {
                let port = authority.and_then(|authority| host_and_port(authority).1);
                format!("{scheme}://{}", with_port(host, port))
            }
            (Self::FromHost(_), None, None) => String::new(),
            (_, _, authority) => self.origin_of(tool, authority.unwrap_or_default()).to_string(),
        };
        format!("{origin}{}", tool.path)
    }
}

fn with_port(host: &str, port: Option<&str>) -> String {
    port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whether a host, without port, is this machine by its name.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || matches!(host.as_str(), "[::1]" | "::1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_an_https_origin_or_a_loopback_one() {
        let good = |text: &str, expected: &str| {
            assert_eq!(
                Origin::parse(text).map(|origin| origin.to_string()),
                Ok(expected.to_owned()),
                "{text}"
            );
        };
        good("https://our-tools.example", "https://our-tools.example");
        good("HTTPS://Our-Tools.Example/", "https://our-tools.example");
        good("https://tools.example:8443", "https://tools.example:8443");
        good("http://localhost:5000", "http://localhost:5000");
        good("http://127.0.0.1", "http://127.0.0.1");
        good("http://[::1]:5000", "http://[::1]:5000");
        for bad in [
            "",
            "tools.example",
            "https://",
            "https:///path",
            "ftp://tools.example",
            "http://tools.example",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "https://tools.example/lti",
            "https://tools.example?a=b",
            "https://tools.example/?",
            "https://tools.example/#top",
            "https://me:pw@tools.example",
            "https://tools example",
            "https://*.tools.example",
            "https://übungen.example",
            "https://tools.example:99999",
        ] {
            assert!(Origin::parse(bad).is_err(), "{bad}");
        }
    }
}
