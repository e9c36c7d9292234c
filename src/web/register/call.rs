use rocket::Request;

use crate::config::{Platform, Tool};
use crate::session::RegistrationLink;
use crate::web::gateway::Gateway;

/// A request with a valid link.
pub(super) struct RegisterCall<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) request: &'a Request<'a>,
    /// The host and port of the request.
    pub(super) authority: String,
    /// The link as a string.
    pub(super) sealed: &'a str,
    pub(super) link: RegistrationLink,
    pub(super) tool: &'a Tool,
    pub(super) platform: &'a Platform,
}
