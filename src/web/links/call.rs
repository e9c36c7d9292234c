use std::time::Instant;

use rocket::Request;

use crate::web::gateway::Gateway;
use crate::web::guard;

/// A request of a browser to `/~links`.
pub(super) struct LinksCall<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) request: &'a Request<'a>,
    /// The host and port of the request.
    pub(super) authority: String,
    pub(super) started: Instant,
}

impl<'a> LinksCall<'a> {
    pub(super) fn new(gateway: &'a Gateway, request: &'a Request<'_>) -> Self {
        let authority = guard::authority(request);
        Self { gateway, request, authority, started: Instant::now() }
    }
}
