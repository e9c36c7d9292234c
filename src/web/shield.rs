//! What browsers are told about the gateway's own answers, whichever they are. An upstream's answers speak for themselves.

use std::sync::atomic::{AtomicBool, Ordering};

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Header;
use rocket::{Request, Response};

/// The headers, for every answer that has none of its own.
const HEADERS: [(&str, &str); 2] =
    [("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin")];

/// Sets the headers.
pub(super) struct SecurityHeaders;

/// Whether a request's answer is an upstream's.
#[derive(Default)]
struct IsProxied(AtomicBool);

/// Says that the answer to a request is an upstream's.
pub(super) fn mark_as_proxied(request: &Request<'_>) {
    request.local_cache(IsProxied::default).0.store(true, Ordering::Relaxed);
}

#[rocket::async_trait]
impl Fairing for SecurityHeaders {
    fn info(&self) -> Info {
        Info { name: "headers of the gateway's own answers", kind: Kind::Response }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        if request.local_cache(IsProxied::default).0.load(Ordering::Relaxed) {
            return;
        }
        for (name, value) in HEADERS {
            if !response.headers().contains(name) {
                response.set_header(Header::new(name, value));
            }
        }
    }
}
