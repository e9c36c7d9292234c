//! A list of members that the platform does not return: code, status, message and reason for the
//! log. `GET /members` and grades by the course staff share them.

use rocket::http::Status;

use crate::platform::{MEMBERS_TIMEOUT, MOST_MEMBERS, MOST_PAGES, MembersError, PlatformError};

/// The stable code for logs and responses.
pub(super) fn code(error: &MembersError) -> &'static str {
    match error {
        MembersError::TooMany => "too-many-members",
        MembersError::Slow => "platform-slow",
        MembersError::Platform(error) => match error {
            PlatformError::NotAllowed(_) => "members-not-allowed",
            PlatformError::ScopeRefused { .. } => "scope-refused",
            PlatformError::ClientRefused { .. } => "client-refused",
            PlatformError::Redirected { .. } | PlatformError::InvalidResponse { .. } => {
                "platform-answer"
            }
            PlatformError::Unavailable { .. } | PlatformError::Unreachable(_) => {
                "platform-unreachable"
            }
            _ => "platform-refused",
        },
    }
}

/// The status of the response.
pub(super) fn status(error: &MembersError) -> Status {
    match error {
        MembersError::TooMany => Status::BadGateway,
        MembersError::Slow => Status::GatewayTimeout,
        MembersError::Platform(error) => match error {
            PlatformError::NotAllowed(_) => Status::Conflict,
            PlatformError::ClientRefused { .. }
            | PlatformError::Unavailable { .. }
            | PlatformError::Unreachable(_) => Status::ServiceUnavailable,
            _ => Status::BadGateway,
        },
    }
}

/// The fact, for the author of the app.
pub(super) fn message(error: &MembersError) -> String {
    match error {
        MembersError::TooMany => format!(
            "the course has more than {MOST_MEMBERS} members or {MOST_PAGES} pages, or reading \
             them takes longer than {} seconds",
            MEMBERS_TIMEOUT.as_secs()
        ),
        MembersError::Slow => "the platform did not list the members in time".to_owned(),
        MembersError::Platform(PlatformError::NotAllowed(why)) => {
            format!("the gateway does not use the platform's URL of members: {why}")
        }
        MembersError::Platform(error) => error.to_string(),
    }
}

/// The reason for the log. A platform's message may name people, so only its status counts.
pub(super) fn log_reason(error: &MembersError) -> String {
    match error {
        MembersError::Platform(platform) => match platform.response() {
            Some((status, _)) => format!("the platform responded with status {status}"),
            None => message(error),
        },
        _ => message(error),
    }
}

/// The status and the message of the platform's response, if there was one.
pub(super) fn response(error: &MembersError) -> Option<(u16, &str)> {
    match error {
        MembersError::Platform(error) => error.response(),
        _ => None,
    }
}

/// The `Retry-After` of the platform's response, in seconds.
pub(super) fn retry_after(error: &MembersError) -> Option<u64> {
    match error {
        MembersError::Platform(PlatformError::Unavailable { retry_after, .. }) => *retry_after,
        _ => None,
    }
}
