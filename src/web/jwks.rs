//! `GET /.well-known/jwks.json`: the public keys that verify assertions.

use rocket::http::{ContentType, Header, Status};
use rocket::{Response, get};

use super::gateway::Gateway;

/// The public keys that verify assertions (RFC 7517).
pub(super) struct Jwks(String);

#[get("/.well-known/jwks.json")]
pub(super) fn jwks(gateway: &Gateway) -> Jwks {
    Jwks(gateway.assertions.jwks())
}

impl<'r> rocket::response::Responder<'r, 'static> for Jwks {
    fn respond_to(self, _: &'r rocket::Request<'_>) -> rocket::response::Result<'static> {
        Ok(Response::build()
            .status(Status::Ok)
            .header(ContentType::JSON)
            // Short enough for a key rotation. Long enough that apps do not fetch it per request.
            .header(Header::new("Cache-Control", "public, max-age=300"))
            .sized_body(self.0.len(), std::io::Cursor::new(self.0))
            .finalize())
    }
}
