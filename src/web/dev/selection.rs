//! The requests for links that the practice platform sends to tools.

use crate::config::Tool;
use crate::practice::PendingSelection;
use crate::practice::v1p3::random_id;
use crate::web::gateway::Gateway;
use crate::web::guard::Authority;

/// A request for links: the URL to which the browser posts the answer, and the `data` that the
/// answer has to contain.
pub(super) struct SelectionRequest {
    pub(super) return_url: String,
    pub(super) data: String,
}

impl SelectionRequest {
    /// Stores a request until its answer. `None` only without randomness.
    pub(super) fn new(
        gateway: &Gateway,
        tool: &Tool,
        launch_url: &str,
        authority: &Authority,
    ) -> Option<Self> {
        let development = gateway.development.as_ref()?;
        let origin = match &development.dev_host {
            Some(dev_host) => dev_host.to_string(),
            None => format!("http://{}", authority.as_str()),
        };
        let return_url = format!("{origin}/dev/platform/links");
        let selection = PendingSelection {
            tool: tool.name.clone(),
            launch_url: launch_url.to_owned(),
            return_url: return_url.clone(),
        };
        let (id, now) = (random_id()?, gateway.clock.now());
        let data = development.practice().selections.add(&id, selection, now);
        Some(Self { return_url, data })
    }
}
