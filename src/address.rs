//! Network addresses: which of them are public.
//!
//! A request to any other address may reach this machine, its private network, or services that a
//! cloud offers only to its own machines.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network in CIDR notation: its first address, and the length of its prefix in bits.
type Network<A> = (A, u32);

/// IPv4 networks that are not public: private, or in IANA's registry of special-purpose addresses
/// (RFC 6890).
const SPECIAL_V4: [Network<Ipv4Addr>; 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),       // "This network": RFC 791 §3.2
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // Private use: RFC 1918
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // Carrier-grade NAT: RFC 6598; metadata of Alibaba Cloud
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // Loopback: RFC 1122 §3.2.1.3
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // Link-local: RFC 3927; metadata of most clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // Private use: RFC 1918
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // IETF protocol assignments: RFC 6890 §2.1
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // Documentation: RFC 5737
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relays: RFC 7526
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // Private use: RFC 1918
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // Benchmarks: RFC 2544
    (Ipv4Addr::new(198, 51, 100, 0), 24), // Documentation: RFC 5737
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // Documentation: RFC 5737
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // Multicast: RFC 5771
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // Reserved: RFC 1112 §4
    (Ipv4Addr::BROADCAST, 32),            // Limited broadcast: RFC 919
];

/// IPv4 networks that a cloud uses for services of its own machines, outside [`SPECIAL_V4`].
const CLOUD_V4: [Network<Ipv4Addr>; 8] = [
    // Google Kubernetes Engine: Services of a cluster, the default since 1.27 and 1.29.
    // https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips
    (Ipv4Addr::new(34, 118, 224, 0), 20),
    // Google Cloud: direct connectivity to Google's APIs, only from its own machines.
    // https://cloud.google.com/vpc/docs/configure-private-google-access
    (Ipv4Addr::new(34, 126, 0, 0), 18),
    // IBM Cloud: services of the infrastructure, such as DNS and package mirrors.
    // https://cloud.ibm.com/docs/vpc?topic=vpc-service-endpoints-for-vpc
    (Ipv4Addr::new(161, 26, 0, 0), 16),
    // IBM Cloud: private endpoints of cloud services. Same source.
    (Ipv4Addr::new(166, 8, 0, 0), 14),
    // Azure: the platform's channel to its machines, such as the WireServer and DNS.
    // https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    // Equinix Metal (Packet): metadata.platformequinix.com and metadata.packet.net.
    // https://www.packet.com/developers/docs/servers/key-features/metadata/
    (Ipv4Addr::new(192, 80, 8, 124), 32),
    // Google Cloud: restricted.googleapis.com, not announced to the internet.
    // https://cloud.google.com/vpc-service-controls/docs/private-connectivity
    (Ipv4Addr::new(199, 36, 153, 4), 30),
    // Google Cloud: private.googleapis.com, not announced to the internet.
    // https://cloud.google.com/vpc/docs/configure-private-google-access
    (Ipv4Addr::new(199, 36, 153, 8), 30),
];

/// Global unicast: every public IPv6 address is in this network (RFC 4291 §2.4). It contains
/// neither loopback, link-local, unique local (metadata of AWS: fd00:ec2::254) nor multicast
/// addresses. Nor does it contain these embeddings of IPv4 addresses: IPv4-compatible (::/96),
/// translated (::ffff:0:0:0/96) and local-use NAT64 (64:ff9b:1::/48).
const GLOBAL_UNICAST: Network<Ipv6Addr> = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Networks within [`GLOBAL_UNICAST`] that are not public: IANA's registry of special-purpose
/// addresses (RFC 6890).
const SPECIAL_V6: [Network<Ipv6Addr>; 4] = [
    // IETF protocol assignments, such as Teredo, benchmarks and ORCHID: RFC 2928.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation: RFC 3849.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4, with an IPv4 address: RFC 7526.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    // Documentation: RFC 9637.
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// IPv6 networks that a cloud uses for services of its own machines, within [`GLOBAL_UNICAST`].
const CLOUD_V6: [Network<Ipv6Addr>; 4] = [
    // Google Cloud: direct connectivity to Google's APIs, only from its own machines.
    // https://cloud.google.com/vpc/docs/configure-private-google-access
    (Ipv6Addr::new(0x2001, 0x4860, 0x8040, 0, 0, 0, 0, 0), 42),
    // Google Kubernetes Engine: Services of a cluster.
    // https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips
    (Ipv6Addr::new(0x2600, 0x2d00, 0, 4, 0, 0, 0, 0), 64),
    // Google Cloud: restricted.googleapis.com.
    // https://cloud.google.com/vpc/docs/configure-private-google-access-hybrid
    (Ipv6Addr::new(0x2600, 0x2d00, 2, 0x1000, 0, 0, 0, 0), 56),
    // Google Cloud: private.googleapis.com. Same source.
    (Ipv6Addr::new(0x2600, 0x2d00, 2, 0x2000, 0, 0, 0, 0), 56),
];

/// Whether a network address is public: global unicast, in none of IANA's registries of
/// special-purpose addresses (RFC 6890), and none of a cloud's own services. An IPv6 address that
/// leads to an IPv4 address is public only if both are.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = u128::from(address.to_bits());
    let contains = |&(first, length): &Network<Ipv4Addr>| {
        has_prefix(bits, first.to_bits().into(), Ipv4Addr::BITS - length)
    };
    !SPECIAL_V4.iter().chain(&CLOUD_V4).any(contains)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let contains = |&(first, length): &Network<Ipv6Addr>| {
        has_prefix(address.to_bits(), first.to_bits(), Ipv6Addr::BITS - length)
    };
    match address.segments() {
        // IPv4-mapped (RFC 4291 §2.5.5.2), and NAT64 with the well-known prefix (RFC 6052): only
        // the IPv4 address counts. A NAT64 prefix of the network's own is unknown here.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            is_public_v4(embedded(high, low))
        }
        // ISATAP (RFC 5214 §6.1): the last 32 bits are the IPv4 address of a router or host.
        [.., 0 | 0x200, 0x5efe, high, low] if !is_public_v4(embedded(high, low)) => false,
        _ => contains(&GLOBAL_UNICAST) && !SPECIAL_V6.iter().chain(&CLOUD_V6).any(contains),
    }
}

