//! The refusals: one row each.
//!
//! A row has the code (a heading of `docs/rejections.md`), the status, the fact and the advice for
//! the log, and the words of the page for a person. Numbers come from the constants that they
//! describe.

use lti::Rejection;
use rocket::http::Status;

use super::words::{self, Words};
use crate::proxy::request::MOST_HEADER_BYTES;
use crate::web::body::{BodyError, FORM_TIMEOUT};
use crate::web::proxy::upload::UPLOAD_TIMEOUT;

/// Declares [`Refusal`] and its columns, a row per variant.
macro_rules! refusals {
    ($(
        $(#[$doc:meta])*
        $variant:ident $(($value:ident: $type:ty))? => $code:expr, $status:expr,
            fact: $fact:literal $(, $($argument:expr),+)?;
            advice: $advice:expr;
            page: $page:expr;
    )+) => {
        /// Why a request is not answered with what it asked for.
        #[derive(Debug, PartialEq, Eq)]
        pub(in crate::web) enum Refusal {
            $($(#[$doc])* $variant $(($type))?,)+
        }

        // A column need not use the value that its variant holds.
        #[allow(unused_variables)]
        impl Refusal {
            /// A stable name: in logs, and a heading of `docs/rejections.md`.
            pub(in crate::web) fn code(&self) -> &'static str {
                match self { $(Self::$variant $(($value))? => $code,)+ }
            }

            /// The status of the answer.
            pub(in crate::web) fn status(&self) -> Status {
                match self { $(Self::$variant $(($value))? => $status,)+ }
            }

            /// The fact, for the log.
            pub(in crate::web) fn fact(&self) -> String {
                match self { $(Self::$variant $(($value))? => format!($fact $(, $($argument),+)?),)+ }
            }

            /// What an admin can do, for the log.
            pub(in crate::web) fn advice(&self) -> &'static str {
                match self { $(Self::$variant $(($value))? => $advice,)+ }
            }

            /// The words of the page.
            pub(super) fn words(&self) -> Words {
                match self { $(Self::$variant $(($value))? => $page,)+ }
            }
        }
    };
}

refusals! {
    /// The launch was examined and rejected.
    Rejected(rejection: Rejection) => rejection.code(), rejected(rejection).0,
        fact: "{rejection}";
        advice: rejection.advice();
        page: rejected(rejection).1;

    /// A launch path was opened without a launch.
    NotPosted => "not-posted", Status::MethodNotAllowed,
        fact: "a launch path was opened, not posted to";
        advice: "open it from a course";
        page: words::OPEN_FROM_COURSE;

    /// The entry URL of a session was asked with another method than GET and POST.
    NotEntered => "not-posted", Status::MethodNotAllowed,
        fact: "the entry URL of a session takes GET and POST only";
        advice: "open it from a course";
        page: words::OPEN_FROM_COURSE;

    /// The launch is not a form.
    NotForm => "not-a-form", Status::UnsupportedMediaType,
        fact: "the body is not application/x-www-form-urlencoded";
        advice: "have the platform launch with an LTI 1.1 form; LTI 1.3 and JSON are not served";
        page: words::NOT_OPENED;

    /// The body is larger than this many bytes.
    TooLarge(limit: u64) => "too-large", Status::PayloadTooLarge,
        fact: "the body is larger than {} KiB", limit / 1024;
        advice: "send less: a launch has 2 to 8 KiB";
        page: words::NOT_OPENED;

    /// A form did not arrive in time, or broke off.
    Incomplete => "incomplete", Status::RequestTimeout,
        fact: "the body did not arrive within {} seconds, or broke off", FORM_TIMEOUT.as_secs();
        advice: "launch again; if it happens to many, look at the network between the platform's users and the gateway";
        page: words::NOT_ARRIVED;

    /// The request has no `Host` header, or several.
    NoHost => "no-host", Status::BadRequest,
        fact: "the request has no Host header, a malformed one or two";
        advice: "look at the proxy in front: it has to pass on exactly one Host header";
        page: words::NOT_THIS_WAY;

    /// In development, a `Host` that is not this machine.
    ForeignHost => "foreign-host", Status::BadRequest,
        fact: "development answers loopback hosts only";
        advice: "open it as localhost, or run it without --dev in a release build";
        page: words::NOT_THIS_WAY;

    /// The tool's template failed at this place; in development with Tera's message.
    TemplateFailed(place: String) => "template-failed", Status::InternalServerError,
        fact: "the template failed at {place}";
        advice: "mend the template: what it uses there, this launch does not have; `or` gives another value";
        page: words::FAULT;

    /// One of the gateway's own pages could not be rendered.
    PageFailed => "page-failed", Status::InternalServerError,
        fact: "a built-in page could not be made";
        advice: "report it";
        page: words::FAULT;

    /// No tool is launched at this path.
    NoTool => "no-tool", Status::NotFound,
        fact: "no tool is launched at this path";
        advice: "compare the launch URL in the platform with those at /";
        page: words::NOTHING_HERE;

    /// What a session needs of a launch does not fit into a cookie.
    SessionTooLong => "session-too-long", Status::BadRequest,
        fact: "user id, context id and resource link id do not fit into a cookie";
        advice: "have the platform send shorter ids: real ones have some 100 characters together";
        page: words::NOT_OPENED;

    /// No cookie opens a session here.
    NoSession => "no-session", Status::Unauthorized,
        fact: "no cookie that came opens a session at this address";
        advice: "launch again from the course; if it happens to one person at once, their browser keeps no cookies";
        page: words::LAUNCH_EXPIRED;

    /// A ticket that is invalid, too old, or was used.
    BadTicket => "bad-ticket", Status::Unauthorized,
        fact: "the ticket is none of this session, was used before or is too old";
        advice: "launch again from the course";
        page: words::TICKET_USED;

    /// Another site's page asked for something that only the tool's own pages may ask.
    ForeignOrigin => "foreign-origin", Status::Forbidden,
        fact: "another site's page asked for a change, or for a WebSocket";
        advice: "let the app's own pages ask; a page of another site cannot be told from an attack";
        page: words::OTHER_SITE;

    /// A path that leads out of where it begins, or is malformed.
    BadPath => "bad-path", Status::BadRequest,
        fact: "the path has a segment of dots, in some spelling, or what no path can have";
        advice: "ask for the path itself, without dots";
        page: words::NOT_UNDERSTOOD;

    /// A body whose length can be understood in two ways.
    AmbiguousLength => "ambiguous-length", Status::BadRequest,
        fact: "the body has two lengths, or one that is no number";
        advice: "look at the proxy in front: no browser sends this";
        page: words::NOT_UNDERSTOOD;

    /// Headers over the limit.
    HeadersTooLarge => "headers-too-large", Status::RequestHeaderFieldsTooLarge,
        fact: "the headers have more than {} KiB", MOST_HEADER_BYTES / 1024;
        advice: "look at the cookies that the app sets: they are most of what browsers send";
        page: words::NOT_UNDERSTOOD;

    /// The body of a request inside a session stopped coming.
    UploadSlow => "upload-slow", Status::RequestTimeout,
        fact: "the browser sent nothing of its body for {} seconds", UPLOAD_TIMEOUT.as_secs();
        advice: "try again; if it happens to many, look at the network between browsers and the gateway";
        page: words::UPLOAD_CUT;

    /// The browser broke off the body of a request inside a session.
    UploadBroken => "incomplete", Status::RequestTimeout,
        fact: "the browser broke off its body";
        advice: "try again; if it happens to many, look at the network between browsers and the gateway";
        page: words::UPLOAD_CUT;

    /// A method that is not passed on.
    MethodUnknown => "method-unknown", Status::NotImplemented,
        fact: "the method is not one that is passed on";
        advice: "use GET, HEAD, POST, PUT, DELETE, OPTIONS, TRACE or PATCH: Rocket knows no others";
        page: words::NOT_UNDERSTOOD;

    /// The upstream cannot be reached, or broke off. Holds why.
    UpstreamGone(message: String) => "upstream-gone", Status::BadGateway,
        fact: "the upstream failed: {message}";
        advice: "see that the upstream runs where the tool's `upstream` says";
        page: words::OUT_OF_REACH;

    /// The upstream did not answer in time.
    UpstreamSlow => "upstream-slow", Status::GatewayTimeout,
        fact: "the upstream was silent for longer than the tool's timeout";
        advice: "see what the upstream waits for, or raise the tool's `timeout`";
        page: words::TOO_SLOW;

    /// Rocket refused the request itself.
    Other(status: Status) => "other", *status,
        fact: "the request was not understood";
        advice: "report it";
        page: words::of_status(*status);
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge(limit) => Self::TooLarge(limit),
            BodyError::Incomplete => Self::Incomplete,
        }
    }
}

