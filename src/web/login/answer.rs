//! The response to a login.
//!
//! A login hint is valid once: Canvas deletes the launch that it stands for, and Moodle keeps one
//! per session. So the gateway finds out whether the browser stores its cookie before it redirects
//! to the platform.

use std::time::Instant;

use lti::oauth1::{Params, Source};
use lti::v1p3::{LoginRequest, find_client};
use lti::{PlatformName, Rejection};
use rocket::http::Method;
use rocket::{Data, Request, Response};

use super::call::{KnownLogin, LoginCall};
use super::page;

use super::record::LoginRecord;
use super::redirect::to_platform;
use crate::proxy::own_page::WINDOW;
use crate::session::{Binding, LOGIN_PARAMETER, LoginStep};
use crate::url::{UrlParts, host_and_port};
use crate::web::gateway::Gateway;
use crate::web::launch_url::launch_url;
use crate::web::login_path::LOGIN_PATH;
use crate::web::page::see_other;
use crate::web::refusal::Refusal;
use crate::web::served::ServedTool;
use crate::web::{form, guard};

/// Responds to a login.
pub(super) async fn answer(
    gateway: &Gateway,
    request: &Request<'_>,
    data: Data<'_>,
) -> Response<'static> {
    let authority = guard::authority(request);
    let call = LoginCall { gateway, request, authority, started: Instant::now() };
    let mut record = LoginRecord::default();
    let mut response = match log_in(&call, data, &mut record).await {
        Ok(response) => response,
        Err(refusal) => record.refuse(&call, &refusal),
    };
    // The URL contains the hints of the login. Neither the platform nor another site needs it.
    response.set_raw_header("Referrer-Policy", "no-referrer");
    response
}

async fn log_in<'a>(
    call: &LoginCall<'a>,
    data: Data<'_>,
    record: &mut LoginRecord<'a>,
) -> Result<Response<'static>, Refusal> {
    let query = call.request.uri().query().map(|query| query.as_str()).unwrap_or_default();
    let pending = query.strip_prefix(LOGIN_PARAMETER).and_then(|rest| rest.strip_prefix('='));
    let (login, step) = match pending {
        Some(sealed) => {
            let pending = call.gateway.logins.open(sealed).ok_or(rejected(Rejection::BadState))?;
            if pending.expires < call.gateway.clock.now() {
                return Err(rejected(Rejection::StateExpired));
            }
            (pending.login, Some(pending.step))
        }
        None => {
            let body = match call.request.method() {
                Method::Post => form::read(call.request, data).await?,
                _ => Vec::new(),
            };
            (read(call, query, &body, record).map_err(Refusal::Rejected)?, None)
        }
    };
    let known = known(call, &login, record).map_err(Refusal::Rejected)?;
    go_on(call, &known, step)
}

/// Reads the parameters of a login.
fn read(
    call: &LoginCall<'_>,
    query: &str,
    body: &[u8],
    record: &mut LoginRecord<'_>,
) -> Result<LoginRequest, Rejection> {
    let params = Params::default().read_form(Source::Query, query.as_bytes())?;
    let params = params.read_form(Source::Body, body)?;
    if call.gateway.development.is_some() {
        let length = |param: lti::oauth1::Param<'_>| (param.name.to_owned(), param.value.len());
        record.params = params.iter().map(length).collect();
    }
    LoginRequest::read(&params)
}

/// Finds the tool, the platform and the client of a login.
fn known<'a, 'l>(
    call: &LoginCall<'a>,
    login: &'l LoginRequest,
    record: &mut LoginRecord<'a>,
) -> Result<KnownLogin<'l>, Rejection>
where
    'a: 'l,
{
    let gateway = call.gateway;
    let served = tool(gateway, &call.authority, &login.target_link_uri)
        .ok_or_else(|| Rejection::target_elsewhere(&login.target_link_uri))?;
    record.served = Some(served);
    let is_allowed = |name: &PlatformName| served.tool.senders.platform(name).is_some();
    let (platform, client) = find_client(login, &gateway.trusted_platforms, is_allowed)?;
    record.sender = Some(platform.name.as_str().to_owned());
    Ok(KnownLogin { login, served, platform, client })
}

/// The tool whose launch URL is equal to a target link, or above it.
fn tool<'g>(gateway: &'g Gateway, authority: &str, target: &str) -> Option<&'g ServedTool> {
    let parts = UrlParts::of_web(target)?;
    let served = gateway.routes.tool_of_launch(parts.host(), parts.path())?;
    launch_url(&gateway.public_url, &served.tool, authority).destination(target)?;
    Some(served)
}

/// The next response to a known login, after this step.
fn go_on(
    call: &LoginCall<'_>,
    known: &KnownLogin<'_>,
    step: Option<LoginStep>,
) -> Result<Response<'static>, Refusal> {
    let url = call.gateway.public_url.launch_url(&known.served.tool, Some(&call.authority));
    let parts = UrlParts::of_web(&url).ok_or(Refusal::PageFailed)?;
    // The cookie must be set where the launch will be. A proxy may hide the host of the request, so
    // there is one redirect at most.
    if step.is_none() && !parts.host().eq_ignore_ascii_case(host_and_port(&call.authority).0) {
        let login = pending_url(call, known, LoginStep::Moved)?;
        return Ok(see_other(format!("{}://{}{login}", parts.scheme, parts.authority)));
    }
    let headers = call.request.headers();
    let binding = Binding::find(headers.get("Cookie").map(str::as_bytes));
    let is_window = headers.get_one("Sec-Fetch-Dest") == Some(WINDOW);
    match (binding, step) {
        (Some(binding), _) => {
            let mut response = to_platform(call, known, &binding, None)?.into_response();
            // The platform may ask its user to sign in first.
            response.adjoin_raw_header("Set-Cookie", binding.set_cookie());
            Ok(response)
        }
        (None, None | Some(LoginStep::Moved | LoginStep::Window)) => {
            let next = match step {
                Some(LoginStep::Window) => LoginStep::WindowChecked,
                _ => LoginStep::Checked,
            };
            let binding = Binding::random().ok_or(Refusal::PageFailed)?;
            let mut response = see_other(pending_url(call, known, next)?);
            response.adjoin_raw_header("Set-Cookie", binding.set_cookie());
            Ok(response)
        }
        (None, Some(LoginStep::WindowChecked)) => Err(rejected(Rejection::CookiesBlocked)),
        (None, Some(LoginStep::Checked)) if is_window => Err(rejected(Rejection::CookiesBlocked)),
        (None, Some(LoginStep::Checked)) => {
            page::blocked(call, known, &pending_url(call, known, LoginStep::Window)?)
        }
    }
}

/// The path and query with which a login goes on.
fn pending_url(
    call: &LoginCall<'_>,
    known: &KnownLogin<'_>,
    step: LoginStep,
) -> Result<String, Refusal> {
    let now = call.gateway.clock.now();
    let sealed = call.gateway.logins.seal(known.login, step, now).ok_or(Refusal::PageFailed)?;
    Ok(format!("{LOGIN_PATH}?{LOGIN_PARAMETER}={sealed}"))
}

fn rejected(rejection: Rejection) -> Refusal {
    Refusal::Rejected(rejection)
}
