//! Protection against SSRF: the network addresses that a platform's grade service may have.
//!
//! A grade URL comes with a launch, and an author of a course may choose it. It must not lead to
//! this machine or its private network. A host name proves nothing: the client checks the network
//! address that it connects to, which also prevents DNS rebinding.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rocket::tokio::net::lookup_host;

use crate::address::is_public;
use crate::config::OutcomeRules;

/// The error for a host without a public network address ([`is_public`]).
#[derive(Debug)]
pub(super) struct NotPublic;

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host has no public network address")
    }
}

impl Error for NotPublic {}

/// The practice platform of this process.
pub struct PracticePlatform {
    /// The reserved host name.
    pub host: &'static str,
    /// The prefix of the paths of its services.
    pub path: &'static str,
    /// The network address of this process.
    pub address: SocketAddr,
}

impl PracticePlatform {
    /// Whether a URL has its host, with any path.
    pub(super) fn is_host_of(&self, url: &Url) -> bool {
        url.host_str().is_some_and(|host| host.strip_suffix('.').unwrap_or(host) == self.host)
    }

    /// Whether a URL is one of its services. A URL with a port is not: the port is always this
    /// process's own, so that no URL can lead to another process.
    pub(super) fn serves(&self, url: &Url) -> bool {
        url.scheme() == "http"
            && url.host_str() == Some(self.host)
            && url.port().is_none()
            && url.path().starts_with(self.path)
    }
}

/// A DNS resolver that returns only network addresses that the client may connect to.
pub(super) struct DnsResolver {
    pub(super) rules: Arc<OutcomeRules>,
    pub(super) practice: Arc<OnceLock<PracticePlatform>>,
}

impl Resolve for DnsResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = Arc::clone(&self.rules);
        let practice = self.practice.get().filter(|practice| practice.host == name.as_str());
        let practice = practice.map(|practice| practice.address);
        Box::pin(async move {
            if let Some(address) = practice {
                return Ok(Box::new(std::iter::once(address)) as Addrs);
            }
            let name = name.as_str();
            let found = lookup_host((name, 0)).await?;
            let is_named = rules.names(name);
            let reachable: Vec<SocketAddr> =
                found.filter(|address| is_named || is_public(address.ip())).collect();
            if reachable.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(reachable.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn only_the_services_of_the_practice_platform_are_reachable() {
        let practice = PracticePlatform {
            host: "practice.localhost",
            path: "/dev/platform/",
            address: (Ipv4Addr::LOCALHOST, 5000).into(),
        };
        let serves = |url: &str| practice.serves(&Url::parse(url).expect("a URL"));
        assert!(serves("http://practice.localhost/dev/platform/a/b"));
        assert!(serves("HTTP://PRACTICE.localhost:80/x/../dev/platform/a"));
        for other in [
            "https://practice.localhost/dev/platform/a",
            "http://practice.localhost:6379/dev/platform/a",
            "http://practice.localhost/dev/platform",
            "http://practice.localhost/dev/platform/../launch",
            "http://practice.localhost/",
            "http://practice.localhost./dev/platform/a",
            "http://x.practice.localhost/dev/platform/a",
            "http://localhost/dev/platform/a",
            "http://127.0.0.1/dev/platform/a",
        ] {
            assert!(!serves(other), "{other}");
        }
    }
}
