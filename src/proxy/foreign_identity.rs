//! Headers by which other authenticating proxies name a user, a certificate or an IP address.
//!
//! An app that also runs behind such a proxy trusts its header. A browser must therefore not set it
//! behind the gateway, where that proxy is missing. A tool's `headers` may set it.

/// The names, and a product that sets or defines each. A name that ends with `*` is a prefix. The
/// order without the `*` is alphabetical. An app's API token (`X-Auth-Token`) is not among them.
const FOREIGN: [(&str, &str); 68] = [
    ("affiliation", "Shibboleth SP, `attribute-map.xml`"),
    ("cf-access-*", "Cloudflare Access"),
    ("cf-connecting-ip", "Cloudflare"),
    ("cf-connecting-ipv6", "Cloudflare"),
    ("cf-pseudo-ipv4", "Cloudflare"),
    ("client-cert", "RFC 9440"),
    ("client-cert-chain", "RFC 9440"),
    ("entitlement", "Shibboleth SP, `attribute-map.xml`"),
    ("eppn", "Shibboleth SP, `attribute-map.xml`"),
    ("fastly-client-ip", "Fastly"),
    ("fly-client-ip", "Fly.io"),
    ("iv-creds", "IBM Security Verify Access (WebSEAL)"),
    ("iv-groups", "IBM Security Verify Access (WebSEAL)"),
    ("iv-user*", "IBM Security Verify Access (WebSEAL)"),
    ("oam-remote-user", "Oracle Access Manager"),
    ("oidc-*", "mod_auth_openidc (`OIDC_CLAIM_…`, `OIDC_access_token`)"),
    ("pairwise-id", "Shibboleth SP, `attribute-map.xml`"),
    ("persistent-id", "Shibboleth SP, `attribute-map.xml`"),
    ("remote-email", "Authelia, Pangolin"),
    ("remote-groups", "Authelia"),
    ("remote-name", "Authelia, Pangolin"),
    ("remote-role", "Pangolin"),
    ("remote-user", "Authelia, Pangolin; CGI's `REMOTE_USER`"),
    ("shib-*", "Shibboleth SP"),
    ("sm-user*", "SiteMinder (`SM_USER`, `SM_USERDN`)"),
    ("ssl-client-*", "ingress-nginx"),
    ("subject-id", "Shibboleth SP, `attribute-map.xml`"),
    ("tailscale-*", "Tailscale Serve, Tailscale nginx-auth"),
    ("teleport-jwt-assertion", "Teleport"),
    ("true-client-ip", "Akamai, Cloudflare"),
    ("unscoped-affiliation", "Shibboleth SP, `attribute-map.xml`"),
    ("wl-proxy-*", "Oracle WebLogic Server plug-ins"),
    ("x-amzn-mtls-*", "AWS Application Load Balancer"),
    ("x-amzn-oidc-*", "AWS Application Load Balancer"),
    ("x-anonymous-consumer", "Kong"),
    ("x-apigateway-api-userinfo", "Google API Gateway"),
    ("x-appengine-*", "Google App Engine"),
    ("x-arr-clientcert", "Azure App Service"),
    ("x-auth-email", "Louketo Proxy"),
    ("x-auth-groups", "authentik, Louketo Proxy"),
    ("x-auth-name", "forward authentication in nginx and Traefik"),
    ("x-auth-request-*", "OAuth2 Proxy"),
    ("x-auth-roles", "Louketo Proxy"),
    ("x-auth-subject", "Louketo Proxy"),
    ("x-auth-user", "forward authentication in nginx and Traefik"),
    ("x-auth-userid", "Louketo Proxy"),
    ("x-auth-username", "authentik, Louketo Proxy"),
    ("x-authenticated-*", "Kong"),
    ("x-authentik-*", "authentik"),
    ("x-azure-clientip", "Azure Front Door"),
    ("x-azure-socketip", "Azure Front Door"),
    ("x-client-ip", "Apache httpd, mod_remoteip"),
    ("x-cluster-client-ip", "Rackspace, Riverbed Stingray"),
    ("x-consumer-*", "Kong, Apache APISIX"),
    ("x-credential-*", "Kong, Apache APISIX"),
    ("x-endpoint-api-userinfo", "Google Cloud Endpoints"),
    ("x-envoy-*", "Envoy"),
    ("x-goog-authenticated-user-*", "Google Identity-Aware Proxy"),
    ("x-goog-iap-*", "Google Identity-Aware Proxy"),
    ("x-ms-client-principal*", "Azure App Service"),
    ("x-ms-token-*", "Azure App Service"),
    ("x-original-forwarded-for", "ingress-nginx"),
    ("x-pomerium-*", "Pomerium"),
    ("x-remote-*", "Kubernetes, OpenShift"),
    ("x-ssl-client-*", "HAProxy"),
    ("x-userinfo", "Apache APISIX"),
    ("x-vouch-*", "Vouch Proxy"),
    ("x-webauth-*", "Grafana, Gitea, Caddy"),
];

