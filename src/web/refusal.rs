//! A refusal, dressed for its reader: status and page for the person, and for nobody more than they may know.

use std::io::Cursor;

use lti::{Rejection, ReturnUrl};
use rocket::http::{ContentType, Header, Method, Status};
use rocket::response::{Responder, Result as Answer};
use rocket::{Request, Response, catch};
use serde::Serialize;
use serde_json::json;

use super::page::{self, Html};
use crate::config::Tool;

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
    /// What must stay of a launch does not fit into a cookie.
    SessionTooLong,
    /// No session's cookie came, or none that opens here.
    NoSession,
    /// A ticket that is none, is late, or was used.
    BadTicket,
    /// Another site's page asked for something that only the tool's own pages may ask.
    ForeignOrigin,
    /// A path that leads out of where it begins, or is none.
    BadPath,
    /// A body whose length can be understood in two ways.
    AmbiguousLength,
    /// Headers over the limit.
    HeadersTooLarge,
    /// The body of a request inside a session stopped coming.
    UploadSlow,
    /// A method that is not passed on.
    MethodUnknown,
    /// The upstream cannot be reached, or broke off. Holds why.
    UpstreamGone(String),
    /// The upstream did not answer in time.
    UpstreamSlow,
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
    /// A stable name: in logs, and a heading of `docs/rejections.md`.
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
            Self::SessionTooLong => "session-too-long",
            Self::NoSession => "no-session",
            Self::BadTicket => "bad-ticket",
            Self::ForeignOrigin => "foreign-origin",
            Self::BadPath => "bad-path",
            Self::AmbiguousLength => "ambiguous-length",
            Self::HeadersTooLarge => "headers-too-large",
            Self::UploadSlow => "upload-slow",
            Self::MethodUnknown => "method-unknown",
            Self::UpstreamGone(_) => "upstream-gone",
            Self::UpstreamSlow => "upstream-slow",
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
            Self::UpstreamGone(words) => return format!("the upstream failed: {words}"),
            Self::SessionTooLong => {
                "user id, context id and resource link id do not fit into a cookie"
            }
            Self::NoSession => "no cookie that came opens a session at this address",
            Self::BadTicket => "the ticket is none of this session, was used before or is too old",
            Self::ForeignOrigin => "another site's page asked for a change, or for a WebSocket",
            Self::BadPath => {
                "the path has a segment of dots, in some spelling, or what no path can have"
            }
            Self::AmbiguousLength => "the body has two lengths, or one that is no number",
            Self::HeadersTooLarge => "the headers have more than 64 KiB",
            Self::UploadSlow => "the browser sent nothing of its body for 60 seconds",
            Self::MethodUnknown => "the method is not one that is passed on",
            Self::UpstreamSlow => "the upstream was silent for longer than the tool's timeout",
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
            Self::NotForm => {
                "have the platform launch with an LTI 1.1 form; LTI 1.3 and JSON are not served"
            }
            Self::TooLarge => "send less: a launch has 2 to 8 KiB",
            Self::Incomplete => {
                "launch again; if it happens to many, look at the network between the platform's users and the gateway"
            }
            Self::NoHost => "look at the proxy in front: it has to pass on exactly one Host header",
            Self::ForeignHost => "open it as localhost, or run it without --dev in a release build",
            Self::NoTool => "compare the launch URL in the platform with those at /",
            Self::SessionTooLong => {
                "have the platform send shorter ids: real ones have some 100 characters together"
            }
            Self::NoSession => {
                "launch again from the course; if it happens to one person at once, their browser keeps no cookies"
            }
            Self::BadTicket => "launch again from the course",
            Self::ForeignOrigin => {
                "let the app's own pages ask; a page of another site cannot be told from an attack"
            }
            Self::BadPath => "ask for the path itself, without dots",
            Self::AmbiguousLength => "look at the proxy in front: no browser sends this",
            Self::HeadersTooLarge => {
                "look at the cookies that the app sets: they are most of what browsers send"
            }
            Self::UploadSlow => {
                "try again; if it happens to many, look at the network between browsers and the gateway"
            }
            Self::MethodUnknown => {
                "use GET, HEAD, POST, PUT, DELETE, OPTIONS, TRACE or PATCH: Rocket knows no others"
            }
            Self::UpstreamGone(_) => "see that the upstream runs where the tool's `upstream` says",
            Self::UpstreamSlow => "see what the upstream waits for, or raise the tool's `timeout`",
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
            Self::SessionTooLong | Self::BadPath | Self::AmbiguousLength => Status::BadRequest,
            Self::NoSession | Self::BadTicket => Status::Unauthorized,
            Self::ForeignOrigin => Status::Forbidden,
            Self::HeadersTooLarge => Status::RequestHeaderFieldsTooLarge,
            Self::UploadSlow => Status::RequestTimeout,
            Self::MethodUnknown => Status::NotImplemented,
            Self::UpstreamGone(_) => Status::BadGateway,
            Self::UpstreamSlow => Status::GatewayTimeout,
            Self::Other(status) => *status,
        }
    }

    /// What a student reads: what happened in one sentence, and what to do.
    ///
    /// An unknown key and a wrong signature read the same, so that nobody can ask which keys exist.
    fn words(&self) -> (&'static str, &'static str) {
        const LAUNCH_AGAIN: &str =
            "Go back to your course, reload the page there and open the activity again.";
        const TELL_STAFF: &str = "Your course and this tool do not agree about their set-up. Please tell your course staff.";
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
            Self::TemplateFailed(_) | Self::PageFailed => (
                "The tool has a fault",
                "Its page could not be made. Please tell your course staff.",
            ),
            Self::SessionTooLong => ("The tool could not be opened", TELL_STAFF),
            Self::NoSession => (
                "Launch this again from your course",
                "It was open for too long, or your browser did not keep what it needs. Go back to your course and open the activity again.",
            ),
            Self::BadTicket => ("This launch was used before, or is too old", LAUNCH_AGAIN),
            Self::ForeignOrigin => (
                "That did not work",
                "Another site asked for this on your behalf. If you did this in the tool itself, please tell your course staff.",
            ),
            Self::UploadSlow => {
                ("Not everything arrived", "Your network may be slow. Please try again.")
            }
            Self::UpstreamGone(_) => (
                "The tool is out of reach",
                "It does not run, or has a fault. Please try again in a few minutes.",
            ),
            Self::UpstreamSlow => (
                "The tool takes too long",
                "It did not answer in time. Please try again in a few minutes.",
            ),
            Self::NoTool | Self::Other(Status::NotFound) => (
                "There is nothing here",
                "The address may be misspelt. Tools are opened from a course.",
            ),
            Self::BadPath
            | Self::AmbiguousLength
            | Self::HeadersTooLarge
            | Self::MethodUnknown
            | Self::Other(_) => ("That did not work", "The request was not understood."),
        }
    }

    /// The same answer, with a line in the log: something is set up wrong, and no tool's line tells of it.
    pub(super) fn respond_and_log(&self, request: &Request<'_>) -> Response<'static> {
        let path: String = request.uri().path().as_str().chars().take(200).collect();
        let (code, reason, help) = (self.code(), self.reason(), self.advice());
        tracing::warn!(target: "request", outcome = "refused", code, method = request.method().as_str(), path, reason, help);
        self.respond()
    }

    /// The answer inside a tool's session: a page, or JSON for a script that asks for it, with a reference that leads to a line in
    /// the log. Without the path, which may say something about a person.
    pub(super) fn respond_in_session(
        &self,
        tool: &Tool,
        request: &Request<'_>,
    ) -> Response<'static> {
        let reference = reference();
        let (code, reason, help) = (self.code(), self.reason(), self.advice());
        let (tool_name, method) = (tool.name.as_str(), request.method().as_str());
        // What browsers do, they do often: only what an admin can mend is a warning.
        if self.status().code >= 500 {
            tracing::warn!(target: "request", tool = tool_name, outcome = "refused", code, method, reference, reason, help);
        } else {
            tracing::info!(target: "request", tool = tool_name, outcome = "refused", code, method, reference, reason, help);
        }
        if !asks_for_json(request) {
            return self.page(&reference, "", &tool.frame_ancestors);
        }
        let (message, _) = self.words();
        let text = json!({ "error": code, "message": message, "reference": reference }).to_string();
        Response::build()
            .status(self.status())
            .header(ContentType::JSON)
            .header(Header::new("Cache-Control", "no-store"))
            .sized_body(text.len(), Cursor::new(text))
            .finalize()
    }

    /// The answer where no tool is concerned.
    pub(super) fn respond(&self) -> Response<'static> {
        // Also a misspelt launch URL shows in a platform's frame.
        self.page("", "", "*")
    }

    fn page(&self, reference: &str, return_url: &str, frame_ancestors: &str) -> Response<'static> {
        let (heading, message) = self.words();
        let context = RefusalContext { heading, message, reference, return_url };
        let text =
            page::render("refusal.html.tera", &context).unwrap_or_else(|| heading.to_owned());
        let mut response = Html::framed(text, frame_ancestors).into_response(self.status());
        // Which methods, and which credentials, would do (RFC 9110 §15.5.2 and §15.5.6).
        match self.status() {
            Status::MethodNotAllowed => response.set_header(Header::new("Allow", "POST")),
            Status::Unauthorized if matches!(self, Self::Rejected(_)) => {
                response.set_header(Header::new("WWW-Authenticate", "OAuth"))
            }
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

/// What Rocket takes for no request. It takes a method that it does not know for a GET; of another malformed request it has no
/// path.
#[catch(400)]
pub(super) fn malformed(status: Status, request: &Request<'_>) -> Refusal {
    match request.method() {
        Method::Get => Refusal::MethodUnknown,
        _ => Refusal::Other(status),
    }
}

/// Whether a script asks, which can do nothing with a page.
fn asks_for_json(request: &Request<'_>) -> bool {
    let accepts = |what: &str| {
        request.headers().get("Accept").any(|value| value.to_ascii_lowercase().contains(what))
    };
    (accepts("application/json") || accepts("+json")) && !accepts("text/html")
}

/// Eight characters that lead from a page to its line in the log. Easy to read aloud: no I, L, O or U.
pub(super) fn reference() -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut random = [0; 8];
    // Without randomness there is no reference, which is no reason to refuse a launch.
    if getrandom::fill(&mut random).is_err() {
        return "--------".to_owned();
    }
    random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
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
