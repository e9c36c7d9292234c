//! `GET /dev/refusals`: the newest refused launches and their reasons.

use rocket::{State, get};
use serde::Serialize;

use crate::clock::rfc3339;
use crate::web::development::RejectedLaunch;
use crate::web::gateway::Gateway;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

#[derive(Serialize)]
struct RefusalsContext {
    refusals: Vec<RefusedContext>,
}

#[derive(Serialize)]
struct RefusedContext {
    time: String,
    #[serde(flatten)]
    refused: RejectedLaunch,
}

/// Lists them.
#[get("/dev/refusals")]
pub(super) fn refusals(gateway: &State<Gateway>) -> Result<Html, Refusal> {
    let development = gateway.development.as_ref();
    let newest = development.map(|development| development.rejected.newest()).unwrap_or_default();
    let refusals =
        newest.into_iter().map(|refused| RefusedContext { time: rfc3339(refused.at), refused });
    let context = RefusalsContext { refusals: refusals.collect() };
    page::render("dev_refusals.html.tera", &context).map(Html::unframed).ok_or(Refusal::PageFailed)
}
