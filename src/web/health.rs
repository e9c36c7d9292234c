//! Whether the gateway runs, and whether it wants work.

use rocket::futures::FutureExt as _;
use rocket::http::Status;
use rocket::{Shutdown, get};

/// The process is alive. Exactly these bytes, for monitors that compare them.
#[get("/is_up")]
pub(super) fn is_up() -> &'static str {
    "I'm up"
}

/// It takes launches: not once it has been told to stop.
#[get("/ready")]
pub(super) fn ready(shutdown: Shutdown) -> (Status, &'static str) {
    match shutdown.now_or_never() {
        None => (Status::Ok, "ready"),
        Some(()) => (Status::ServiceUnavailable, "draining"),
    }
}
