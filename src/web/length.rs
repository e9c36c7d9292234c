//! The `Content-Length` of the gateway's own responses.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::{Request, Response};

/// Sets `Content-Length` for every body whose size is known.
///
/// Rocket's server does this when it sends a response. It is not part of dispatching a request in
/// memory, where the size of a file or of the body of a `HEAD` is lost afterwards.
pub(super) struct ContentLength;

#[rocket::async_trait]
impl Fairing for ContentLength {
    fn info(&self) -> Info {
        Info { name: "content length", kind: Kind::Response }
    }

    async fn on_response<'r>(&self, _: &'r Request<'_>, response: &mut Response<'r>) {
        if let Some(size) = response.body_mut().size().await {
            response.set_raw_header("Content-Length", size.to_string());
        }
    }
}
