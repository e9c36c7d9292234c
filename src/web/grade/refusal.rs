//! The table of refused grade calls: one row per variant.
//!
//! A row has the code (`docs/grades.md` explains each), the status, the fact and the advice for the
//! app. The advice is empty if the platform's message is all that there is to know. Numbers come
//! from the constants that they describe.

use rocket::http::Status;
use serde_json::{Map, Value};

use super::response::{JsonResponse, platform};
use crate::grade::GradeError;
use crate::platform::{MembersError, PlatformError};
use crate::state::StateError;
use crate::web::limit::FORM_TIMEOUT;
use crate::web::members_failure;

/// Declares [`GradeRefusal`] and one method per column.
macro_rules! grade_refusals {
    ($(
        $(#[$doc:meta])*
        $variant:ident $(($value:ident: $type:ty))? => $code:expr, $status:expr,
            fact: $fact:literal $(, $($argument:expr),+)?;
            advice: $advice:literal $(, $($number:expr),+)?;
    )+) => {
        /// Why the gateway refuses a grade call.
        pub(super) enum GradeRefusal {
            $($(#[$doc])* $variant $(($type))?,)+
        }

        // Some columns do not use the value of their variant.
        #[allow(unused_variables)]
        impl GradeRefusal {
            /// The stable code for logs and responses; a row of `docs/grades.md`.
            pub(super) fn code(&self) -> &'static str {
                match self { $(Self::$variant $(($value))? => $code,)+ }
            }

            /// The status of the response.
            fn status(&self) -> Status {
                match self { $(Self::$variant $(($value))? => $status,)+ }
            }

            /// The fact.
            pub(super) fn fact(&self) -> String {
                match self {
                    $(Self::$variant $(($value))? => format!($fact $(, $($argument),+)?),)+
                }
            }

            /// The fix, for the author of the app. May be empty.
            fn advice(&self) -> String {
                match self {
                    $(Self::$variant $(($value))? => format!($advice $(, $($number),+)?),)+
                }
            }
        }
    };
}

grade_refusals! {
    /// The request has no grade token.
    NoToken => "no-grade-token", Status::Unauthorized,
        fact: "the request has no grade token";
        advice: "send `Authorization: Bearer <X-LTI-Grade-Token>`";

    /// The grade token is invalid, expired or revoked.
    BadToken => "bad-grade-token", Status::Unauthorized,
        fact: "the grade token is invalid or has expired, \
               or its tool or consumer may not send grades";
        advice: "let the user launch again";

    /// The grade token is that of a learner, and the request names a user.
    UserNotAllowed => "user-not-allowed", Status::UnprocessableEntity,
        fact: "this grade token is for the grade of one learner, and the request names a user";
        advice: "remove the user, or send X-LTI-Course-Grade-Token";

    /// The token is a course grade token, and the request names no user.
    UserMissing => "user-missing", Status::UnprocessableEntity,
        fact: "with a course grade token, each request names the learner";
        advice: "add `\"user\"` to the body of a POST, or `?user=` to the URL";

    /// The course has no such user.
    UnknownUser => "unknown-user", Status::UnprocessableEntity,
        fact: "the course has no such user";
        advice: "send an id of GET /members, or of the learner's X-Forwarded-User";

    /// By LTI 1.1, the course staff cannot name a learner's result.
    OwnResultOnly => "no-course-grades", Status::Conflict,
        fact: "by LTI 1.1, only the learner's own launch names the learner's result";
        advice: "send the grade with the learner's own grade token, or launch the tool by LTI 1.3";

    /// The gateway could not find out whether the user is a member of the course.
    MembersFailed(error: MembersError) =>
        members_failure::code(error), members_failure::status(error),
        fact: "{}", members_failure::message(error);
        advice: "";

    /// The method is not `POST`, `GET` or `DELETE`.
    WrongMethod => "wrong-method", Status::MethodNotAllowed,
        fact: "this method is not allowed";
        advice: "POST a grade, GET it, or DELETE it";

    /// The token's learner and resource link have no grade with this id.
    NoSuchGrade => "no-such-grade", Status::NotFound,
        fact: "the learner and resource link of the grade token have no grade with this id";
        advice: "";

    /// The body did not arrive in time, or the connection broke.
    Incomplete => "incomplete", Status::RequestTimeout,
        fact: "the body did not arrive within {} seconds, or the connection broke",
            FORM_TIMEOUT.as_secs();
        advice: "";

    /// The body is larger than this limit, in bytes.
    TooLarge(limit: u64) => "too-large", Status::PayloadTooLarge,
        fact: "the body is larger than {} KiB", limit / 1024;
        advice: "";

    /// The forms and grades that are arriving use all the memory for them.
    TooManyForms => "too-many-forms", Status::ServiceUnavailable,
        fact: "too many forms and grades are arriving at once";
        advice: "send the grade again in a few seconds";

    /// The body is not a grade. Holds the reason.
    BadGrade(reason: String) => "bad-grade", Status::UnprocessableEntity,
        fact: "{reason}";
        advice: "";

    /// `outcome_hosts` does not allow the platform's grade URL.
    OutcomeNotAllowed(error: PlatformError) => "outcome-not-allowed", Status::Conflict,
        fact: "{error}";
        advice: "";

    /// The platform does not grant the scope of the service.
    ScopeRefused(error: PlatformError) => "scope-refused", Status::BadGateway,
        fact: "{error}";
        advice: "";

    /// The platform grants the gateway no access token.
    ClientRefused(error: PlatformError) => "client-refused", Status::ServiceUnavailable,
        fact: "{error}";
        advice: "";

    /// The launch does not grant the scope to read results.
    NoResults => "no-results", Status::Conflict,
        fact: "the platform does not let the tool read results";
        advice: "allow it in the platform: the scope result.readonly of its grade service";

    /// The platform refused the grade.
    PlatformRefused(error: PlatformError) => "platform-refused", Status::BadGateway,
        fact: "{error}";
        advice: "";

    /// The platform's response is a redirect, or invalid.
    PlatformResponse(error: PlatformError) => "platform-answer", Status::BadGateway,
        fact: "{error}";
        advice: "";

    /// The platform is unreachable or unavailable.
    PlatformUnreachable(error: PlatformError) =>
        "platform-unreachable", Status::ServiceUnavailable,
        fact: "{error}";
        advice: "";

    /// The platform did not respond within the tool's timeout.
    PlatformSlow => "platform-slow", Status::GatewayTimeout,
        fact: "the platform did not respond within the tool's timeout";
        advice: "";

    /// The queue of grades is full. The gateway did not send the grade.
    StateFull => "state-unavailable", Status::ServiceUnavailable,
        fact: "the queue of grades is full, so the gateway did not send the grade";
        advice: "send the grade again later";

    /// The state could not be written. Nobody knows whether it has the grade.
    StateUnavailable(error: StateError) => "state-unavailable", Status::ServiceUnavailable,
        fact: "the gateway may not have stored the grade: {error}";
        advice: "send the grade again";

    /// The state of a stored grade could not be read.
    ReportUnavailable(error: StateError) => "state-unavailable", Status::ServiceUnavailable,
        fact: "the state of the grade cannot be read: {error}";
        advice: "";

    /// The gateway is shutting down.
    ShuttingDown => "state-unavailable", Status::ServiceUnavailable,
        fact: "the gateway is shutting down";
        advice: "send the grade again";
}

impl From<GradeError> for GradeRefusal {
    fn from(error: GradeError) -> Self {
        match error {
            GradeError::NoSender => Self::BadToken,
            GradeError::Slow => Self::PlatformSlow,
            GradeError::State(StateError::Full) => Self::StateFull,
            GradeError::State(error) => Self::StateUnavailable(error),
            GradeError::Stopped => Self::ShuttingDown,
            GradeError::Platform(error) => match error {
                PlatformError::Removed => Self::BadToken,
                PlatformError::NotAllowed(_) => Self::OutcomeNotAllowed(error),
                PlatformError::Refused { .. }
                | PlatformError::RefusedByStatus { .. }
                | PlatformError::Conflict { .. } => Self::PlatformRefused(error),
                PlatformError::ScopeRefused { .. } => Self::ScopeRefused(error),
                PlatformError::ClientRefused { .. } => Self::ClientRefused(error),
                PlatformError::NoResults => Self::NoResults,
                PlatformError::Redirected { .. } | PlatformError::InvalidResponse { .. } => {
                    Self::PlatformResponse(error)
                }
                PlatformError::Unavailable { .. } | PlatformError::Unreachable(_) => {
                    Self::PlatformUnreachable(error)
                }
            },
        }
    }
}

impl GradeRefusal {
    /// The response, with a reference to the log line if there is one.
    pub(super) fn respond(&self, reference: Option<&str>) -> JsonResponse {
        let status = self.status();
        let mut body = Map::new();
        body.insert("error".into(), self.code().into());
        body.insert("message".into(), self.message().into());
        if let Some(reference) = reference {
            body.insert("reference".into(), reference.into());
        }
        if let Some((status, description)) = self.platform_response() {
            body.insert("platform".into(), platform(status, description));
        }
        let mut response = JsonResponse::new(status, Value::Object(body).to_string());
        if status == Status::Unauthorized {
            let challenge = match self {
                Self::NoToken => "Bearer",
                _ => "Bearer error=\"invalid_token\"",
            };
            response.headers.push(("WWW-Authenticate", challenge.to_owned()));
        }
        if status == Status::MethodNotAllowed {
            response.headers.push(("Allow", "GET, HEAD, POST, DELETE".to_owned()));
        }
        if let Some(PlatformError::Unavailable { retry_after: Some(seconds), .. }) =
            self.platform_error()
        {
            response.headers.push(("Retry-After", seconds.to_string()));
        }
        if let Self::MembersFailed(error) = self
            && let Some(seconds) = members_failure::retry_after(error)
        {
            response.headers.push(("Retry-After", seconds.to_string()));
        }
        response
    }

    /// The fact and the advice.
    fn message(&self) -> String {
        match self.advice() {
            advice if advice.is_empty() => self.fact(),
            advice => format!("{}; {advice}", self.fact()),
        }
    }

    /// The status and the message of the platform's response, if there was one.
    fn platform_response(&self) -> Option<(u16, &str)> {
        match self {
            Self::MembersFailed(error) => members_failure::response(error),
            _ => self.platform_error().and_then(PlatformError::response),
        }
    }

    /// The reason for the log. It can quote neither the body nor a platform's free text.
    pub(super) fn log_reason(&self) -> String {
        match self {
            Self::BadGrade(_) => "the body is not a grade".to_owned(),
            Self::MembersFailed(error) => members_failure::log_reason(error),
            _ => self.platform_error().map_or_else(|| self.fact(), PlatformError::log_reason),
        }
    }

    fn platform_error(&self) -> Option<&PlatformError> {
        match self {
            Self::OutcomeNotAllowed(error)
            | Self::ScopeRefused(error)
            | Self::ClientRefused(error)
            | Self::PlatformRefused(error)
            | Self::PlatformResponse(error)
            | Self::PlatformUnreachable(error) => Some(error),
            _ => None,
        }
    }
}
