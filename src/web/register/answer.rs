//! The responses to a registration link.
//!
//! A GET shows what a registration would send, and does nothing: a prefetch or a stranger's click
//! changes nothing. The POST of that page registers, and spends the link last.

use lti::oauth1::{Params, Source};
use lti::v1p3::{OpenidConfiguration, Registered};
use lti::{Account, Nonce, Rejection, Secret, Sender, Spent};
use rocket::http::Method;
use rocket::{Data, Request, Response};
use sha2::{Digest as _, Sha256};

use super::call::RegisterCall;
use super::{page, record};
use crate::config::registered_table;
use crate::platform::{RegistrationError, check_configuration, check_configuration_url};
use crate::session::RegistrationRequest;
use crate::web::gateway::Gateway;
use crate::web::refusal::Refusal;
use crate::web::register_path::REGISTER_PATH;
use crate::web::{form, guard};

/// The field of the page's form.
const FIELD: &str = "lti_registration";
/// The longest URL of a configuration, and the longest token, in bytes.
const LONGEST_VALUE: usize = 8 * 1024;

/// Responds to a request with a link.
pub(super) async fn answer(
    gateway: &Gateway,
    request: &Request<'_>,
    data: Data<'_>,
) -> Response<'static> {
    let mut response = match known(gateway, request) {
        Ok(call) => {
            let answered = match request.method() {
                Method::Post => register(&call, data).await,
                _ => confirm(&call),
            };
            answered.unwrap_or_else(|refusal| record::refuse(gateway, Some(&call), &refusal))
        }
        Err(refusal) => record::refuse(gateway, None, &refusal),
    };
    // The URL contains the link and the platform's token.
    response.set_raw_header("Referrer-Policy", "no-referrer");
    response
}

/// Opens the link of a request.
fn known<'a>(gateway: &'a Gateway, request: &'a Request<'_>) -> Result<RegisterCall<'a>, Refusal> {
    let path = request.uri().path().as_str();
    let sealed = path.strip_prefix(REGISTER_PATH).unwrap_or_default();
    let link = gateway.registrations.open(sealed, gateway.clock.now());
    let link = link.ok_or(Refusal::RegistrationLink)?;
    let tool = gateway.routes.tools().find(|tool| tool.name == link.tool);
    let tool = tool.ok_or(Refusal::RegistrationLink)?;
    let platform = tool.senders.platform(&link.platform).ok_or(Refusal::RegistrationLink)?;
    let authority = guard::authority(request);
    Ok(RegisterCall { gateway, request, authority, sealed, link, tool, platform })
}

/// The page that asks the admin.
fn confirm(call: &RegisterCall<'_>) -> Result<Response<'static>, Refusal> {
    let query = call.request.uri().query().map(|query| query.as_str()).unwrap_or_default();
    let params = Params::default().read_form(Source::Query, query.as_bytes());
    let params = params.map_err(|error| Refusal::Rejected(error.into()))?;
    let value = |name: &str| {
        let mut values = params.iter().filter(|param| param.name == name);
        let value = values.next().map(|param| param.value).filter(|value| !value.is_empty());
        match (value, values.next()) {
            (Some(value), None) if value.len() <= LONGEST_VALUE => Ok(Some(value)),
            (None, None) => Ok(None),
            _ => Err(refused(RegistrationError::of_parameter(name))),
        }
    };
    let Some(configuration_url) = value("openid_configuration")? else {
        return page::without_platform(call);
    };
    check_configuration_url(configuration_url, call.platform)
        .map_err(Refusal::RegistrationMismatch)?;
    let token = value("registration_token")?.map(Secret::new);
    let request = RegistrationRequest { configuration_url: configuration_url.to_owned(), token };
    let sealed = call.gateway.registrations.seal_request(&request, call.sealed);
    page::confirm(call, &request, FIELD, &sealed.ok_or(Refusal::PageFailed)?)
}

/// Registers the tool, and shows the table.
async fn register(call: &RegisterCall<'_>, data: Data<'_>) -> Result<Response<'static>, Refusal> {
    let body = form::read(call.request, data).await?;
    let body = std::str::from_utf8(&body).unwrap_or_default();
    let field = body.strip_prefix(FIELD).and_then(|rest| rest.strip_prefix('='));
    let request =
        field.and_then(|field| call.gateway.registrations.open_request(field, call.sealed));
    let request = request.ok_or(Refusal::RegistrationLink)?;
    let (url, token) = (&*request.configuration_url, request.token.as_ref());
    check_configuration_url(url, call.platform).map_err(Refusal::RegistrationMismatch)?;
    let platforms = call.gateway.grades.platforms();
    let configuration = platforms.openid_configuration(url, token).await.map_err(refused)?;
    check_configuration(&configuration, url, call.platform)
        .map_err(Refusal::RegistrationMismatch)?;
    spend(call).await?;
    let registered = send(call, &configuration, token).await.map_err(refused)?;
    let table = registered_table(call.platform, &configuration, &registered);
    record::registered(call, &table);
    page::registered(call, &request, &table)
}

/// Spends the link.
async fn spend(call: &RegisterCall<'_>) -> Result<(), Refusal> {
    let now = call.gateway.clock.now();
    let sender = Sender::Platform {
        name: call.link.platform.clone(),
        client_id: "".into(),
        deployment_id: "".into(),
    };
    let mut guard = [0; 16];
    guard.copy_from_slice(&Sha256::digest("registration link")[..16]);
    let account = Account::new(&call.tool.name, &sender);
    let (expires, id) = (call.link.expires, &*call.link.id);
    let nonce = Nonce::new(account, guard, expires, id, expires);
    match call.gateway.replay.spend(&nonce, now).await {
        Spent::Now => Ok(()),
        Spent::Before | Spent::Expired => Err(Refusal::RegistrationLink),
        Spent::Full(share) => Err(Refusal::Rejected(Rejection::ReplayStoreFull(share))),
        Spent::ClockSetBack => Err(Refusal::Rejected(Rejection::ClockSetBack)),
        Spent::Unavailable => Err(Refusal::Rejected(Rejection::ReplayStoreUnavailable)),
    }
}

/// Sends the registration.
async fn send(
    call: &RegisterCall<'_>,
    configuration: &OpenidConfiguration,
    token: Option<&Secret>,
) -> Result<Registered, RegistrationError> {
    let is_canvas = page::is_canvas(call.platform) || configuration.is_canvas;
    let registration = page::description(call).registration(is_canvas);
    let platforms = call.gateway.grades.platforms();
    platforms.register(&configuration.registration_url, token, registration).await
}

fn refused(error: RegistrationError) -> Refusal {
    Refusal::RegistrationRefused(error)
}
