use std::net::IpAddr;

/// Host and, if one is written, port of an authority that holds no user.
pub(crate) fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, "")) => (host, None),
        // Else the colon stands in an IPv6 address.
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Whether only a private network has a host of this name or address, as far as that tells.
pub(super) fn is_private(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_what_follows_the_last_colon_outside_of_brackets() {
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
}
