//! `GET /is_up` and `GET /ready`: liveness and readiness.

use rocket::futures::FutureExt as _;
use rocket::http::Status;
use rocket::{Shutdown, get};

use super::gateway::Gateway;

/// Liveness: the process runs. Monitors compare the body, so these bytes never change.
#[get("/is_up")]
pub(super) fn is_up() -> &'static str {
    "I'm up"
}

/// Readiness: 503 during a shutdown, and while the state is unreachable. Writes nothing: anybody
/// can send any number of these requests.
#[get("/ready")]
pub(super) async fn ready(shutdown: Shutdown, gateway: &Gateway) -> (Status, &'static str) {
    if shutdown.now_or_never().is_some() {
        return (Status::ServiceUnavailable, "draining");
    }
    if !gateway.replay.is_reachable().await || !gateway.grades.is_reachable().await {
        return (Status::ServiceUnavailable, "state unreachable");
    }
    (Status::Ok, "ready")
}
