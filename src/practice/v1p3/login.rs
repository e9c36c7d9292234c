//! The login that the practice platform sends.

use super::pending::PracticeLaunch;
use super::platform::{DEPLOYMENT, ISSUER};

/// The parameters of the login, in Moodle's order.
pub fn login_params(launch: &PracticeLaunch, hint: &str) -> Vec<(String, String)> {
    [
        ("iss", ISSUER),
        ("target_link_uri", &launch.target()),
        ("login_hint", &launch.user),
        ("lti_message_hint", hint),
        ("client_id", launch.client.as_str()),
        ("lti_deployment_id", DEPLOYMENT),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
