//! The origin that platforms launch.

use thiserror::Error;

use crate::url::{Origin, Scheme, UrlParts, is_loopback};

/// The source of the origin of launch URLs. It is never a header that a client can set. The gateway
/// uses `Host` only if Heroku's router guarantees that header, or if only this machine can connect
/// (development).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicUrl {
    /// From the configuration.
    Fixed(Origin),
    /// This scheme and each request's `Host`.
    FromHost(Scheme),
}

/// Why a public URL is invalid. Each message is the end of a sentence that starts with "the public
/// URL".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PublicUrlError {
    #[error("does not begin with https://")]
    NoScheme,
    #[error("contains characters that a URL cannot have")]
    Character,
    #[error("contains non-ASCII characters: write such a host as xn--…")]
    NotAscii,
    #[error("has a fragment")]
    Fragment,
    #[error("has a port that is not a number from 1 to 65535")]
    Port,
    #[error("is not an absolute URL")]
    Malformed,
    #[error("begins with neither https:// nor http://")]
    OtherScheme,
    #[error("has no host")]
    NoHost,
    #[error("does not name a single host")]
    NotOneHost,
    #[error("contains a user name or password")]
    HasCredentials,
    #[error("has a query")]
    Query,
    #[error("has a path; the gateway serves the root of its host")]
    Path,
    #[error("is not https: browsers drop the cookies of a framed http page")]
    NotHttps,
}

/// Parses `gateway.public_url`.
pub(super) fn parse(text: &str) -> Result<Origin, PublicUrlError> {
    if !text.contains("://") {
        return Err(PublicUrlError::NoScheme);
    }
    if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return Err(PublicUrlError::Character);
    }
    if !text.is_ascii() {
        return Err(PublicUrlError::NotAscii);
    }
    if text.contains('#') {
        return Err(PublicUrlError::Fragment);
    }
    if UrlParts::split(text).is_some_and(|url| url.has_invalid_port()) {
        return Err(PublicUrlError::Port);
    }
    let url = UrlParts::parse(text).ok_or(PublicUrlError::Malformed)?;
    let origin = url.origin().ok_or(PublicUrlError::OtherScheme)?;
    let host = url.host();
    if host.is_empty() {
        return Err(PublicUrlError::NoHost);
    }
    if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte)) {
        return Err(PublicUrlError::NotOneHost);
    }
    if url.user.is_some() {
        return Err(PublicUrlError::HasCredentials);
    }
    if url.query().is_some() {
        return Err(PublicUrlError::Query);
    }
    if !matches!(url.path(), "" | "/") {
        return Err(PublicUrlError::Path);
    }
    if origin.scheme == Scheme::Http && !is_loopback(host) {
        return Err(PublicUrlError::NotHttps);
    }
    Ok(origin)
}

impl PublicUrl {
    /// The origin of launch URLs, for a request with this `Host`.
    pub fn origin(&self, host: &str) -> Origin {
        match self {
            Self::Fixed(origin) => origin.clone(),
            Self::FromHost(scheme) => {
                Origin { scheme: *scheme, authority: host.to_ascii_lowercase() }
            }
        }
    }

    /// The issuer of assertions: the origin, but one constant in development. Development answers
    /// several loopback names, and `dev_port` is its port.
    pub fn issuer(&self, host: &str, dev_port: Option<u16>) -> Origin {
        match (self, dev_port) {
            (Self::FromHost(Scheme::Http), Some(port)) => {
                Origin { scheme: Scheme::Http, authority: format!("localhost:{port}") }
            }
            _ => self.origin(host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_an_https_or_loopback_origin() {
        let good = |text: &str, expected: &str| {
            assert_eq!(
                parse(text).map(|origin| origin.to_string()),
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
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
