//! Protection against SSRF: the network addresses that a platform's grade service may have.
//!
//! A grade URL comes with a launch, and an author of a course may choose it. It must not lead to
//! this machine or its private network. A host name proves nothing: the client checks the network
//! address that it connects to, which also prevents DNS rebinding.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rocket::tokio::net::lookup_host;

use crate::config::OutcomeRules;

/// The error for a host whose network addresses are all private or reserved.
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

/// Whether a network address is public: global unicast, and not in IANA's registries of
/// special-purpose addresses (RFC 6890).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        // "This network", carrier-grade NAT, protocol assignments, 6to4 relays, benchmarks,
        // reserved.
        || a == 0
        || (a == 100 && b & 0b1100_0000 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && b & 0b1111_1110 == 18)
        || a >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    // NAT64 (RFC 6052): an IPv4 address for networks without IPv4.
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = segments {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    // Global unicast, without protocol assignments (such as Teredo), 6to4 and documentation.
    match segments {
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        [0x2002, ..] => false,
        [0x3fff, second, ..] => second > 0xfff,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
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

    #[track_caller]
    fn check(addresses: &[&str], expected: bool) {
        for text in addresses {
            let address: IpAddr = text.parse().expect("an address");
            assert_eq!(is_public(address), expected, "{text}");
            if let IpAddr::V4(address) = address {
                assert_eq!(is_public(address.to_ipv6_mapped().into()), expected, "{text}, mapped");
                let nat64: IpAddr = format!("64:ff9b::{address}").parse().expect("an address");
                assert_eq!(is_public(nat64), expected, "{text}, by NAT64");
            }
        }
    }

    #[test]
    fn global_unicast_addresses_are_public() {
        check(
            &[
                "1.1.1.1",
                "9.255.255.255",
                "11.0.0.0",
                "93.184.216.34",
                "100.63.255.255",
                "100.128.0.0",
                "126.255.255.255",
                "128.0.0.0",
                "169.253.255.255",
                "169.255.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "192.0.1.0",
                "192.167.255.255",
                "192.169.0.0",
                "198.17.255.255",
                "198.20.0.0",
                "223.255.255.255",
                "2001:200::1",
                "2001:4860:4860::8888",
                "2606:4700::1111",
                "2a00:1450:4001::1",
                "2000::1",
                "3fff:1000::1",
            ],
            true,
        );
    }

    #[test]
    fn special_purpose_addresses_are_not_public() {
        check(
            &[
                "0.0.0.0",
                "0.1.2.3",
                "10.0.0.1",
                "10.255.255.255",
                "100.64.0.1",
                "100.127.255.255",
                "127.0.0.1",
                "127.255.255.254",
                "169.254.169.254",
                "172.16.0.1",
                "172.31.255.255",
                "192.0.0.1",
                "192.0.0.170",
                "192.0.2.1",
                "192.88.99.1",
                "192.168.0.1",
                "198.18.0.1",
                "198.19.255.255",
                "198.51.100.1",
                "203.0.113.1",
                "224.0.0.1",
                "239.255.255.255",
                "240.0.0.1",
                "255.255.255.255",
                "::",
                "::1",
                "::7f00:1",
                "64:ff9b:1::1",
                "100::1",
                "2001::1",
                "2001:0:4136:e378:8000:63bf:3fff:fdd2",
                "2001:20::1",
                "2001:db8::1",
                "2002:7f00:1::",
                "3fff::1",
                "4000::1",
                "5f00::1",
                "fc00::1",
                "fd00:ec2::254",
                "fe80::1",
                "fec0::1",
                "ff02::1",
            ],
            false,
        );
    }
}
