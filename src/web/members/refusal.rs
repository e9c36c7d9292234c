//! The refused calls of `GET /members`: code (`docs/members.md` explains each), status, fact and
//! advice for the app.

use rocket::http::Status;
use serde_json::json;

use crate::platform::{MEMBERS_TIMEOUT, MOST_MEMBERS, MOST_PAGES, MembersError, PlatformError};
use crate::web::grade::{JsonResponse, said};

/// Why the gateway lists no members.
pub(super) enum MembersRefusal {
    /// The request has no members token.
    NoToken,
    /// The members token is invalid, expired or revoked.
    BadToken,
    /// The token is one for grades: its session has no list of members.
    NoMembers,
    /// The method is not `GET`.
    WrongMethod,
    /// The role is not one of ours.
    UnknownRole,
    /// The platform returned no list.
    Failed(MembersError),
}

impl MembersRefusal {
    /// The stable code for logs and responses.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NoToken => "no-members-token",
            Self::BadToken => "bad-members-token",
            Self::NoMembers => "no-members",
            Self::WrongMethod => "wrong-method",
            Self::UnknownRole => "unknown-role",
            Self::Failed(MembersError::TooMany) => "too-many-members",
            Self::Failed(MembersError::Slow) => "platform-slow",
            Self::Failed(MembersError::Platform(error)) => match error {
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

    fn status(&self) -> Status {
        match self {
            Self::NoToken | Self::BadToken => Status::Unauthorized,
            Self::NoMembers => Status::Conflict,
            Self::WrongMethod => Status::MethodNotAllowed,
            Self::UnknownRole => Status::UnprocessableEntity,
            Self::Failed(MembersError::TooMany) => Status::BadGateway,
            Self::Failed(MembersError::Slow) => Status::GatewayTimeout,
            Self::Failed(MembersError::Platform(error)) => match error {
                PlatformError::NotAllowed(_) => Status::Conflict,
                PlatformError::ClientRefused { .. }
                | PlatformError::Unavailable { .. }
                | PlatformError::Unreachable(_) => Status::ServiceUnavailable,
                _ => Status::BadGateway,
            },
        }
    }

    /// The fact and the advice, for the author of the app.
    fn message(&self) -> String {
        let text = str::to_owned;
        match self {
            Self::NoToken => text(
                "the request has no members token; send `Authorization: Bearer \
                 <X-LTI-Members-Token>`",
            ),
            Self::BadToken => text(
                "the members token is invalid or has expired, or its tool, platform or user may \
                 not list members; let the user launch again",
            ),
            Self::NoMembers => text(
                "this is a grade token: its session has no list of members; the launch is one by \
                 LTI 1.1, or its platform offers no list, or `members` in tools.toml does not have \
                 the user's role",
            ),
            Self::WrongMethod => text("this method is not allowed; GET the members"),
            Self::UnknownRole => text(
                "`role` is not a role; write one of learner, instructor, administrator, \
                 teaching_assistant, content_developer, mentor and staff",
            ),
            Self::Failed(MembersError::TooMany) => format!(
                "the course has more than {MOST_MEMBERS} members or {MOST_PAGES} pages, or \
                 reading them takes longer than {} seconds",
                MEMBERS_TIMEOUT.as_secs()
            ),
            Self::Failed(MembersError::Slow) => {
                format!("the platform did not respond within {} s", MEMBERS_TIMEOUT.as_secs())
            }
            Self::Failed(MembersError::Platform(PlatformError::NotAllowed(why))) => {
                format!("the gateway does not use the platform's URL of members: {why}")
            }
            Self::Failed(MembersError::Platform(error)) => error.to_string(),
        }
    }

    /// The reason for the log. A platform's message may name people, so only its status counts.
    pub(super) fn log_reason(&self) -> String {
        match self {
            Self::Failed(MembersError::Platform(error)) => match error {
                PlatformError::Refused { status, .. }
                | PlatformError::RefusedByStatus { status, .. }
                | PlatformError::Conflict { status, .. }
                | PlatformError::ScopeRefused { status, .. }
                | PlatformError::ClientRefused { status, .. }
                | PlatformError::Redirected { status, .. }
                | PlatformError::Unavailable { status, .. } => {
                    format!("the platform responded with status {status}")
                }
                _ => self.message(),
            },
            _ => self.message(),
        }
    }

    /// The response, with a reference to the log line if there is one.
    pub(super) fn respond(&self, reference: Option<&str>) -> JsonResponse {
        let mut body = json!({ "error": self.code(), "message": self.message() });
        if let Some(reference) = reference {
            body["reference"] = reference.into();
        }
        let said = match self {
            Self::Failed(MembersError::Platform(error)) => said(error),
            _ => None,
        };
        if let Some((status, description)) = said {
            body["platform"] = json!({ "status": status, "description": description });
        }
        let mut response = JsonResponse::new(self.status(), body.to_string());
        let mut header = |name, value: String| response.headers.push((name, value));
        match self {
            Self::NoToken => header("WWW-Authenticate", "Bearer".to_owned()),
            Self::BadToken => {
                header("WWW-Authenticate", "Bearer error=\"invalid_token\"".to_owned());
            }
            Self::WrongMethod => header("Allow", "GET, HEAD".to_owned()),
            Self::Failed(MembersError::Platform(PlatformError::Unavailable {
                retry_after: Some(seconds),
                ..
            })) => header("Retry-After", seconds.to_string()),
            _ => {}
        }
        response
    }
}
