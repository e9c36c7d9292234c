//! The URL at the platform that accepts links. It comes from a signed request.

use crate::url::UrlParts;
use crate::web::gateway::Gateway;

/// Whether the gateway sends links to this URL.
pub(in crate::web) fn is_allowed(gateway: &Gateway, url: &str) -> bool {
    gateway.grades.platforms().accepts_links_at(url, gateway.development.is_some())
}

/// The sources of the page's `form-action`. A platform may redirect to its other hosts, and Chrome
/// applies the directive to these redirects, too.
pub(super) fn form_action(gateway: &Gateway, url: &str) -> String {
    let mut sources = "https:".to_owned();
    if gateway.development.is_some() {
        sources += " http://localhost:* http://*.localhost:* http://127.0.0.1:*";
    }
    let origin = UrlParts::of_web(url).and_then(|parts| parts.origin());
    if let Some(origin) = origin.filter(|origin| !origin.to_string().starts_with("https:")) {
        // A source cannot be an IPv6 address.
        match origin.host().starts_with('[') {
            true => sources += " http:",
            false => sources += &format!(" {origin}"),
        }
    }
    sources
}
