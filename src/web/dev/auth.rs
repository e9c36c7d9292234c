//! LTI 1.3 of the practice platform: it answers logins, and serves its keyset.

use lti::jose::keyset_document;
use rocket::http::{ContentType, Status};
use rocket::{FromForm, Route, get};
use serde::Serialize;

use crate::practice::v1p3::{AuthFault, AuthRequest, TokenAnswerForm, TokenMistake};
use crate::web::gateway::Gateway;
use crate::web::guard::Authority;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

/// The routes. They ask for no token: only `/dev/launch` creates the hint of a launch, and the
/// gateway itself fetches the keyset.
pub(super) fn routes() -> Vec<Route> {
    rocket::routes![authenticate, keyset, lost_keyset]
}

/// The parameters of an authentication request. A missing one is empty.
#[derive(FromForm)]
struct AuthParams<'r> {
    scope: Option<&'r str>,
    response_type: Option<&'r str>,
    response_mode: Option<&'r str>,
    prompt: Option<&'r str>,
    client_id: Option<&'r str>,
    redirect_uri: Option<&'r str>,
    login_hint: Option<&'r str>,
    lti_message_hint: Option<&'r str>,
    state: Option<&'r str>,
    nonce: Option<&'r str>,
}

#[derive(Serialize)]
struct AuthContext {
    url: String,
    fields: Vec<AuthFieldContext>,
}

#[derive(Serialize)]
struct AuthFieldContext {
    name: &'static str,
    value: String,
}

/// Answers a login: a page that posts a token, or an error, to the tool's launch URL.
#[get("/dev/platform/auth?<params..>")]
async fn authenticate(
    gateway: &Gateway,
    authority: Authority,
    params: AuthParams<'_>,
) -> Result<Html, Refusal> {
    let request = AuthRequest {
        scope: params.scope.unwrap_or_default(),
        response_type: params.response_type.unwrap_or_default(),
        response_mode: params.response_mode.unwrap_or_default(),
        prompt: params.prompt.unwrap_or_default(),
        client_id: params.client_id.unwrap_or_default(),
        redirect_uri: params.redirect_uri.unwrap_or_default(),
        login_hint: params.login_hint.unwrap_or_default(),
        message_hint: params.lti_message_hint.unwrap_or_default(),
        state: params.state.unwrap_or_default(),
        nonce: params.nonce.unwrap_or_default(),
    };
    let development = gateway.development.as_ref().ok_or(Refusal::NoTool)?;
    let now = gateway.clock.now();
    let launch = development.practice().launches.take(request.message_hint, now);
    let form = match launch {
        Some(launch) => match request.check(&launch) {
            Ok(()) => {
                let key = match launch.mistake {
                    Some(TokenMistake::Rotated) => gateway.dev_process.rotated_practice_key().await,
                    _ => gateway.dev_process.practice_keys().await.into_iter().next(),
                };
                let key = key.ok_or(Refusal::PageFailed)?;
                request.accept(&launch, &key, now).ok_or(Refusal::PageFailed)?
            }
            Err(fault) => request.refuse(&launch.launch_url, fault),
        },
        // The form goes to a launch URL of the gateway, or nowhere.
        None => {
            let mut tools = gateway.routes.tools();
            let tool = tools.find(|tool| tool.name == request.client_id).ok_or(Refusal::NoTool)?;
            let url = gateway.public_url.launch_url(tool, Some(&authority.other()));
            request.refuse(&url, AuthFault::Hint)
        }
    };
    let page = page::render("dev_auth.html.tera", &AuthContext::from(form));
    page.map(Html::sending).ok_or(Refusal::PageFailed)
}

impl From<TokenAnswerForm> for AuthContext {
    fn from(TokenAnswerForm { url, fields }: TokenAnswerForm) -> Self {
        let fields =
            fields.into_iter().map(|(name, value)| AuthFieldContext { name, value }).collect();
        Self { url, fields }
    }
}

/// The keyset of the practice platform.
#[get("/dev/platform/jwks")]
async fn keyset(gateway: &Gateway) -> Result<(ContentType, String), Refusal> {
    let keys = gateway.dev_process.practice_keys().await;
    Ok((ContentType::JSON, keyset_document(keys.iter().map(|key| &**key))))
}

/// A keyset that always fails.
#[get("/dev/platform/lost/jwks")]
fn lost_keyset() -> (Status, &'static str) {
    (Status::ServiceUnavailable, "This keyset always fails.")
}
