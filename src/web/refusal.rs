//! A refusal, dressed for its reader: status and page for the person, and for nobody more than they may know.

use lti::{Rejection, ReturnUrl};
use rocket::http::{Header, Status};
use rocket::response::{Responder, Result as Answer};
use rocket::{Request, Response, catch};
use serde::Serialize;

use super::page::{self, Html};

/// Why a request is not answered with what it asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The launch was examined and refused.
    Rejected(Rejection),
    /// A launch path, but not a POST.
    NotPosted,
    /// A launch that is no form.
    NotForm,
    /// A body over the limit.
    TooLarge,
    /// A body that did not arrive in time, or broke off.
    Incomplete,
    /// No `Host`, or several.
    NoHost,
    /// In development, a `Host` that is not this machine.
    ForeignHost,
    /// The tool's template failed. Holds where and, in development, Tera's words.
    TemplateFailed(String),
    /// One of the gateway's own pages could not be made.
    PageFailed,
    /// No tool is launched at this path.
    NoTool,
    /// Rocket refused the request itself.
    Other(Status),
}

/// A refused launch, for its page.
pub(super) struct RefusedLaunch<'a> {
    pub(super) refusal: &'a Refusal,
    pub(super) reference: &'a str,
    pub(super) return_url: Option<&'a ReturnUrl>,
    pub(super) frame_ancestors: &'a str,
}

#[derive(Default, Serialize)]
struct RefusalContext<'a> {
    heading: &'a str,
    message: &'a str,
    reference: &'a str,
    return_url: &'a str,
}

