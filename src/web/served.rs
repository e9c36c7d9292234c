//! A tool with prepared values for its requests.

use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use lti::v1p1::LaunchPolicy;

use super::outage::Outage;
use super::session_target::SessionTarget;
use crate::app::App;
use crate::config::{Site, Target, Tool, Upstream};
use crate::proxy::headers;
use crate::template::Page;

/// A tool's target, prepared.
enum ServedTarget {
    Template(Page),
    Upstream(Box<Upstream>),
    Site(Site),
}

/// A tool, prepared.
pub(crate) struct ServedTool {
    pub(crate) tool: Tool,
    target: ServedTarget,
    /// Its conditions for a launch.
    pub(super) policy: LaunchPolicy,
    /// Its `params` as a claim of the assertion. `None` if it has none.
    pub(super) params: Option<serde_json::Value>,
    /// Its `headers`, parsed.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether its app refuses connections, and since when. It outlives a configuration.
    pub(super) outage: Arc<Outage>,
    /// Its app, if the gateway starts it. It outlives a configuration that has the same command.
    pub(super) app: Option<Arc<App>>,
}

impl ServedTool {
    /// Prepares a tool. `former` is the tool of this name before the configuration changed: if it
    /// has the same app, that app's outage goes on.
    pub(super) fn new(tool: Tool, policy: LaunchPolicy, former: Option<&Self>) -> Self {
        let mut headers = Vec::new();
        let target = match &tool.target {
            Target::Template(name) => ServedTarget::Template(Page::new(name, &tool)),
            Target::Upstream(upstream) => {
                headers = headers::configured_headers(upstream);
                ServedTarget::Upstream(upstream.clone())
            }
            Target::Site(site) => ServedTarget::Site(site.clone()),
        };
        let params =
            (!tool.params.is_empty()).then(|| serde_json::to_value(&tool.params).ok()).flatten();
        let origin = |tool: &Tool| match &tool.target {
            Target::Upstream(upstream) => Some(upstream.url.origin.to_string()),
            Target::Template(_) | Target::Site(_) => None,
        };
        let command = match &tool.target {
            Target::Upstream(upstream) => upstream.command.as_ref(),
            Target::Template(_) | Target::Site(_) => None,
        };
        let app = command.map(|command| {
            let known = former.and_then(|former| former.app.as_ref());
            let known = known.filter(|app| app.runs(command)).map(Arc::clone);
            known.unwrap_or_else(|| App::new(&tool.name, command.clone()))
        });
        let former = former.filter(|former| origin(&former.tool) == origin(&tool));
        let outage = former.map(|former| Arc::clone(&former.outage)).unwrap_or_default();
        Self { tool, target, policy, params, headers, outage, app }
    }

    /// The target, if launches open sessions.
    ///
    /// # Errors
    /// The page of a template: it has no sessions.
    pub(super) fn session_target(&self) -> Result<SessionTarget<'_>, &Page> {
        match &self.target {
            ServedTarget::Template(page) => Err(page),
            ServedTarget::Upstream(upstream) => Ok(SessionTarget::Upstream(upstream)),
            ServedTarget::Site(site) => Ok(SessionTarget::Site(site)),
        }
    }

    /// The start of its paths: empty on its own host, otherwise the launch path.
    pub(super) fn base(&self) -> &str {
        if self.tool.host.is_some() { "" } else { self.tool.path.as_str() }
    }
}
