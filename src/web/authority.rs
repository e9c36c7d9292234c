use std::convert::Infallible;

use rocket::Request;
use rocket::request::{FromRequest, Outcome};

use super::guard;
use crate::url::host_and_port;

/// The host and port that somebody asked, to show launch URLs with.
pub(super) struct Authority(String);

impl Authority {
    /// As it stands in a URL.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The same port of this machine, by a name that browsers take for another site.
    pub(super) fn other(&self) -> String {
        let port = host_and_port(&self.0).1;
        let host = if self.0.starts_with("localhost") { "127.0.0.1" } else { "localhost" };
        port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Authority {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Success(Self(guard::authority(request)))
    }
}