impl Refusal {
    /// A stable name: in logs, and a heading of `docs/refusals.md`.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::NotPosted => "not-posted",
            Self::NotForm => "not-a-form",
            Self::TooLarge => "too-large",
            Self::Incomplete => "incomplete",
            Self::NoHost => "no-host",
            Self::ForeignHost => "foreign-host",
            Self::TemplateFailed(_) => "template-failed",
            Self::PageFailed => "page-failed",
            Self::NoTool => "no-tool",
            Self::Other(_) => "other",
        }
    }

    /// The fact, for the log.
    pub(super) fn reason(&self) -> String {
        let reason = match self {
            Self::Rejected(rejection) => return rejection.to_string(),
            Self::TemplateFailed(place) => return format!("the template failed at {place}"),
            Self::NotPosted => "a launch path was opened, not posted to",
            Self::NotForm => "the body is not application/x-www-form-urlencoded",
            Self::TooLarge => "the body is larger than 256 KiB",
            Self::Incomplete => "the body did not arrive within 15 seconds, or broke off",
            Self::NoHost => "the request has no Host header, a malformed one or two",
            Self::ForeignHost => "development answers loopback hosts only",
            Self::PageFailed => "a built-in page could not be made",
            Self::NoTool => "no tool is launched at this path",
            Self::Other(_) => "the request was not understood",
        };
        reason.to_owned()
    }

    /// What an admin can do, for the log.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.advice(),
            Self::TemplateFailed(_) => {
                "mend the template: what it uses there, this launch does not have; `or` gives another value"
            }
            Self::NotPosted => "open it from a course",
            Self::NotForm => "have the platform launch with an LTI 1.1 form; LTI 1.3 and JSON are not served",
            Self::TooLarge => "send less: a launch has 2 to 8 KiB",
            Self::Incomplete => {
                "launch again; if it happens to many, look at the network between the platform's users and the gateway"
            }
            Self::NoHost => "look at the proxy in front: it has to pass on exactly one Host header",
            Self::ForeignHost => "open it as localhost, or run it without --dev in a release build",
            Self::NoTool => "compare the launch URL in the platform with those at /",
            Self::PageFailed | Self::Other(_) => "report it",
        }
    }

    pub(super) fn status(&self) -> Status {
        match self {
            Self::Rejected(rejection) => match rejection {
                Rejection::UnknownConsumer(_)
                | Rejection::SignatureMethodNotAllowed(_)
                | Rejection::BadSignature
                | Rejection::Stale { .. }
                | Rejection::Replayed => Status::Unauthorized,
                Rejection::RoleNotAllowed(_) => Status::Forbidden,
                Rejection::ReplayMemoryFull => Status::ServiceUnavailable,
                _ => Status::BadRequest,
            },
            Self::NotPosted => Status::MethodNotAllowed,
            Self::NotForm => Status::UnsupportedMediaType,
            Self::TooLarge => Status::PayloadTooLarge,
            Self::Incomplete => Status::RequestTimeout,
            Self::NoHost | Self::ForeignHost => Status::BadRequest,
            Self::TemplateFailed(_) | Self::PageFailed => Status::InternalServerError,
            Self::NoTool => Status::NotFound,
            Self::Other(status) => *status,
        }
    }

    /// What a student reads: what happened in one sentence, and what to do.
    ///
    /// An unknown key and a wrong signature read the same, so that nobody can ask which keys exist.
    fn words(&self) -> (&'static str, &'static str) {
        const LAUNCH_AGAIN: &str =
            "Go back to your course, reload the page there and open the activity again.";
        const TELL_STAFF: &str =
            "Your course and this tool do not agree about their set-up. Please tell your course staff.";
        match self {
            Self::Rejected(rejection) => match rejection {
                Rejection::Stale { .. } => ("This page was open for too long", LAUNCH_AGAIN),
                Rejection::Replayed => ("This launch was used before", LAUNCH_AGAIN),
                Rejection::RoleNotAllowed(_) => (
                    "This activity is not for your role",
                    "Your role in this course does not open it. If you think that it should, please tell your course staff.",
                ),
                Rejection::ReplayMemoryFull => (
                    "Very many people are coming in right now",
                    "Wait a few minutes, then open the activity again from your course.",
                ),
                _ => ("The tool could not be opened", TELL_STAFF),
            },
            Self::NotPosted => (
                "Open this from your course",
                "This address belongs into a course: the learning platform opens it for you and tells the tool who you are.",
            ),
            Self::NotForm | Self::TooLarge => ("The tool could not be opened", TELL_STAFF),
            Self::Incomplete => ("The launch did not arrive", LAUNCH_AGAIN),
            Self::NoHost | Self::ForeignHost => (
                "Not this way",
                "The request does not say for which host it is, or names one that is not served here.",
            ),
            Self::TemplateFailed(_) | Self::PageFailed => {
                ("The tool has a fault", "Its page could not be made. Please tell your course staff.")
            }
            Self::NoTool | Self::Other(Status::NotFound) => {
                ("There is nothing here", "The address may be misspelt. Tools are opened from a course.")
            }
            Self::Other(_) => ("That did not work", "The request was not understood."),
        }
    }

    /// The same answer, with a line in the log: something is set up wrong, and no tool's line tells of it.
    pub(super) fn respond_and_log(&self, request: &Request<'_>) -> Response<'static> {
        let path: String = request.uri().path().as_str().chars().take(200).collect();
        let (code, reason, help) = (self.code(), self.reason(), self.advice());
        tracing::warn!(target: "request", outcome = "refused", code, method = request.method().as_str(), path, reason, help);
        self.respond()
    }

    /// The answer where no tool is concerned.
    pub(super) fn respond(&self) -> Response<'static> {
        // Also a misspelt launch URL shows in a platform's frame.
        self.page("", "", "*")
    }

    fn page(&self, reference: &str, return_url: &str, frame_ancestors: &str) -> Response<'static> {
        let (heading, message) = self.words();
        let context = RefusalContext { heading, message, reference, return_url };
        let text = page::render("refusal.html.tera", &context).unwrap_or_else(|| heading.to_owned());
        let mut response = Html::framed(text, frame_ancestors).into_response(self.status());
        // Which methods, and which credentials, would do (RFC 9110 §15.5.2 and §15.5.6).
        match self.status() {
            Status::MethodNotAllowed => response.set_header(Header::new("Allow", "POST")),
            Status::Unauthorized => response.set_header(Header::new("WWW-Authenticate", "OAuth")),
            _ => false,
        };
        response
    }
}

impl RefusedLaunch<'_> {
    pub(super) fn respond(&self) -> Response<'static> {
        let (heading, _) = self.refusal.words();
        let return_url = self.return_url.map(|url| url.with_error(heading)).unwrap_or_default();
        self.refusal.page(self.reference, &return_url, self.frame_ancestors)
    }
}

impl<'r> Responder<'r, 'static> for Refusal {
    fn respond_to(self, _: &'r Request<'_>) -> Answer<'static> {
        Ok(self.respond())
    }
}

/// What no route answers.
#[catch(default)]
pub(super) fn unmatched(status: Status, _: &Request<'_>) -> Refusal {
    Refusal::Other(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_reads_like_a_wrong_signature() {
        let shown = |rejection| {
            let refusal = Refusal::Rejected(rejection);
            (refusal.status(), refusal.words())
        };
        let unknown = shown(Rejection::UnknownConsumer(Some("key".into())));
        assert_eq!(unknown, shown(Rejection::UnknownConsumer(None)));
        assert_eq!(unknown, shown(Rejection::BadSignature));
        assert_eq!(unknown, shown(Rejection::SignatureMethodNotAllowed("HMAC-SHA1")));
    }
}
