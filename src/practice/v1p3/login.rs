//! The login that the practice platform sends.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::pending::PracticeLaunch;
use super::platform::{DEPLOYMENT, ISSUER};

/// A random hint, which names a launch. `None` only without randomness.
pub fn new_hint() -> Option<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(random))
}

/// The parameters of the login, in Moodle's order.
pub fn login_params(launch: &PracticeLaunch, hint: &str) -> Vec<(String, String)> {
    [
        ("iss", ISSUER),
        ("target_link_uri", &launch.launch_url),
        ("login_hint", &launch.user),
        ("lti_message_hint", hint),
        ("client_id", launch.client.as_str()),
        ("lti_deployment_id", DEPLOYMENT),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