/// Whether another proxy names a user, a certificate or an IP address with this header. `name` is
/// normalized ([`crate::config::header::normalized`]).
pub(crate) fn is_foreign_identity(name: &str) -> bool {
    // All names between a prefix and `name` begin with the prefix, and the table has none of them.
    let after = FOREIGN.partition_point(|(pattern, _)| stem(pattern) <= name);
    after.checked_sub(1).and_then(|at| FOREIGN.get(at)).is_some_and(|(pattern, _)| {
        if pattern.ends_with('*') { name.starts_with(stem(pattern)) } else { *pattern == name }
    })
}

/// A pattern without its `*`.
fn stem(pattern: &str) -> &str {
    pattern.strip_suffix('*').unwrap_or(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_no_prefix_contains_another_row() {
        for pair in FOREIGN.windows(2) {
            let [(one, _), (other, _)] = pair else { continue };
            assert!(stem(one) < stem(other), "{one} {other}");
            assert!(!one.ends_with('*') || !other.starts_with(stem(one)), "{one} {other}");
        }
    }

    #[test]
    fn every_row_has_a_source_and_is_documented() {
        let docs = include_str!("../../docs/upstreams.md").to_ascii_lowercase();
        for (pattern, source) in FOREIGN {
            assert!(!source.is_empty(), "{pattern}");
            let (name, source) =
                (format!("`{}`", pattern.replace('*', "…")), source.to_ascii_lowercase());
            let is_row = |line: &str| line.contains(&name) && line.contains(&source);
            assert!(docs.lines().any(is_row), "{pattern} {source}");
        }
    }

    #[test]
    fn identity_headers_of_other_proxies_are_recognized() {
        for (pattern, _) in FOREIGN {
            assert!(is_foreign_identity(stem(pattern)), "{pattern}");
            let longer = format!("{}x", stem(pattern));
            let is_known = pattern.ends_with('*')
                || FOREIGN.iter().any(|(other, _)| {
                    other.ends_with('*') && longer.starts_with(stem(other)) || longer == *other
                });
            assert_eq!(is_foreign_identity(&longer), is_known, "{longer}");
        }
        for name in [
            "x-webauth-user",
            "x-auth-request-preferred-username",
            "x-goog-iap-jwt-assertion",
            "x-ms-client-principal",
            "x-ms-client-principal-name",
            "x-remote-extra-scopes",
            "tailscale-user-login",
        ] {
            assert!(is_foreign_identity(name), "{name}");
        }
    }

    #[test]
    fn an_apps_own_headers_are_no_identity() {
        for name in [
            "",
            "a",
            "zzz",
            "authorization",
            "x-auth-token",
            "x-auth",
            "x-api-key",
            "x-access-token",
            "x-csrf-token",
            "x-requested-with",
            "x-request-id",
            "x-webauth",
            "x-remote",
            "remote",
            "cookie",
        ] {
            assert!(!is_foreign_identity(name), "{name}");
        }
    }
}
