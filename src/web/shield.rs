//! Security headers of the gateway's own responses. An upstream sets its own.

use std::sync::atomic::{AtomicBool, Ordering};

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Header;
use rocket::{Request, Response};

/// The headers and their values. A response that sets a header itself keeps its own value.
const HEADERS: [(&str, &str); 2] =
    [("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin")];

/// Sets the security headers.
pub(super) struct SecurityHeaders;

/// Whether the response to a request comes from an upstream.
#[derive(Default)]
struct IsProxied(AtomicBool);

/// Marks the response to a request as an upstream's.
pub(super) fn mark_as_proxied(request: &Request<'_>) {
    request.local_cache(IsProxied::default).0.store(true, Ordering::Relaxed);
}

#[rocket::async_trait]
impl Fairing for SecurityHeaders {
    fn info(&self) -> Info {
        Info { name: "security headers of own responses", kind: Kind::Response }
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
