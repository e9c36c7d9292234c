//! LTI 1.3: an id_token that answers a login of ours.
//!
//! Platform, client and tool come from the sealed state, never from the token (mix-up attacks). The
//! gateway fetches keys only after a state opened.

use lti::admission::Examination;
use lti::oauth1::{Params, Source};
use lti::v1p3::{
    AnsweredLogin, Client, FetchedKeys, LaunchUrl, TokenFindings, TokenForm, TokenPolicy,
    TrustedPlatform, examine_token, read_token,
};
use lti::{Rejection, is_v1p3_query};
use rocket::http::Status;
use rocket::{Request, Response};
use serde::Serialize;

use super::call::LaunchCall;
use super::record::LaunchRecord;
use super::verified::VerifiedLaunch;
use crate::config::Tool;
use crate::session::LoginState;
use crate::web::gateway::Gateway;
use crate::web::guard;
use crate::web::launch_url::launch_url;
use crate::web::links::is_allowed;
use crate::web::page::{self, Html};
use crate::web::platform_storage::PlatformStorage;
use crate::web::refusal::Refusal;

/// The parameter with the binding from the platform's storage.
const PROOF: &str = "lti_login_proof";

/// The result of examining a form.
pub(super) enum TokenAnswer {
    /// The launch passed every check except the nonce.
    Verified(Box<VerifiedLaunch>),
    /// The page that reads the binding from the platform's storage. Nothing is checked yet.
    Storage(Response<'static>),
}

/// The login that a form answers, with its configuration.
struct LoginContext<'g> {
    state: LoginState,
    platform: &'g TrustedPlatform,
    client: &'g Client,
}

#[derive(Serialize)]
struct StorageContext<'a> {
    title: &'a str,
    id_token: &'a str,
    state: &'a str,
    storage: PlatformStorage,
}

/// A form of LTI 1.3 at a launch URL.
pub(super) enum TokenParams {
    /// It answers a login.
    Answer(Params),
    /// It is a login, which the platform should send to the login's own URL.
    Login,
}

/// Reads a form of LTI 1.3. `None` for any other form, and for a tool without platforms.
pub(super) fn read(call: &LaunchCall<'_>, form: &[u8]) -> Option<TokenParams> {
    if call.served.tool.senders.platforms.is_empty() {
        return None;
    }
    let params = Params::default().read_form(Source::Body, form).ok()?;
    // A signed form of LTI 1.1 may have parameters with any name.
    let is_signed = params.iter().any(|param| param.name == "oauth_signature");
    let has_token = body_value(&params, "id_token").is_some();
    if TokenForm::is_answer(&params) && (has_token || !is_signed) {
        return Some(TokenParams::Answer(params));
    }
    let is_login = std::str::from_utf8(form).is_ok_and(is_v1p3_query);
    is_login.then_some(TokenParams::Login)
}

/// Examines a launch.
///
/// # Errors
/// [`Refusal::Rejected`].
pub(super) async fn examine(
    call: &LaunchCall<'_>,
    params: &Params,
    now: u64,
    record: &mut LaunchRecord,
) -> Result<TokenAnswer, Refusal> {
    let LaunchCall { gateway, served, request, .. } = call;
    let tool = &served.tool;
    if gateway.development.is_some() {
        record.params =
            params.iter().map(|param| (param.name.to_owned(), param.value.len())).collect();
    }
    let state = body_value(params, "state");
    let state = state.and_then(|state| gateway.logins.open_state(state, &tool.name));
    record.sender = state.as_ref().map(|state| state.platform.as_str().to_owned());
    let form = TokenForm::read(params).map_err(Refusal::Rejected)?;
    let state = state.ok_or(Refusal::Rejected(Rejection::BadState))?;
    let context = context(gateway, tool, state).map_err(Refusal::Rejected)?;
    let state = &context.state;

    let has_cookie = state.binding.is_in(cookies(request));
    let proof = body_value(params, PROOF).filter(|_| state.storage.is_some());
    if let (Some(frame), None, false) = (&state.storage, proof, has_cookie)
        && is_token(&form.id_token)
    {
        return storage_page(call, &context, &form, frame).map(TokenAnswer::Storage);
    }
    let login = AnsweredLogin {
        nonce: &state.nonce,
        expires: state.expires,
        same_browser: has_cookie || proof.is_some_and(|proof| state.binding.is_of(proof)),
    };
    let launch_url = launch_url(&gateway.public_url, tool, &guard::authority(request));
    let policy = policy(call, &context, &launch_url);
    let examination =
        examination(call, &form, &login, &policy, now).await.map_err(Refusal::Rejected)?;
    let examination = examination.accepting_links_at(|url| is_allowed(gateway, url));
    note(call, &examination);
    record.migration = examination.migration();
    // The pages of all rejections up to the nonce of the login are equal from outside.
    let is_shown = examination.rejection().is_none_or(|rejection| !rejection.is_uniform());
    record.return_url = examination.return_url().filter(|_| is_shown).cloned();
    let destination = examination.destination().unwrap_or("/").to_owned();
    let verdict = examination.verdict().map_err(Refusal::Rejected)?;
    Ok(TokenAnswer::Verified(Box::new(VerifiedLaunch { verdict, destination })))
}

