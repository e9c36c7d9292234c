//! `GET /is_up` and `GET /ready`: liveness and readiness.

use std::borrow::Cow;

use rocket::futures::FutureExt as _;
use rocket::http::Status;
use rocket::{Shutdown, get};

use super::gateway::Gateway;

/// The first line of a gateway that is ready.
const READY: &str = "ready";

/// Liveness: the process runs. Monitors compare the body, so these bytes never change.
#[get("/is_up")]
pub(super) fn is_up() -> &'static str {
    "I'm up"
}

/// Readiness: 503 during a shutdown, and while the state is unreachable. Writes nothing: anybody
/// can send any number of these requests.
///
/// After the first line, it has one for each app that the gateway starts. An app that is down takes
/// only its own tool out of service: the other tools need the gateway.
#[get("/ready")]
pub(super) async fn ready(shutdown: Shutdown, gateway: &Gateway) -> (Status, Cow<'static, str>) {
    if shutdown.now_or_never().is_some() {
        return (Status::ServiceUnavailable, "draining".into());
    }
    if !gateway.replay.is_reachable().await || !gateway.grades.is_reachable().await {
        return (Status::ServiceUnavailable, "state unreachable".into());
    }
    let apps = gateway.own_apps();
    if apps.is_empty() {
        return (Status::Ok, READY.into());
    }
    let lines = apps.iter().map(|app| format!("\napp {}: {}", app.tool(), app.status()));
    (Status::Ok, std::iter::once(READY.to_owned()).chain(lines).collect())
}
