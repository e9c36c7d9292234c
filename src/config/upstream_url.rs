use std::fmt;
use std::net::IpAddr;

use rocket::http::uri::Absolute;

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
        if text.contains(['#', '?']) {
            return Err("has a query or a fragment");
        }
        let url = Absolute::parse(text).map_err(|_| "is not an absolute address")?;
        let scheme = match url.scheme().to_ascii_lowercase().as_str() {
            "https" => "https",
            "http" => "http",
            _ => return Err("begins with neither http:// nor https://"),
        };
        let authority =
            url.authority().filter(|authority| !authority.host().is_empty()).ok_or("has no host")?;
        if authority.user_info().is_some() {
            return Err("holds a user name or password");
        }
        if !authority.host().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte)) {
            return Err("does not name one host");
        }
        let path = url.path().as_str();
        let path = path.strip_suffix('/').unwrap_or(path);
        let undotted = path.to_ascii_lowercase().replace("%2e", ".");
        if undotted.split('/').any(|segment| segment == "." || segment == "..") {
            return Err("has a segment of dots only");
        }
        Ok(Self { scheme, authority: authority.to_string().to_ascii_lowercase(), path: path.to_owned() })
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// Whether what is sent there may cross the internet in clear text: it is neither https nor a host that only a private
    /// network has.
    pub(super) fn is_exposed(&self) -> bool {
        let host = match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => &self.authority,
        };
        let is_private = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => {
                address.is_loopback() || address.is_private() || address.is_link_local()
            }
            Ok(IpAddr::V6(address)) => {
                address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
            }
            // A name without a dot is one of a container or of the machine itself.
            Err(_) => {
                !host.contains('.')
                    || [".localhost", ".local", ".internal", ".lan", ".home.arpa"]
                        .iter()
                        .any(|ending| host.ends_with(ending))
            }
        };
        self.scheme != "https" && !is_private
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}
