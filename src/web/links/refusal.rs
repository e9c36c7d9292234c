//! The table of refused calls of `POST /links`: code, status and message.
//! `docs/deep-linking.md` explains each code.

use rocket::http::Status;
use serde_json::json;

use crate::web::grade::JsonResponse;
use crate::web::limit::FORM_TIMEOUT;

/// The longest URL with picked links, in characters. Proxies and servers accept 8 KB.
pub(super) const LONGEST_URL: usize = 6000;

/// Why the gateway refuses links of an upstream.
pub(super) enum LinkRefusal {
    /// The request has no link token.
    NoToken,
    /// The link token is invalid, expired or revoked.
    BadToken,
    /// The method is not `POST`.
    WrongMethod,
    /// The body did not arrive in time, or the connection broke.
    Incomplete,
    /// The body is larger than this limit, in bytes.
    TooLarge(u64),
    /// The URL with the links is too long.
    TooManyLinks,
    /// The forms that are arriving use all the memory for them.
    TooManyForms,
    /// The body is not a list of links. Holds the reason.
    BadLinks(String),
    /// The gateway has no key or no randomness.
    Failed,
}

impl LinkRefusal {
    /// The stable code for logs and responses.
    pub(super) fn code(&self) -> &'static str {
        self.row().0
    }

    /// The code, the status and the message.
    fn row(&self) -> (&'static str, Status, String) {
        let text = str::to_owned;
        match self {
            Self::NoToken => (
                "no-link-token",
                Status::Unauthorized,
                text("send `Authorization: Bearer <X-LTI-Link-Token>`"),
            ),
            Self::BadToken => (
                "bad-link-token",
                Status::Unauthorized,
                text(
                    "the link token is invalid or older than an hour, or its tool or consumer may \
                     not pick links; let the user open the picker again",
                ),
            ),
            Self::WrongMethod => {
                ("wrong-method", Status::MethodNotAllowed, text("POST the picked links"))
            }
            Self::Incomplete => (
                "incomplete",
                Status::RequestTimeout,
                format!(
                    "the body did not arrive within {} seconds, or the connection broke",
                    FORM_TIMEOUT.as_secs()
                ),
            ),
            Self::TooLarge(limit) => (
                "too-large",
                Status::PayloadTooLarge,
                format!("the body is larger than {} KiB; send fewer items", limit / 1024),
            ),
            Self::TooManyLinks => (
                "too-large",
                Status::PayloadTooLarge,
                format!("the URL has more than {LONGEST_URL} characters; send fewer items"),
            ),
            Self::TooManyForms => (
                "too-many-forms",
                Status::ServiceUnavailable,
                text("too many forms are arriving at once; send the links again in a few seconds"),
            ),
            Self::BadLinks(reason) => ("bad-links", Status::UnprocessableEntity, reason.clone()),
            Self::Failed => (
                "links-failed",
                Status::InternalServerError,
                text("the gateway could not seal the links; send them again"),
            ),
        }
    }

    /// The response, with a reference to the log line if there is one.
    pub(super) fn respond(&self, reference: Option<&str>) -> JsonResponse {
        let (code, status, message) = self.row();
        let mut body = json!({ "error": code, "message": message });
        if let Some(reference) = reference {
            body["reference"] = reference.into();
        }
        let mut response = JsonResponse::new(status, body.to_string());
        let mut header = |name, value: &str| response.headers.push((name, value.to_owned()));
        match self {
            Self::NoToken => header("WWW-Authenticate", "Bearer"),
            Self::BadToken => header("WWW-Authenticate", "Bearer error=\"invalid_token\""),
            Self::WrongMethod => header("Allow", "POST"),
            _ => {}
        }
        response
    }
}
