//! The URL at the platform that accepts links. It comes from a signed request.

use crate::url::{UrlParts, is_loopback};
use crate::web::gateway::Gateway;

/// Whether the gateway sends links to this URL. It must be https. In development, a loopback host
/// may have http. A host that `outcome_hosts` names may have http, too.
pub(in crate::web) fn is_allowed(gateway: &Gateway, url: &str) -> bool {
    let Some(parts) = UrlParts::of_web(url) else { return false };
    let is_http_host = |host: &str| {
        (gateway.development.is_some() && is_loopback(host))
            || gateway.grades.platforms().names_host(host)
    };
    parts.scheme.eq_ignore_ascii_case("https") || is_http_host(parts.host())
}

/// The sources of the page's `form-action`. A platform may redirect to its other hosts, and Chrome
/// applies the directive to these redirects, too.
pub(super) fn form_action(gateway: &Gateway, url: &str) -> String {
    let mut sources = "https:".to_owned();
    if gateway.development.is_some() {
        sources += " http://localhost:* http://*.localhost:* http://127.0.0.1:* http://[::1]:*";
    }
    let origin = UrlParts::of_web(url).and_then(|parts| parts.origin());
    if let Some(origin) = origin.filter(|origin| !origin.to_string().starts_with("https:")) {
        sources += &format!(" {origin}");
    }
    sources
}
