//! A login that goes on with the browser's next request. Its parameters are in the URL, sealed:
//! hints identify a person.

use std::borrow::Cow;

use lti::oauth1::encode::encode;
use lti::oauth1::{Params, Source};
use lti::v1p3::LoginRequest;
use serde::{Deserialize, Serialize};

/// The reason why a login goes on with another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginStep {
    /// The tool has another host, where the cookie must be set.
    Moved,
    /// The browser shows whether it stored the cookie.
    Checked,
    /// The user opened a window, where the cookie is first-party.
    Window,
    /// The browser shows whether it stored the cookie in the window.
    WindowChecked,
}

/// A login in progress.
pub struct PendingLogin {
    /// Why it goes on.
    pub step: LoginStep,
    /// The last second at which it goes on, in seconds since the epoch.
    pub expires: u64,
    /// Its parameters.
    pub login: LoginRequest,
}

/// The serialized login: expires, step, parameters as a query.
#[derive(Serialize, Deserialize)]
struct PendingContent<'a>(u64, u8, Cow<'a, str>);

impl LoginStep {
    pub(super) const ALL: [Self; 4] =
        [Self::Moved, Self::Checked, Self::Window, Self::WindowChecked];

    /// How long the next request may take, in seconds. A person clicks the button of a page.
    pub fn lifetime(self) -> u64 {
        match self {
            Self::Window => 600,
            Self::Moved | Self::Checked | Self::WindowChecked => 60,
        }
    }

    pub(super) fn number(self) -> u8 {
        match self {
            Self::Moved => 0,
            Self::Checked => 1,
            Self::Window => 2,
            Self::WindowChecked => 3,
        }
    }
}

/// The content of a login that goes on with this step until `expires`.
pub(super) fn to_bytes(login: &LoginRequest, step: LoginStep, expires: u64) -> Option<Vec<u8>> {
    serde_json::to_vec(&PendingContent(expires, step.number(), query(login).into())).ok()
}

pub(super) fn from_bytes(bytes: &[u8]) -> Option<PendingLogin> {
    let PendingContent(expires, number, query) = serde_json::from_slice(bytes).ok()?;
    let step = LoginStep::ALL.into_iter().find(|step| step.number() == number)?;
    let params = Params::default().read_form(Source::Query, query.as_bytes()).ok()?;
    Some(PendingLogin { step, expires, login: LoginRequest::read(&params).ok()? })
}

/// The parameters of a login as a query.
fn query(login: &LoginRequest) -> String {
    let pairs = [
        ("iss", Some(login.issuer.as_str())),
        ("login_hint", Some(login.login_hint.as_str())),
        ("target_link_uri", Some(login.target_link_uri.as_str())),
        ("lti_message_hint", login.message_hint.as_deref()),
        ("client_id", login.client_id.as_ref().map(lti::ClientId::as_str)),
        ("lti_deployment_id", login.deployment_id.as_ref().map(lti::DeploymentId::as_str)),
        ("lti_storage_target", login.storage_target.as_deref()),
    ];
    let sent = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let pairs: Vec<String> =
        sent.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    pairs.join("&")
}
