//! `GET /.well-known/jwks.json` and `GET /.well-known/jwks/<platform>.json`: the gateway's public
//! keys, for apps and for platforms.

use rocket::http::{ContentType, Header, Status};
use rocket::{Response, get};

use super::gateway::Gateway;

/// Public keys (RFC 7517).
pub(super) struct Jwks(String);

#[get("/.well-known/jwks.json")]
pub(super) fn jwks(gateway: &Gateway) -> Jwks {
    Jwks(gateway.assertions.jwks())
}

/// The keys that verify the gateway's messages to one platform. Each platform has its own, so that
/// no platform can use a message to another one.
#[get("/.well-known/jwks/<file>")]
pub(super) async fn keyset(file: &str, gateway: &Gateway) -> Result<Jwks, Status> {
    let platform = file.strip_suffix(".json").ok_or(Status::NotFound)?;
    let ring = gateway.own_keys.ring(&platform.into()).ok_or(Status::NotFound)?;
    let keyset = ring.keyset().await.map_err(|_| Status::InternalServerError)?;
    Ok(Jwks(keyset))
}

impl<'r> rocket::response::Responder<'r, 'static> for Jwks {
    fn respond_to(self, _: &'r rocket::Request<'_>) -> rocket::response::Result<'static> {
        Ok(Response::build()
            .status(Status::Ok)
            .header(ContentType::JSON)
            // Short enough for a key rotation: Canvas caches as long. Long enough that apps do not
            // fetch it per request.
            .header(Header::new("Cache-Control", "public, max-age=300"))
            .sized_body(self.0.len(), std::io::Cursor::new(self.0))
            .finalize())
    }
}
