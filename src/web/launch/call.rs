//! One launch under way: the tool, and the request that launches it.

use std::time::Instant;

use rocket::Request;

use crate::web::gateway::Gateway;
use crate::web::served::ServedTool;

/// A request to a launch path.
pub(super) struct LaunchCall<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) served: &'a ServedTool,
    /// The path behind the launch path.
    pub(super) sub_path: &'a str,
    pub(super) request: &'a Request<'a>,
    pub(super) started: Instant,
}
