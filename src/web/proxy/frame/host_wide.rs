//! Response headers that act on a whole origin or host, which the app shares with other tools.
//!
//! The criterion: a browser applies the header to other responses than the app's own. Headers that
//! act on one document or response (`Permissions-Policy`, `Cross-Origin-Opener-Policy`,
//! `Reporting-Endpoints`, `Speculation-Rules`) pass.

/// The names, and the document that defines each. A name that ends with `*` is a prefix.
const HOST_WIDE: [(&str, &str); 20] = [
    ("accept-ch", "RFC 8942: an origin's choice, which browsers store"),
    ("accept-ch-lifetime", "drafts of RFC 8942"),
    ("alt-svc", "RFC 7838"),
    ("attribution-reporting-register-*", "WICG Attribution Reporting: stored for the origin"),
    ("cache-group-invalidation", "RFC 9875: invalidates responses of the whole origin"),
    ("clear-site-data", "W3C Clear Site Data"),
    ("critical-ch", "WICG Client Hints Reliability: a part of `Accept-CH`"),
    ("expect-ct", "RFC 9163"),
    ("idp-signin-status", "FedCM, the earlier name of `Set-Login`"),
    ("nel", "W3C Network Error Logging"),
    ("observe-browsing-topics", "WICG Topics API: stored for the site"),
    ("origin-agent-cluster", "HTML, \"origin-keyed agent clusters\""),
    ("public-key-pins*", "RFC 7469"),
    ("report-to", "W3C Reporting API, first version"),
    ("sec-session-*", "W3C Device Bound Session Credentials, earlier names"),
    ("secure-session-*", "W3C Device Bound Session Credentials"),
    ("set-login", "W3C Login Status API"),
    ("shared-storage-write", "WICG Shared Storage: stored for the origin"),
    ("strict-transport-security", "RFC 6797"),
    ("use-as-dictionary", "RFC 9842: matches any path of the origin"),
];

/// Whether a browser applies this header to more than the app's own responses. `name` is in lower
/// case.
pub(super) fn is_host_wide(name: &str) -> bool {
    HOST_WIDE.iter().any(|(pattern, _)| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_source_and_is_documented() {
        let docs = include_str!("../../../../docs/upstreams.md").to_ascii_lowercase();
        for (pattern, source) in HOST_WIDE {
            let name = format!("`{}`", pattern.replace('*', "…"));
            let source = source.to_ascii_lowercase();
            let is_row = |line: &str| line.contains(&name) && line.contains(&source);
            assert!(docs.lines().any(is_row), "{pattern} {source}");
        }
    }

    #[test]
    fn a_header_for_one_response_passes() {
        for name in [
            "accept-patch",
            "cross-origin-opener-policy",
            "permissions-policy",
            "reporting-endpoints",
            "server-timing",
            "speculation-rules",
            "cache-control",
            "cache-groups",
        ] {
            assert!(!is_host_wide(name), "{name}");
        }
        assert!(is_host_wide("secure-session-registration"));
        assert!(is_host_wide("public-key-pins-report-only"));
    }
}
