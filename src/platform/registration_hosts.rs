//! The hosts of a dynamic registration. Each must belong to the platform of the table: otherwise
//! anyone who sees a link could register their own platform under its name.

use lti::v1p3::OpenidConfiguration;

use crate::config::{Platform, PlatformType};
use crate::url::UrlParts;

/// A value of a platform that is at another host than the rest of it, or is another value than the
/// file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationMismatch {
    /// The URL of this key is not an absolute URL of the web.
    NotUrl(&'static str),
    /// The host of this key's URL is not one of the platform.
    Host {
        /// The key.
        key: &'static str,
        /// The host of its value.
        found: String,
        /// A host of the platform.
        expected: String,
    },
    /// The issuer is not that of the table.
    Issuer {
        /// The issuer of the platform.
        found: String,
        /// The issuer of the table.
        expected: String,
    },
}

/// Checks the URL of a configuration before it is fetched. The URL comes with the link.
///
/// # Errors
/// A [`RegistrationMismatch`].
pub fn check_configuration_url(url: &str, platform: &Platform) -> Result<(), RegistrationMismatch> {
    const KEY: &str = "openid_configuration";
    let host = host(KEY, url)?;
    let of_table = table_hosts(platform);
    let Some(expected) = of_table.first() else { return Ok(()) };
    let belongs = of_table.iter().any(|one| is_below(&host, one))
        || type_domain(platform).is_some_and(|domain| is_below(&host, domain));
    if belongs {
        return Ok(());
    }
    Err(RegistrationMismatch::Host { key: KEY, found: host, expected: expected.clone() })
}

/// Checks a configuration that was fetched from this URL.
///
/// - The issuer is that of the table.
/// - The host of the issuer is the host of the configuration's URL or a parent domain of it, or the
///   type knows both.
/// - The hosts of the other URLs are one of these, below the issuer's, or in the table. URLs that
///   the type knows replace those of the configuration, which are then not checked.
///
/// # Errors
/// A [`RegistrationMismatch`].
pub fn check_configuration(
    configuration: &OpenidConfiguration,
    url: &str,
    platform: &Platform,
) -> Result<(), RegistrationMismatch> {
    let fetched = host("openid_configuration", url)?;
    let issuer = host("issuer", &configuration.issuer)?;
    if let Some(expected) = &platform.issuer
        && *expected != configuration.issuer
    {
        let (found, expected) = (configuration.issuer.clone(), expected.clone());
        return Err(RegistrationMismatch::Issuer { found, expected });
    }
    let of_table = table_hosts(platform);
    let of_type = type_domain(platform);
    let is_of_type = |host: &str| {
        of_table.iter().any(|one| one == host)
            || of_type.is_some_and(|domain| is_below(host, domain))
    };
    let is_related = issuer == fetched
        || issuer.contains('.') && is_below(&fetched, &issuer)
        || is_of_type(&issuer) && is_of_type(&fetched);
    if !is_related {
        return Err(RegistrationMismatch::Host { key: "issuer", found: issuer, expected: fetched });
    }
    // The client does not matter: it only changes the value of a URL that the type knows.
    let preset = platform.preset("");
    for (key, url, is_unused) in [
        ("registration_endpoint", &configuration.registration_url, false),
        ("authorization_endpoint", &configuration.auth_url, preset.auth_url.is_some()),
        ("token_endpoint", &configuration.token_url, preset.token_url.is_some()),
        ("jwks_uri", &configuration.jwks_url, preset.jwks_url.is_some()),
    ] {
        let found = host(key, url)?;
        if !(is_unused || found == fetched || is_below(&found, &issuer) || is_of_type(&found)) {
            return Err(RegistrationMismatch::Host { key, found, expected: fetched });
        }
    }
    Ok(())
}

/// The hosts that the table names, or that its type knows.
fn table_hosts(platform: &Platform) -> Vec<String> {
    let written = &platform.written;
    let urls =
        [&written.url, &platform.issuer, &platform.auth_url, &written.token_url, &written.jwks_url];
    let of_clients = platform.clients.iter().flat_map(|one| [&one.jwks_url, &one.token_url]);
    let urls = urls.into_iter().flatten().chain(of_clients);
    urls.filter_map(|url| Some(UrlParts::of_web(url)?.host().to_ascii_lowercase())).collect()
}

/// The domain of a product that its vendor hosts, beside the hosts of its URLs.
fn type_domain(platform: &Platform) -> Option<&'static str> {
    match platform.kind? {
        PlatformType::Blackboard => Some("blackboard.com"),
        PlatformType::Brightspace => Some("brightspace.com"),
        PlatformType::Schoology => Some("schoology.com"),
        PlatformType::Edx | PlatformType::Moodle | PlatformType::Canvas => None,
    }
}

/// The host of a URL, in lower case.
fn host(key: &'static str, url: &str) -> Result<String, RegistrationMismatch> {
    let is_absolute = |parts: &UrlParts<'_>| !parts.scheme.is_empty() && !parts.host().is_empty();
    let parts = UrlParts::parse(url).and(UrlParts::of_web(url)).filter(is_absolute);
    let host = parts.map(|parts| parts.host().to_ascii_lowercase());
    host.ok_or(RegistrationMismatch::NotUrl(key))
}

/// Whether a host is this domain, or below it.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
