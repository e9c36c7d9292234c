//! The page that posts links to the platform, signed in the form of the request's LTI version.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lti::jose::sign;
use lti::oauth1::Credentials;
use lti::resource_id;
use lti::v1p1::content_item_selection;
use lti::v1p3::DeepLinkingResponse;
use lti::{ClientId, DeploymentId, LinkItem, NewLineItem, PlatformName, SelectionFormat, Sender};
use ring::rand::SystemRandom;
use rocket::Response;
use rocket::http::Status;
use serde::Serialize;

use super::call::LinksCall;
use super::return_url::{form_action, is_allowed};
use crate::session::{LinkRequest, PickedLink};
use crate::url::UrlParts;
use crate::web::launch_url::launch_url;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;
use crate::web::served::ServedTool;

#[derive(Serialize)]
struct ResponseContext<'a> {
    title: &'a str,
    url: &'a str,
    fields: Vec<FormField>,
}

#[derive(Serialize)]
struct FormField {
    name: String,
    value: String,
}

/// The page that posts these links to the platform. Without links, the user canceled.
pub(super) async fn respond(
    call: &LinksCall<'_>,
    served: &ServedTool,
    request: &LinkRequest,
    links: &[PickedLink],
) -> Result<Response<'static>, Refusal> {
    let LinksCall { gateway, started, .. } = call;
    let tool = &served.tool;
    if !is_allowed(gateway, &request.return_url) {
        return Err(Refusal::BadSelection);
    }
    let items: Option<Vec<LinkItem>> =
        links.iter().map(|link| item(call, served, request, link)).collect();
    let items = items.ok_or(Refusal::BadSelection)?;
    let fields = match (&request.sender, request.terms.format) {
        (Sender::Platform { name, client_id, deployment_id }, SelectionFormat::DeepLinking) => {
            token(call, request, (name, client_id, deployment_id), &items).await?
        }
        (sender @ Sender::Consumer(key), SelectionFormat::ContentItem(method)) => {
            let keys = tool.senders.signing_keys(sender).unwrap_or_default();
            let signing_key = keys.first().ok_or(Refusal::BadSelection)?;
            let nonce = random()?;
            let credentials = Credentials {
                key: key.as_str(),
                signing_key,
                method,
                timestamp: gateway.clock.now(),
                nonce: &nonce,
            };
            let data = request.data.as_deref();
            content_item_selection(&request.return_url, &items, data, &credentials)
                .map_err(|_| Refusal::BadSelection)?
        }
        _ => return Err(Refusal::BadSelection),
    };
    let fields = fields.into_iter().map(|(name, value)| FormField { name, value }).collect();
    let context = ResponseContext { title: &tool.title, url: &request.return_url, fields };
    let page = page::render("links.html.tera", &context).ok_or(Refusal::PageFailed)?;
    let form_action = form_action(gateway, &request.return_url);
    let outcome = if links.is_empty() { "canceled" } else { "returned" };
    let (tool_name, consumer) = (tool.name.as_str(), request.sender.log_name());
    let (count, micros) = (links.len(), started.elapsed().as_micros());
    tracing::info!(
        target: "links", tool = tool_name, consumer, outcome, links = count, micros
    );
    let html = Html::answering(page, &form_action, &tool.frame_ancestors);
    let mut response = html.into_response(Status::Ok);
    // The URL may contain sealed links. The platform's page needs the origin at most.
    response.set_raw_header("Referrer-Policy", "strict-origin");
    Ok(response)
}

/// The field of an LTI 1.3 response: a token, signed with the gateway's first key for the platform.
async fn token(
    call: &LinksCall<'_>,
    request: &LinkRequest,
    (name, client_id, deployment_id): (&PlatformName, &ClientId, &DeploymentId),
    items: &[LinkItem],
) -> Result<Vec<(String, String)>, Refusal> {
    let gateway = call.gateway;
    let mut platforms = gateway.trusted_platforms.iter();
    let platform = platforms.find(|platform| platform.name == *name);
    let platform = platform.ok_or(Refusal::BadSelection)?;
    let ring = gateway.own_keys.ring(name).ok_or(Refusal::PageFailed)?;
    let keys = ring.keys().await.map_err(|_| Refusal::PageFailed)?;
    let key = keys.first().ok_or(Refusal::PageFailed)?;
    let claims = DeepLinkingResponse {
        client_id,
        issuer: &platform.issuer,
        deployment_id,
        data: request.data.as_deref(),
        items,
        nonce: &random()?,
        now: gateway.clock.now(),
    }
    .claims();
    let token = sign(&claims, key, &SystemRandom::new()).map_err(|_| Refusal::PageFailed)?;
    Ok(vec![("JWT".to_owned(), token)])
}

/// A link for the platform. `None` if it would leave the tool.
fn item(
    call: &LinksCall<'_>,
    served: &ServedTool,
    request: &LinkRequest,
    link: &PickedLink,
) -> Option<LinkItem> {
    let (public_url, tool) = (&call.gateway.public_url, &served.tool);
    let launch = public_url.launch_url(tool, Some(&call.authority));
    let path = link.path.as_deref().unwrap_or_default();
    let url = match path {
        "" => launch.clone(),
        path => format!("{}{path}", launch.trim_end_matches('/')),
    };
    launch_url(public_url, tool, &call.authority).destination(&url)?;
    let icon = match tool.icon.as_str() {
        "" => None,
        icon if icon.starts_with('/') => {
            let origin = UrlParts::of_web(&launch)?.origin()?;
            Some(format!("{origin}{icon}"))
        }
        icon => Some(icon.to_owned()),
    };
    let points = link.points.filter(|_| request.terms.accepts_line_item);
    Some(LinkItem {
        url,
        title: link.title.clone(),
        text: link.text.clone(),
        icon,
        custom: link.custom.clone(),
        line_item: points.map(|points| NewLineItem {
            label: link.title.clone(),
            points,
            resource_id: resource_id(&tool.name, path, &link.custom),
        }),
    })
}

fn random() -> Result<String, Refusal> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Refusal::PageFailed)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