/// Whether two addresses differ at most in the last `host_bits` bits.
fn has_prefix(address: u128, first: u128, host_bits: u32) -> bool {
    (address ^ first).checked_shr(host_bits).unwrap_or(0) == 0
}

/// The IPv4 address in two segments of an IPv6 address.
fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(addresses: &[&str], expected: bool) {
        for text in addresses {
            let address: IpAddr = text.parse().expect("an address");
            assert_eq!(is_public(address), expected, "{text}");
            if let IpAddr::V4(address) = address {
                check_embeddings(address, expected);
            }
        }
    }

    /// Checks all IPv6 addresses that lead to this IPv4 address.
    #[track_caller]
    fn check_embeddings(address: Ipv4Addr, is_address_public: bool) {
        let [a, b, c, d] = address.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        for (embedding, expected) in [
            (format!("::ffff:{address}"), is_address_public),
            (format!("64:ff9b::{address}"), is_address_public),
            (format!("2600::5efe:{address}"), is_address_public),
            (format!("2600::200:5efe:{address}"), is_address_public),
            // No address of these networks is public.
            (format!("::{address}"), false),
            (format!("::ffff:0:{address}"), false),
            (format!("64:ff9b:1::{address}"), false),
            (format!("64:ff9b:1:{high:x}:{:x}:{:x}::", c, u16::from(d) << 8), false),
            (format!("fe80::5efe:{address}"), false),
            (format!("2001:db8::5efe:{address}"), false),
            (format!("2002:{high:x}:{low:x}::1"), false),
            (format!("2001:0:{high:x}:{low:x}::1"), false),
            (format!("2001::{:x}:{:x}", !high, !low), false),
        ] {
            let parsed: IpAddr = embedding.parse().expect("an address");
            assert_eq!(is_public(parsed), expected, "{address} as {embedding}");
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

    #[test]
    fn services_that_a_cloud_offers_to_its_own_machines_are_not_public() {
        // The addresses of each network, and their neighbors.
        let networks: [(&[&str], &[&str]); 11] = [
            (&["34.118.224.0", "34.118.239.255"], &["34.118.223.255", "34.118.240.0"]),
            (&["34.126.0.0", "34.126.63.255"], &["34.125.255.255", "34.126.64.0"]),
            (&["161.26.0.0", "161.26.255.255"], &["161.25.255.255", "161.27.0.0"]),
            (&["166.8.0.0", "166.11.255.255"], &["166.7.255.255", "166.12.0.0"]),
            (&["168.63.129.16"], &["168.63.129.15", "168.63.129.17"]),
            (&["192.80.8.124"], &["192.80.8.123", "192.80.8.125"]),
            (
                &["199.36.153.4", "199.36.153.7", "199.36.153.8", "199.36.153.11"],
                &["199.36.153.3", "199.36.153.12"],
            ),
            (
                &["2001:4860:8040::", "2001:4860:807f:ffff:ffff:ffff:ffff:ffff"],
                &["2001:4860:803f:ffff:ffff:ffff:ffff:ffff", "2001:4860:8080::"],
            ),
            (
                &["2600:2d00:0:4::", "2600:2d00:0:4:ffff:ffff:ffff:ffff"],
                &["2600:2d00:0:3:ffff:ffff:ffff:ffff", "2600:2d00:0:5::"],
            ),
            (
                &["2600:2d00:2:1000::", "2600:2d00:2:10ff:ffff:ffff:ffff:ffff"],
                &["2600:2d00:2:fff:ffff:ffff:ffff:ffff", "2600:2d00:2:1100::"],
            ),
            (
                &["2600:2d00:2:2000::", "2600:2d00:2:20ff:ffff:ffff:ffff:ffff"],
                &["2600:2d00:2:1fff:ffff:ffff:ffff:ffff", "2600:2d00:2:2100::"],
            ),
        ];
        for (addresses, neighbors) in networks {
            check(addresses, false);
            check(neighbors, true);
        }
        // Each line of the tables has a case above.
        let is_covered = |first: IpAddr| {
            let first = first.to_string();
            networks.iter().any(|(addresses, _)| addresses.contains(&first.as_str()))
        };
        assert!(CLOUD_V4.iter().all(|(first, _)| is_covered((*first).into())));
        assert!(CLOUD_V6.iter().all(|(first, _)| is_covered((*first).into())));
    }

    #[test]
    fn every_line_of_the_tables_is_a_network_in_canonical_form() {
        for (first, length) in SPECIAL_V4.into_iter().chain(CLOUD_V4) {
            assert!((1..=32).contains(&length), "{first}/{length}");
            assert_eq!(u64::from(first.to_bits()) << length & 0xffff_ffff, 0, "{first}/{length}");
        }
        for (first, length) in [GLOBAL_UNICAST].into_iter().chain(SPECIAL_V6).chain(CLOUD_V6) {
            assert!((1..=127).contains(&length), "{first}/{length}");
            assert_eq!(first.to_bits() << length, 0, "{first}/{length}");
        }
    }
}
