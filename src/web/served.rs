//! A tool with everything ready that its requests need.

use hyper::header::{HeaderName, HeaderValue};

use crate::config::{Target, Tool, Upstream};
use crate::proxy::headers;
use crate::template::Page;

/// What a tool launches into, ready.
pub(super) enum ServedTarget {
    Template(Page),
    Upstream(Upstream),
}

/// One tool, ready.
pub(super) struct ServedTool {
    pub(super) tool: Tool,
    pub(super) target: ServedTarget,
    /// Its `params`, if there are any, as an assertion tells them.
    pub(super) params: Option<serde_json::Value>,
    /// Its `headers`, ready to be sent.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl ServedTool {
    pub(super) fn new(tool: Tool) -> Self {
        let mut headers = Vec::new();
        let target = match &tool.target {
            Target::Template(name) => ServedTarget::Template(Page::new(name, &tool)),
            Target::Upstream(upstream) => {
                headers = headers::configured_headers(upstream);
                ServedTarget::Upstream(upstream.clone())
            }
        };
        let params =
            (!tool.params.is_empty()).then(|| serde_json::to_value(&tool.params).ok()).flatten();
        Self { tool, target, params, headers }
    }

    /// Where its addresses begin: at the root of its own host, or at its launch path.
    pub(super) fn base(&self) -> &str {
        if self.tool.host.is_some() { "" } else { self.tool.path.as_str() }
    }
}
