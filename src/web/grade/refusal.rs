//! The table of refused grade calls: one row per variant.
//!
//! A row has the code (`docs/grades.md` explains each), the status, the fact and the advice for the
//! app. The advice is empty if the platform's message is all that there is to know. Numbers come
//! from the constants that they describe.

use rocket::http::Status;
use serde_json::{Map, Value};

use super::response::{JsonResponse, platform};
use crate::grade::GradeError;
use crate::platform::PlatformError;
use crate::session::GRADE_TOKEN_LIFETIME;
use crate::state::StateError;
use crate::web::limit::FORM_TIMEOUT;

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
        fact: "the grade token is invalid or older than {} days, \
               or its tool or consumer may not send grades", GRADE_TOKEN_LIFETIME / 86_400;
        advice: "let the learner launch again";

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
        if let Some((status, description)) = self.platform_error().and_then(said) {
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
        response
    }

    /// The fact and the advice.
    fn message(&self) -> String {
        match self.advice() {
            advice if advice.is_empty() => self.fact(),
            advice => format!("{}; {advice}", self.fact()),
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

/// The status and the message of the platform's response, if there was one.
fn said(error: &PlatformError) -> Option<(u16, &str)> {
    match error {
        PlatformError::Refused { status, description }
        | PlatformError::RefusedByStatus { status, description }
        | PlatformError::ScopeRefused { status, description, .. }
        | PlatformError::ClientRefused { status, description, .. }
        | PlatformError::Conflict { status, description }
        | PlatformError::Unavailable { status, description, .. } => Some((*status, description)),
        PlatformError::Redirected { status, .. }
        | PlatformError::InvalidResponse { status, .. } => Some((*status, "")),
        PlatformError::NotAllowed(_)
        | PlatformError::NoResults
        | PlatformError::Removed
        | PlatformError::Unreachable(_) => None,
    }
}
