use lti::v1p3::LaunchUrl;

use crate::config::{PublicUrl, Tool};
use crate::url::UrlParts;

/// The launch URL of a tool, with which target links are compared, for a request to this host and
/// port.
pub(super) fn launch_url(public_url: &PublicUrl, tool: &Tool, authority: &str) -> LaunchUrl {
    let url = public_url.launch_url(tool, Some(authority));
    match UrlParts::split(&url) {
        Some(parts) => LaunchUrl::new(parts.scheme, parts.authority, parts.path()),
        None => LaunchUrl::new("", "", &url),
    }
}
