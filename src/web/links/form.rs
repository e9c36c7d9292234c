//! `/~links`: the form of the gateway's picker, and the URL of an upstream's picker.

use lti::oauth1::{Params, Source};
use lti::{Account, Nonce, Rejection, Spent};
use rocket::http::Method;
use rocket::{Data, Request, Response};
use sha2::{Digest as _, Sha256};

use super::call::LinksCall;
use super::picker::{CANCEL_FIELD, LINK_FIELD, REQUEST_FIELD, key, picked, picker, whole_tool};
use super::response::respond;
use crate::config::ToolLink;
use crate::session::{LinkRequest, PickedLink};
use crate::web::form;
use crate::web::gateway::Gateway;
use crate::web::links_path::{LINKS_PATH, PICKED_PARAMETER};
use crate::web::refusal::Refusal;
use crate::web::served::ServedTool;

/// Responds to a browser.
pub(super) async fn answer(
    gateway: &Gateway,
    request: &Request<'_>,
    data: Data<'_>,
) -> Response<'static> {
    let call = LinksCall::new(gateway, request);
    let result = match request.method() {
        Method::Post => picked_here(&call, data).await,
        Method::Get => picked_upstream(&call).await,
        // A HEAD, such as from a link preview, does not spend the links.
        _ => Err(Refusal::BadSelection),
    };
    result.unwrap_or_else(|refusal| {
        let method = request.method().as_str();
        refusal.respond_and_log(gateway.log_budget(), gateway.institution(), method, LINKS_PATH)
    })
}

/// The selection from the gateway's picker.
async fn picked_here(call: &LinksCall<'_>, data: Data<'_>) -> Result<Response<'static>, Refusal> {
    let gateway = call.gateway;
    let body = form::read(call.request, data).await?;
    let params = Params::default().read_form(Source::Body, &body);
    let params = params.map_err(|_| Refusal::BadSelection)?;
    let values = |name: &'static str| {
        params.iter().filter(move |param| param.name == name).map(|param| param.value)
    };
    let sealed = values(REQUEST_FIELD).next().ok_or(Refusal::BadSelection)?;
    let request = gateway.link_requests.open_form(sealed, gateway.clock.now());
    let request = request.ok_or(Refusal::BadSelection)?;
    let served = served(gateway, &request)?;
    if values(CANCEL_FIELD).next().is_some() {
        return respond(call, served, &request, &[]).await;
    }
    let keys: Vec<&str> = values(LINK_FIELD).collect();
    match choose(&served.tool.links, &keys, request.terms.accepts_several) {
        Ok(links) if served.tool.links.is_empty() => {
            debug_assert!(links.is_empty());
            respond(call, served, &request, &[whole_tool(&served.tool)]).await
        }
        Ok(links) => respond(call, served, &request, &links).await,
        Err(problem) => picker(gateway, served, &request, problem),
    }
}

/// The chosen links, in the order of the file.
///
/// # Errors
/// What the user should do.
fn choose(
    links: &[ToolLink],
    keys: &[&str],
    accepts_several: bool,
) -> Result<Vec<PickedLink>, &'static str> {
    if links.is_empty() {
        return Ok(Vec::new());
    }
    let known: Vec<String> = links.iter().map(key).collect();
    if keys.iter().any(|key| known.iter().all(|known| known != key)) {
        return Err("The list has changed. Choose again.");
    }
    match keys {
        [] if accepts_several => Err("Choose at least one, or cancel."),
        [] => Err("Choose one, or cancel."),
        [_, _, ..] if !accepts_several => Err("Choose one, or cancel."),
        _ => {
            let chosen = links.iter().zip(&known).filter(|(_, key)| keys.contains(&key.as_str()));
            Ok(chosen.map(|(link, _)| picked(link)).collect())
        }
    }
}

/// The selection from an upstream's picker. Its URL works once.
async fn picked_upstream(call: &LinksCall<'_>) -> Result<Response<'static>, Refusal> {
    let gateway = call.gateway;
    let query = call.request.uri().query().map(|query| query.as_str()).unwrap_or_default();
    let sealed = query.strip_prefix(PICKED_PARAMETER).and_then(|rest| rest.strip_prefix('='));
    let sealed = sealed.ok_or(Refusal::BadSelection)?;
    let now = gateway.clock.now();
    let picked = gateway.link_requests.open_picked(sealed, now).ok_or(Refusal::BadSelection)?;
    let served = served(gateway, &picked.request)?;
    let tool = &served.tool.name;
    let mut issuer = [0; 16];
    issuer.copy_from_slice(&Sha256::digest(format!("links {tool}"))[..16]);
    let account = Account::new(tool, &picked.request.sender);
    let nonce = Nonce::new(account, issuer, picked.expires, sealed, picked.expires);
    match gateway.replay.spend(&nonce, now).await {
        Spent::Now => respond(call, served, &picked.request, &picked.links).await,
        Spent::Before | Spent::Expired => Err(Refusal::BadSelection),
        Spent::Full(share) => Err(Refusal::Rejected(Rejection::ReplayStoreFull(share))),
        Spent::ClockSetBack => Err(Refusal::Rejected(Rejection::ClockSetBack)),
        Spent::Unavailable => Err(Refusal::Rejected(Rejection::ReplayStoreUnavailable)),
    }
}

/// The tool of a request, if its sender may still launch it.
fn served<'g>(gateway: &'g Gateway, request: &LinkRequest) -> Result<&'g ServedTool, Refusal> {
    let served = gateway.routes.tool(&request.tool);
    let served = served.filter(|served| served.tool.senders.contains(&request.sender));
    served.ok_or(Refusal::BadSelection)
}
