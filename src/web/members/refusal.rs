//! The refused calls of `GET /members`: code (`docs/members.md` explains each), status, fact and
//! advice for the app.

use rocket::http::Status;
use serde_json::json;

use crate::platform::MembersError;
use crate::web::grade::JsonResponse;
use crate::web::members_failure;

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
        self.row().0
    }

    /// The code, the status and the message.
    fn row(&self) -> (&'static str, Status, String) {
        let text = str::to_owned;
        match self {
            Self::NoToken => (
                "no-members-token",
                Status::Unauthorized,
                text(
                    "the request has no members token; send `Authorization: Bearer \
                     <X-LTI-Members-Token>`",
                ),
            ),
            Self::BadToken => (
                "bad-members-token",
                Status::Unauthorized,
                text(
                    "the members token is invalid or has expired, or its tool, platform or user \
                     may not list members; let the user launch again",
                ),
            ),
            Self::NoMembers => (
                "no-members",
                Status::Conflict,
                text(
                    "this is a grade token: its session has no list of members; the launch is one \
                     by LTI 1.1, or its platform offers no list, or `members` in tools.toml does \
                     not have the user's role",
                ),
            ),
            Self::WrongMethod => (
                "wrong-method",
                Status::MethodNotAllowed,
                text("this method is not allowed; GET the members"),
            ),
            Self::UnknownRole => (
                "unknown-role",
                Status::UnprocessableEntity,
                text(
                    "`role` is not a role; write one of learner, instructor, administrator, \
                     teaching_assistant, content_developer, mentor and staff",
                ),
            ),
            Self::Failed(error) => (
                members_failure::code(error),
                members_failure::status(error),
                members_failure::message(error),
            ),
        }
    }

    /// The reason for the log.
    pub(super) fn log_reason(&self) -> String {
        match self {
            Self::Failed(error) => members_failure::log_reason(error),
            _ => self.row().2,
        }
    }

    /// The response, with a reference to the log line if there is one.
    pub(super) fn respond(&self, reference: Option<&str>) -> JsonResponse {
        let (code, status, message) = self.row();
        let mut body = json!({ "error": code, "message": message });
        if let Some(reference) = reference {
            body["reference"] = reference.into();
        }
        let failure = match self {
            Self::Failed(error) => Some(error),
            _ => None,
        };
        if let Some((status, description)) = failure.and_then(members_failure::response) {
            body["platform"] = json!({ "status": status, "description": description });
        }
        let mut response = JsonResponse::new(status, body.to_string());
        let mut header = |name, value: String| response.headers.push((name, value));
        match self {
            Self::NoToken => header("WWW-Authenticate", "Bearer".to_owned()),
            Self::BadToken => {
                header("WWW-Authenticate", "Bearer error=\"invalid_token\"".to_owned());
            }
            Self::WrongMethod => header("Allow", "GET, HEAD".to_owned()),
            _ => {}
        }
        if let Some(seconds) = failure.and_then(members_failure::retry_after) {
            header("Retry-After", seconds.to_string());
        }
        response
    }
}