/// The platform and the client of a state, as configured now.
fn context<'g>(
    gateway: &'g Gateway,
    tool: &Tool,
    state: LoginState,
) -> Result<LoginContext<'g>, Rejection> {
    if tool.senders.platform(&state.platform).is_none() {
        return Err(Rejection::PlatformNotAllowed(state.platform));
    }
    let mut platforms = gateway.trusted_platforms.iter();
    let platform =
        platforms.find(|platform| platform.name == state.platform).ok_or(Rejection::BadState)?;
    let client = platform.clients.iter().find(|client| client.id == state.client);
    match client {
        Some(client) => Ok(LoginContext { state, platform, client }),
        None => Err(Rejection::UnknownPlatform {
            issuer: platform.issuer.clone(),
            client: state.client.as_str().to_owned(),
            near: Some(platform.name.clone()),
        }),
    }
}

fn policy<'a>(
    call: &'a LaunchCall<'_>,
    context: &LoginContext<'a>,
    launch_url: &'a LaunchUrl,
) -> TokenPolicy<'a> {
    let tool = &call.served.tool;
    TokenPolicy {
        tool: &tool.name,
        launch_url,
        platform: context.platform,
        client: context.client,
        consumers: &tool.senders.consumers,
        roles: tool.roles,
        declares_line_item: tool.declares_line_item(),
        clock_skew: call.served.policy.clock_skew,
    }
}

/// Checks 3 to 17.
async fn examination(
    call: &LaunchCall<'_>,
    form: &TokenForm,
    login: &AnsweredLogin<'_>,
    policy: &TokenPolicy<'_>,
    now: u64,
) -> Result<Examination<TokenFindings>, Rejection> {
    let gateway = call.gateway;
    let proves =
        |fingerprint: &[u8; 16]| gateway.receipts.prove(cookies(call.request), fingerprint, now);
    let token = read_token(&form.id_token, login, policy, now, proves)?;
    let url = &policy.client.jwks_url;
    let unreachable = |message| Rejection::PlatformKeysUnreachable { url: url.clone(), message };
    let keys = gateway.keysets.keyset(url, token.key_id()).await.map_err(unreachable)?;
    let keys = FetchedKeys { keyset: &keys.keyset, age: keys.age };
    Ok(examine_token(&token, keys, login, policy, now))
}

/// Logs the values that an accepted launch does not contain.
fn note(call: &LaunchCall<'_>, examination: &Examination<TokenFindings>) {
    if examination.rejection().is_some() || examination.notes().is_empty() {
        return;
    }
    let notes: Vec<String> = examination.notes().iter().map(ToString::to_string).collect();
    let notes: String = notes.join("; ").chars().take(500).collect();
    let consumer = examination.claimed_sender().unwrap_or("-");
    tracing::info!(target: "launch", tool = call.served.tool.name, consumer, notes);
}

/// The page that reads the binding from the platform's storage, and sends the form again with it.
fn storage_page(
    call: &LaunchCall<'_>,
    context: &LoginContext<'_>,
    form: &TokenForm,
    frame: &str,
) -> Result<Response<'static>, Refusal> {
    let tool = &call.served.tool;
    let storage = PlatformStorage::new(frame, &context.platform.auth_url, &form.state);
    let context = StorageContext {
        title: &tool.title,
        id_token: &form.id_token,
        state: &form.state,
        storage: storage.ok_or(Refusal::PageFailed)?,
    };
    let page = page::render("launch_storage.html.tera", &context).ok_or(Refusal::PageFailed)?;
    Ok(Html::framed(page, &tool.frame_ancestors).into_response(Status::Ok))
}

/// Whether a text has only the characters of a token.
fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn body_value<'p>(params: &'p Params, name: &str) -> Option<&'p str> {
    let mut named =
        params.iter().filter(|param| param.source == Source::Body && param.name == name);
    named.next().map(|param| param.value)
}

fn cookies<'r>(request: &'r Request<'_>) -> impl Iterator<Item = &'r [u8]> {
    request.headers().get("Cookie").map(str::as_bytes)
}
