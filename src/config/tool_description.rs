//! A tool as platforms register it.

use lti::AgsScope;
use lti::v1p3::ToolDescription;

use super::gateway::Tool;
use super::platform::Platform;
use super::public_url::PublicUrl;
use crate::url::UrlParts;

impl Tool {
    /// The scopes of the services that the tool uses.
    pub fn scopes(&self) -> Vec<&'static str> {
        let Some(upstream) = self.upstream() else { return Vec::new() };
        let mut scopes = Vec::new();
        if upstream.grades.is_on() {
            scopes.extend([AgsScope::Score, AgsScope::Results].map(AgsScope::uri));
        }
        if upstream.line_item.is_some() {
            scopes.push(AgsScope::LineItems.uri());
        }
        // A course grade token needs the list of members, too.
        if upstream.members.bits() != 0 || upstream.grades.is_course() {
            scopes.push(ToolDescription::MEMBERS_SCOPE);
        }
        scopes
    }

    /// The tool for its registration at a platform, for a request with this `Host`. Without a
    /// request, the origin may be unknown. The URLs are then only paths.
    pub fn description(
        &self,
        platform: &Platform,
        public_url: &PublicUrl,
        authority: Option<&str>,
    ) -> ToolDescription {
        let launch_url = public_url.launch_url(self, authority);
        let login_url = public_url.login_url(authority);
        // Only the public URL serves `static/`. An upstream's own host does not.
        let origin = login_url.strip_suffix("/~login").unwrap_or_default();
        let icon_url = match self.icon.as_str() {
            "" => None,
            path if path.starts_with('/') => Some(format!("{origin}{path}")),
            url => Some(url.to_owned()),
        };
        let identity = self.identity();
        let domain = UrlParts::split(&launch_url).map(|url| url.host_header());
        ToolDescription {
            name: self.name.clone(),
            title: self.title.clone(),
            description: self.description.clone(),
            icon_url,
            redirect_urls: vec![launch_url.clone()],
            launch_url,
            keyset_url: public_url.keyset_url(platform, authority),
            login_url,
            domain: domain.unwrap_or_default(),
            has_own_host: self.host.is_some(),
            scopes: self.scopes(),
            wants_name: identity.name,
            wants_email: identity.email,
        }
    }
}
