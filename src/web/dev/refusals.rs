//! `GET /dev/refusals`: the newest rejected launches, with reasons.

use rocket::get;
use serde::Serialize;

use crate::clock::rfc3339;
use crate::web::development::RejectedLaunch;
use crate::web::gateway::Gateway;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

#[derive(Serialize)]
struct RejectedLaunchesContext {
    launches: Vec<RejectedLaunchContext>,
}

#[derive(Serialize)]
struct RejectedLaunchContext {
    time: String,
    #[serde(flatten)]
    launch: RejectedLaunch,
}

/// The list of rejected launches.
#[get("/dev/refusals")]
pub(super) fn refusals(gateway: &Gateway) -> Result<Html, Refusal> {
    let development = gateway.development.as_ref();
    let newest = development.map(|development| development.rejected.newest()).unwrap_or_default();
    let launches =
        newest.into_iter().map(|launch| RejectedLaunchContext { time: rfc3339(launch.at), launch });
    let context = RejectedLaunchesContext { launches: launches.collect() };
    page::render("dev_refusals.html.tera", &context).map(Html::unframed).ok_or(Refusal::PageFailed)
}
