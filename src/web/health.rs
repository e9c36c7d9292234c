//! Whether the gateway runs, and whether it wants work.

use rocket::futures::FutureExt as _;
use rocket::http::Status;
use rocket::{Shutdown, State, get};

use super::gateway::Gateway;

/// The process is alive. Exactly these bytes, for monitors that compare them.
#[get("/is_up")]
pub(super) fn is_up() -> &'static str {
    "I'm up"
}

/// It takes launches and grades: not once it has been told to stop, and not while it can remember nothing.
#[get("/ready")]
pub(super) async fn ready(shutdown: Shutdown, gateway: &State<Gateway>) -> (Status, &'static str) {
    if shutdown.now_or_never().is_some() {
        return (Status::ServiceUnavailable, "draining");
    }
    if !gateway.replay.is_reachable().await || !gateway.grades.is_reachable().await {
        return (Status::ServiceUnavailable, "state unreachable");
    }
    (Status::Ok, "ready")
}
