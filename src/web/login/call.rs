use std::time::Instant;

use lti::v1p3::{Client, LoginRequest, TrustedPlatform};
use rocket::Request;

use crate::web::gateway::Gateway;
use crate::web::served::ServedTool;

/// A request to the login.
pub(super) struct LoginCall<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) request: &'a Request<'a>,
    /// The host and port of the request.
    pub(super) authority: String,
    pub(super) started: Instant,
}

/// A login from a configured platform to one of its tools.
pub(super) struct KnownLogin<'a> {
    pub(super) login: &'a LoginRequest,
    pub(super) served: &'a ServedTool,
    pub(super) platform: &'a TrustedPlatform,
    pub(super) client: &'a Client,
}
