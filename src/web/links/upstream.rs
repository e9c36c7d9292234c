//! `POST /links`: an upstream's own picker sends the links that its user picked. The response is a
//! URL for the browser, which works once.

use std::time::Instant;

use rocket::Data;
use rocket::http::Status;
use serde_json::json;

use super::item;
use super::refusal::{LONGEST_URL, LinkRefusal};
use crate::config::Upstream;
use crate::session::LinkToken;
use crate::web::body::Arrival;
use crate::web::gateway::Gateway;
use crate::web::grade::{Bearer, JsonResponse};
use crate::web::links_path::{LINKS_PATH, PICKED_PARAMETER};
use crate::web::log_budget::NO_TOOL;
use crate::web::refusal::reference;
use crate::web::served::ServedTool;

/// The path of the call.
pub(in crate::web) const PATH: &str = "/links";

/// Responds to an upstream.
pub(super) async fn pick(
    gateway: &Gateway,
    bearer: &Bearer<'_>,
    arrival: Arrival,
    data: Data<'_>,
) -> JsonResponse {
    let started = Instant::now();
    let (token, upstream) = match token(gateway, bearer) {
        Ok(opened) => opened,
        Err(refusal) => return refuse(gateway, None, &refusal, started),
    };
    match location(gateway, &token, upstream, arrival, data).await {
        Ok((location, links)) => {
            let (tool, consumer) = (&token.request.tool, token.request.sender.log_name());
            let micros = started.elapsed().as_micros();
            tracing::info!(target: "links", tool, consumer, outcome = "picked", links, micros);
            JsonResponse::new(Status::Ok, json!({ "location": location }).to_string())
        }
        Err(refusal) => refuse(gateway, Some(&token), &refusal, started),
    }
}

/// The token of a request, and the app that may use it.
fn token<'g>(
    gateway: &'g Gateway,
    bearer: &Bearer<'_>,
) -> Result<(LinkToken, &'g Upstream), LinkRefusal> {
    let sealed = bearer.sealed().ok_or(LinkRefusal::NoToken)?;
    let token = gateway.link_requests.open_token(sealed, gateway.clock.now());
    let token = token.ok_or(LinkRefusal::BadToken)?;
    let served = gateway.routes.tool(&token.request.tool);
    let admits = |served: &&ServedTool| {
        let tool = &served.tool;
        tool.senders.contains(&token.request.sender)
            && tool.roles.is_none_or(|roles| roles.intersects(token.mark.roles))
            && !gateway.session_cache.latest_launches.supersedes_launch(&token.mark)
    };
    let upstream = served.filter(admits).and_then(|served| served.tool.upstream());
    let upstream = upstream.filter(|upstream| upstream.picker.is_some());
    upstream.map(|upstream| (token, upstream)).ok_or(LinkRefusal::BadToken)
}

/// The URL for the browser, and the number of links.
async fn location(
    gateway: &Gateway,
    token: &LinkToken,
    upstream: &Upstream,
    arrival: Arrival,
    data: Data<'_>,
) -> Result<(String, usize), LinkRefusal> {
    let links = item::links(arrival, data, upstream.grades.is_on()).await?;
    let request = &token.request;
    if links.len() > 1 && !request.terms.accepts_several {
        return Err(LinkRefusal::BadLinks(
            "items[1]: the platform accepts only one link".to_owned(),
        ));
    }
    let sealed = gateway.link_requests.seal_picked(request, &links, gateway.clock.now());
    let sealed = sealed.ok_or(LinkRefusal::Failed)?;
    let location = format!("{}{LINKS_PATH}?{PICKED_PARAMETER}={sealed}", token.origin);
    match location.len() {
        0..=LONGEST_URL => Ok((location, links.len())),
        _ => Err(LinkRefusal::TooManyLinks),
    }
}

/// Logs a refused call and responds. Anyone on the internet can send one without a token, so these
/// lines have a budget.
pub(super) fn refuse(
    gateway: &Gateway,
    token: Option<&LinkToken>,
    refusal: &LinkRefusal,
    started: Instant,
) -> JsonResponse {
    let code = refusal.code();
    let request = token.map(|token| &token.request);
    if request.is_none() && !gateway.log_budget().admits(NO_TOOL, code) {
        return refusal.respond(None);
    }
    let (reference, micros) = (reference(), started.elapsed().as_micros());
    let tool = request.map_or(NO_TOOL, |request| request.tool.as_str());
    let consumer = request.map_or("-", |request| request.sender.log_name());
    // The line has no reason: it can quote the body.
    tracing::info!(
        target: "links", tool, consumer, outcome = "refused", code, reference, micros
    );
    refusal.respond(Some(&reference))
}
