//! The message of LTI 1.1 that is a launch.

use crate::launch_fields::LaunchFields;
use crate::rejection::Rejection;

/// The message type of a launch.
pub(crate) const MESSAGE_TYPE: &str = "basic-lti-launch-request";
/// The message type of a request for links.
const SELECTION_REQUEST: &str = "ContentItemSelectionRequest";
/// The version of LTI 1.0, 1.1 and 1.2.
pub(crate) const VERSION: &str = "LTI-1p0";

/// A kind of message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageKind {
    /// A launch.
    Launch,
    /// A request for links.
    Selection,
}

/// Checks message type, version and, for a launch, the resource link.
///
/// # Errors
/// [`Rejection::MessageType`], [`Rejection::LtiVersion`] or [`Rejection::NoResourceLink`].
pub(super) fn check(fields: &LaunchFields<'_>) -> Result<MessageKind, Rejection> {
    let quote = |value: Option<&str>| value.map(Rejection::quote);
    let kind = match fields.lti_message_type {
        Some(MESSAGE_TYPE) => MessageKind::Launch,
        Some(SELECTION_REQUEST) => MessageKind::Selection,
        other => {
            return Err(Rejection::MessageType { found: quote(other), accepted: MESSAGE_TYPE });
        }
    };
    if fields.lti_version != Some(VERSION) {
        let found = quote(fields.lti_version);
        return Err(Rejection::LtiVersion { found, accepted: VERSION });
    }
    match fields.resource_link_id {
        _ if kind == MessageKind::Selection => Ok(kind),
        Some(id) if !id.trim().is_empty() => Ok(kind),
        _ => Err(Rejection::NoResourceLink),
    }
}
