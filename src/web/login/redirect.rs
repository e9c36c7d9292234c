//! The redirect to the platform: a configured URL, with a sealed state.

use std::borrow::Cow;

use lti::v1p3::{AuthenticationRequest, TrustedPlatform};
use rocket::Response;

use super::call::{KnownLogin, LoginCall};
use crate::config::{PRACTICE_PLATFORM, PlatformType};
use crate::practice::v1p3::AUTH_PATH;
use crate::session::{Binding, LoginState, STATE_LIFETIME};
use crate::web::guard::other_loopback;
use crate::web::page;
use crate::web::refusal::Refusal;

/// The redirect to a platform.
pub(super) struct PlatformRedirect {
    /// The URL at the platform.
    pub(super) url: String,
    /// The sealed state in it.
    pub(super) state: String,
}

/// The redirect to the platform of a login. `storage` is the frame whose storage has the binding,
/// if the browser stored no cookie.
pub(super) fn to_platform(
    call: &LoginCall<'_>,
    known: &KnownLogin<'_>,
    binding: &Binding,
    storage: Option<&str>,
) -> Result<PlatformRedirect, Refusal> {
    let KnownLogin { login, served, platform, client } = known;
    let gateway = call.gateway;
    let state = LoginState {
        platform: platform.name.clone(),
        client: client.id.clone(),
        nonce: LoginState::nonce().ok_or(Refusal::PageFailed)?,
        expires: gateway.clock.now().saturating_add(STATE_LIFETIME),
        binding: binding.hash(),
        storage: storage.map(str::to_owned),
    };
    let tool = &served.tool;
    let sealed = gateway.logins.seal_state(&state, &tool.name).ok_or(Refusal::PageFailed)?;
    let launch_url = gateway.public_url.launch_url(tool, Some(&call.authority));
    // By default, edX accepts no other redirect URI. The link is below the launch URL.
    let kind = tool.senders.platform(&platform.name).and_then(|platform| platform.kind);
    let is_edx = kind == Some(PlatformType::Edx);
    let url = AuthenticationRequest {
        auth_url: &auth_url(call, platform),
        client_id: &client.id,
        redirect_uri: if is_edx { &login.target_link_uri } else { &launch_url },
        login_hint: &login.login_hint,
        message_hint: login.message_hint.as_deref(),
        state: &sealed,
        nonce: &state.nonce,
    }
    .url();
    Ok(PlatformRedirect { url, state: sealed })
}

/// The URL at the platform. The practice platform is at a host of the gateway's own.
fn auth_url<'a>(call: &LoginCall<'_>, platform: &'a TrustedPlatform) -> Cow<'a, str> {
    match &call.gateway.development {
        Some(development) if platform.name.as_str() == PRACTICE_PLATFORM => {
            let origin = match &development.dev_host {
                Some(dev_host) => dev_host.to_string(),
                // For browsers, the platform is another site than the tool.
                None => format!("http://{}", other_loopback(&call.authority)),
            };
            Cow::Owned(format!("{origin}{AUTH_PATH}"))
        }
        _ => Cow::Borrowed(&platform.auth_url),
    }
}

impl PlatformRedirect {
    /// The redirect as a response.
    pub(super) fn into_response(self) -> Response<'static> {
        page::found(self.url)
    }
}
