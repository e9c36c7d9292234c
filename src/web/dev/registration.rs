//! `/dev/registration`: tools register themselves at the practice platform.

use lti::oauth1::encode::encode;
use rocket::{FromForm, Response, get};
use serde::Serialize;

use super::gate::{DevRefusal, SendingPage};
use crate::clock::rfc3339;
use crate::practice::v1p3::{RegisteredTool, configuration_url};
use crate::url::UrlParts;
use crate::web::gateway::Gateway;
use crate::web::page::{self, Html, see_other};
use crate::web::refusal::Refusal;

#[derive(Serialize)]
struct RegistrationContext {
    clients: Vec<RegisteredToolContext>,
}

#[derive(Serialize)]
struct RegisteredToolContext {
    client_id: String,
    name: String,
    time: String,
    /// The registration, as JSON.
    registration: String,
}

impl From<&RegisteredTool> for RegisteredToolContext {
    fn from(client: &RegisteredTool) -> Self {
        let name = client.registration["client_name"].as_str();
        Self {
            client_id: client.client_id.clone(),
            name: name.unwrap_or_default().to_owned(),
            time: rfc3339(client.at),
            registration: serde_json::to_string_pretty(&client.registration).unwrap_or_default(),
        }
    }
}

/// The registered tools, and a form for another one.
#[get("/dev/registration")]
pub(super) fn registration(gateway: &Gateway) -> Result<Html, Refusal> {
    let development = gateway.development.as_ref().ok_or(Refusal::NoTool)?;
    let practice = development.practice();
    let clients = practice.registrations.clients().map(RegisteredToolContext::from).collect();
    // The tool's page opens by a redirect, and may be of any site.
    let page = page::render("dev_registration.html.tera", &RegistrationContext { clients });
    page.map(Html::launching).ok_or(Refusal::PageFailed)
}

/// The registration URL of a tool.
#[derive(FromForm)]
pub(super) struct RegistrationChoice<'r> {
    url: &'r str,
}

/// A browser on its way to a tool's registration page.
pub(super) struct ToRegistration(Response<'static>);

impl<'r> rocket::response::Responder<'r, 'static> for ToRegistration {
    fn respond_to(self, _: &'r rocket::Request<'_>) -> rocket::response::Result<'static> {
        Ok(self.0)
    }
}

/// Opens a tool's registration URL with the platform's configuration and a token, as the page of an
/// admin does.
#[get("/dev/registration/start?<chosen..>")]
pub(super) fn start(
    gateway: &Gateway,
    page: SendingPage,
    chosen: RegistrationChoice<'_>,
) -> Result<ToRegistration, DevRefusal> {
    page.check()?;
    let url = chosen.url.trim();
    let origin = UrlParts::parse(url).and_then(|parts| parts.origin());
    origin.filter(|_| !url.contains('#')).ok_or(Refusal::NoTool)?;
    let development = gateway.development.as_ref().ok_or(Refusal::NoTool)?;
    let token = development.practice().registrations.token(gateway.clock.now());
    let token = token.ok_or(Refusal::PageFailed)?;
    let separator = if url.contains('?') { '&' } else { '?' };
    let configuration = encode(&configuration_url());
    Ok(ToRegistration(see_other(format!(
        "{url}{separator}openid_configuration={configuration}&registration_token={token}"
    ))))
}
