//! A launch in progress: the tool and the request.

use std::time::Instant;

use rocket::Request;

use crate::web::gateway::Gateway;
use crate::web::served::ServedTool;

/// A request to a launch path.
pub(super) struct LaunchCall<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) served: &'a ServedTool,
    /// The rest of the path after the launch path.
    pub(super) sub_path: &'a str,
    pub(super) request: &'a Request<'a>,
    pub(super) started: Instant,
}