/// The columns that the web adds to a rejection: the status and the words of the page.
///
/// An unknown key and a wrong signature read the same, so that nobody can ask which keys exist.
fn rejected(rejection: &Rejection) -> (Status, Words) {
    match rejection {
        Rejection::UnknownConsumer(_)
        | Rejection::SignatureMethodNotAllowed(_)
        | Rejection::BadSignature => (Status::Unauthorized, words::NOT_OPENED),
        Rejection::Stale { .. } => (Status::Unauthorized, words::OPEN_TOO_LONG),
        Rejection::Replayed => (Status::Unauthorized, words::USED_BEFORE),
        Rejection::RoleNotAllowed(_) => (Status::Forbidden, words::OTHER_ROLE),
        Rejection::ReplayStoreFull => (Status::ServiceUnavailable, words::TOO_MANY),
        _ => (Status::BadRequest, words::NOT_OPENED),
    }
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

    #[test]
    fn a_fact_has_the_number_of_its_limit() {
        assert_eq!(Refusal::TooLarge(64 * 1024).fact(), "the body is larger than 64 KiB");
        assert_eq!(Refusal::HeadersTooLarge.fact(), "the headers have more than 64 KiB");
        assert_eq!(
            Refusal::Incomplete.fact(),
            "the body did not arrive within 15 seconds, or broke off"
        );
        assert_eq!(
            Refusal::UploadSlow.fact(),
            "the browser sent nothing of its body for 60 seconds"
        );
    }
}
