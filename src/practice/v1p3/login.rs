//! The login that the practice platform sends.

use super::pending::PracticeLaunch;
use super::platform::{DEPLOYMENT, ISSUER};

/// The parameters of the login, in Moodle's order. If the launch is in a frame of the page, the
/// page has a storage for tools.
pub fn login_params(
    launch: &PracticeLaunch,
    hint: &str,
    has_storage: bool,
) -> Vec<(String, String)> {
    let storage = has_storage.then_some(("lti_storage_target", "_parent"));
    [
        ("iss", ISSUER),
        ("target_link_uri", &launch.target()),
        ("login_hint", &launch.user),
        ("lti_message_hint", hint),
        ("client_id", launch.client.as_str()),
        ("lti_deployment_id", DEPLOYMENT),
    ]
    .into_iter()
    .chain(storage)
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}
