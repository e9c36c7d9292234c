//! The message of LTI 1.1 that is a launch.

use crate::launch_fields::LaunchFields;
use crate::rejection::Rejection;

/// The message type of a launch.
pub(crate) const MESSAGE_TYPE: &str = "basic-lti-launch-request";
/// The version of LTI 1.0, 1.1 and 1.2.
pub(crate) const VERSION: &str = "LTI-1p0";

/// Checks message type, version and resource link.
///
/// # Errors
/// [`Rejection::MessageType`], [`Rejection::LtiVersion`] or [`Rejection::NoResourceLink`].
pub(super) fn check(fields: &LaunchFields<'_>) -> Result<(), Rejection> {
    let quote = |value: Option<&str>| value.map(Rejection::quote);
    if fields.lti_message_type != Some(MESSAGE_TYPE) {
        let found = quote(fields.lti_message_type);
        return Err(Rejection::MessageType { found, accepted: MESSAGE_TYPE });
    }
    if fields.lti_version != Some(VERSION) {
        let found = quote(fields.lti_version);
        return Err(Rejection::LtiVersion { found, accepted: VERSION });
    }
    match fields.resource_link_id {
        Some(id) if !id.trim().is_empty() => Ok(()),
        _ => Err(Rejection::NoResourceLink),
    }
}
