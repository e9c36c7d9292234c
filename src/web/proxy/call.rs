//! A request in a session, as the listener passes it on.

use std::net::IpAddr;

use hyper::http::request::Parts;
use rocket::Shutdown;

use super::route::Mount;
use crate::web::gateway::Gateway;
use crate::web::request_body::Hold;

/// A request to a URL of a session.
pub(crate) struct SessionCall<'r> {
    pub(crate) gateway: &'r Gateway,
    pub(crate) mount: Mount<'r, 'r>,
    /// The path after the session's prefix.
    pub(crate) rest: &'r str,
    pub(crate) head: &'r Parts,
    /// The IP address of the connection's other end.
    pub(crate) peer: IpAddr,
    pub(crate) shutdown: Shutdown,
    /// What a WebSocket keeps as long as it is open.
    pub(crate) hold: Hold,
}
