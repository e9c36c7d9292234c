//! `/grades`: an upstream sends, reads or clears one learner's grade.
//!
//! Programs read the answers, so that all of them are JSON: a status, and a reason that has a name.

use std::convert::Infallible;
use std::io::Cursor;
use std::time::Instant;

use lti::Score;
use rocket::http::{ContentType, Header, Method, Status};
use rocket::request::{self, FromRequest};
use rocket::response::{self, Responder};
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Response, Route, State, delete, get, post};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::body::{self, BodyError, FORM_TIMEOUT};
use super::gateway::Gateway;
use super::refusal::reference;
use crate::grade::{GradeError, Sent};
use crate::platform::{PlatformError, PlatformResponse, masked};
use crate::session::GradeToken;
use crate::state::{Action, StateError, StoredGrade};

/// The largest body.
const LARGEST_BODY: u64 = 64 * 1024;
/// The longest comment, in characters.
const LONGEST_COMMENT: usize = 5000;

/// The routes.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = rocket::routes![replace, read, clear, find];
    let wrong = [Method::Put, Method::Patch, Method::Options];
    routes.extend(wrong.map(|method| Route::new(method, "/grades", WrongMethod)));
    let wrong = [Method::Post, Method::Delete, Method::Put, Method::Patch, Method::Options];
    routes.extend(wrong.map(|method| Route::new(method, "/grades/<_>", WrongMethod)));
    routes
}

/// Tells programs what they can read, where every other address has a page for people.
#[derive(Clone)]
struct WrongMethod;

#[rocket::async_trait]
impl Handler for WrongMethod {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        Outcome::from(request, GradeCall::begin("-").refuse(None, GradeRefusal::WrongMethod))
    }
}

#[post("/grades", data = "<data>")]
async fn replace(gateway: &State<Gateway>, bearer: Bearer<'_>, data: Data<'_>) -> JsonResponse {
    let call = GradeCall::begin("replace");
    let answer = async {
        let token = bearer.token(gateway)?;
        let action = action(data).await?;
        Ok((token, action))
    };
    match answer.await {
        Ok((token, action)) => call.send(gateway, token, action).await,
        Err(refusal) => call.refuse(None, refusal),
    }
}

#[delete("/grades")]
async fn clear(gateway: &State<Gateway>, bearer: Bearer<'_>) -> JsonResponse {
    let call = GradeCall::begin("delete");
    match bearer.token(gateway) {
        Ok(token) => call.send(gateway, token, Action::Delete).await,
        Err(refusal) => call.refuse(None, refusal),
    }
}

#[get("/grades")]
async fn read(gateway: &State<Gateway>, bearer: Bearer<'_>) -> JsonResponse {
    let call = GradeCall::begin("read");
    let token = match bearer.token(gateway) {
        Ok(token) => token,
        Err(refusal) => return call.refuse(None, refusal),
    };
    let result = gateway.grades.read(&token).await.map_err(GradeRefusal::Failed);
    match result.and_then(|answer| stated(&answer)) {
        Ok(text) => call.accept(&token, "read", JsonResponse::new(Status::Ok, text)),
        Err(refusal) => call.refuse(Some(&token), refusal),
    }
}

#[get("/grades/<id>")]
async fn find(gateway: &State<Gateway>, bearer: Bearer<'_>, id: &str) -> JsonResponse {
    let call = GradeCall::begin("find");
    let token = match bearer.token(gateway) {
        Ok(token) => token,
        Err(refusal) => return call.refuse(None, refusal),
    };
    let found = gateway.grades.find(&token, id).await;
    match found.map_err(GradeRefusal::NotTold) {
        Ok(Some(grade)) => JsonResponse::new(Status::Ok, report(&grade).to_string()),
        Ok(None) => call.refuse(Some(&token), GradeRefusal::NoSuchGrade),
        Err(refusal) => call.refuse(Some(&token), refusal),
    }
}

/// What stands behind `Bearer ` in the `Authorization` header (RFC 6750 §2.1). Of two headers nobody can tell which counts.
struct Bearer<'r>(Option<&'r str>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Bearer<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Infallible> {
        let mut values = request.headers().get("Authorization");
        let value = values.next().filter(|_| values.next().is_none());
        let value = value.and_then(|value| value.split_once(' '));
        let bearer = value.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"));
        request::Outcome::Success(Self(bearer.map(|(_, token)| token.trim())))
    }
}

impl Bearer<'_> {
    /// The grade token, if it counts.
    fn token(&self, gateway: &Gateway) -> Result<GradeToken, GradeRefusal> {
        let text = self.0.ok_or(GradeRefusal::NoToken)?;
        let token = gateway.grade_tokens.open(text, gateway.clock.now());
        token.filter(|token| gateway.grades.admits(token)).ok_or(GradeRefusal::BadToken)
    }
}

/// A body: a score and perhaps a comment.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GradeBody<'a> {
    #[serde(borrow)]
    score: &'a RawValue,
    comment: Option<String>,
}

/// What a body asks for.
async fn action(data: Data<'_>) -> Result<Action, GradeRefusal> {
    let body = body::read(data, LARGEST_BODY).await.map_err(|error| match error {
        BodyError::TooLarge(_) => GradeRefusal::TooLarge,
        BodyError::Incomplete => GradeRefusal::Incomplete,
    })?;
    // Serde would take an array of the two for the object.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(GradeRefusal::BadGrade(
            "the body is not a JSON object such as {\"score\": 0.92}".to_owned(),
        ));
    }
    let GradeBody { score, comment } =
        serde_json::from_slice(&body).map_err(|error| GradeRefusal::BadGrade(error.to_string()))?;
    // A number is taken as it is written: reading it as one would round it.
    let text = match serde_json::from_str::<String>(score.get()) {
        Ok(text) => text,
        Err(_) => score.get().to_owned(),
    };
    let score = Score::parse(&text).map_err(|fault| GradeRefusal::BadGrade(fault.to_string()))?;
    if comment.as_ref().is_some_and(|comment| comment.chars().count() > LONGEST_COMMENT) {
        return Err(GradeRefusal::BadGrade(format!(
            "the comment is longer than {LONGEST_COMMENT} characters"
        )));
    }
    Ok(Action::Replace { score, comment })
}

/// A result that was read.
fn stated(answer: &PlatformResponse) -> Result<String, GradeRefusal> {
    let score = match &answer.score {
        Some(text) => number(text).ok_or(GradeRefusal::Failed(GradeError::Platform(
            PlatformError::InvalidResponse {
                status: answer.status,
                fault: "the platform's answer has a score that is not a number".to_owned(),
            },
        )))?,
        None => "null".to_owned(),
    };
    Ok(match &answer.comment {
        Some(comment) => format!("{{\"score\":{score},\"comment\":{}}}", json!(comment)),
        None => format!("{{\"score\":{score}}}"),
    })
}

/// A number of JSON with the same digits.
fn number(text: &str) -> Option<String> {
    let text = text.trim();
    let whole = text.strip_suffix('.').unwrap_or(text);
    let whole = if whole.starts_with('.') { format!("0{whole}") } else { whole.to_owned() };
    serde_json::from_str::<serde_json::Number>(&whole).is_ok().then_some(whole)
}

/// The state of a stored grade.
fn report(grade: &StoredGrade) -> Value {
    json!({
        "id": grade.id(),
        "status": grade.status().name(),
        "accepted": grade.accepted().seconds(),
        "tries": grade.tries(),
        "next_try": grade.next_try(),
        "platform": grade.message(),
    })
}

/// One call, from its first byte to its line in the log.
struct GradeCall {
    operation: &'static str,
    started: Instant,
}

impl GradeCall {
    fn begin(operation: &'static str) -> Self {
        Self { operation, started: Instant::now() }
    }

    async fn send(self, gateway: &Gateway, token: GradeToken, action: Action) -> JsonResponse {
        match gateway.grades.send(&token, action).await {
            Ok(Sent::Delivered(answer)) => {
                let mut body = Map::new();
                body.insert("status".into(), "delivered".into());
                if answer.comment_left_out {
                    body.insert("comment".into(), "not-sent".into());
                }
                body.insert("platform".into(), platform(answer.status, &answer.description));
                self.accept(
                    &token,
                    "delivered",
                    JsonResponse::new(Status::Ok, Value::Object(body).to_string()),
                )
            }
            Ok(Sent::Superseded) => {
                let body = json!({ "status": "superseded" }).to_string();
                self.accept(&token, "superseded", JsonResponse::new(Status::Ok, body))
            }
            Ok(Sent::Queued { id, error }) => {
                let reason = masked(&error.to_string(), token.place.learner_reference());
                let body = json!({ "status": "kept", "id": id, "reason": error.to_string() });
                let mut response = JsonResponse::new(Status::Accepted, body.to_string());
                response.headers.push(("Location", format!("/grades/{id}")));
                let (tool, consumer, operation) =
                    (&token.tool, token.sender.log_name(), self.operation);
                let micros = self.started.elapsed().as_micros();
                tracing::warn!(target: "grade", tool, consumer, operation, outcome = "kept", id, micros, reason);
                response
            }
            Err(error) => self.refuse(Some(&token), GradeRefusal::Failed(error)),
        }
    }

    fn accept(
        self,
        token: &GradeToken,
        outcome: &'static str,
        response: JsonResponse,
    ) -> JsonResponse {
        let (tool, consumer, operation) = (&token.tool, token.sender.log_name(), self.operation);
        let micros = self.started.elapsed().as_micros();
        tracing::info!(target: "grade", tool, consumer, operation, outcome, micros);
        response
    }

    fn refuse(self, token: Option<&GradeToken>, refusal: GradeRefusal) -> JsonResponse {
        let reference = reference();
        let (tool, consumer) =
            token.map_or(("-", "-"), |token| (token.tool.as_str(), token.sender.log_name()));
        let sourcedid = token.map(|token| token.place.learner_reference()).unwrap_or_default();
        let ((code, _), operation) = (refusal.code(), self.operation);
        // What an upstream wrote is its own, and may be about a person.
        let reason = match &refusal {
            GradeRefusal::BadGrade(_) => "the body is no grade".to_owned(),
            _ => masked(&refusal.message(), sourcedid),
        };
        let micros = self.started.elapsed().as_micros();
        match token {
            Some(_) => {
                tracing::warn!(target: "grade", tool, consumer, operation, outcome = "refused", code, reference, micros, reason);
            }
            // Anybody can ask in vain.
            None => {
                tracing::info!(target: "grade", tool, consumer, operation, outcome = "refused", code, reference, micros, reason);
            }
        }
        refusal.told(&reference)
    }
}

/// What a platform said.
fn platform(status: u16, description: &str) -> Value {
    json!({ "status": status, "description": description })
}

/// Why a call is not answered with what it asked for.
enum GradeRefusal {
    /// No grade token came.
    NoToken,
    /// A token that does not count.
    BadToken,
    /// A method that does nothing here.
    WrongMethod,
    /// No grade of this id is kept for the token's learner and link.
    NoSuchGrade,
    /// The body did not arrive in time, or broke off.
    Incomplete,
    /// A body over the limit.
    TooLarge,
    /// A body that is no grade. Holds why.
    BadGrade(String),
    /// What became of a grade cannot be reported.
    NotTold(StateError),
    /// What was asked for was not done.
    Failed(GradeError),
}

impl GradeRefusal {
    /// A stable name, in logs and answers (`docs/grades.md` explains each), and its status.
    fn code(&self) -> (&'static str, Status) {
        match self {
            Self::NoToken => ("no-grade-token", Status::Unauthorized),
            Self::BadToken | Self::Failed(GradeError::NoSender) => {
                ("bad-grade-token", Status::Unauthorized)
            }
            Self::WrongMethod => ("wrong-method", Status::MethodNotAllowed),
            Self::NoSuchGrade => ("no-such-grade", Status::NotFound),
            Self::Incomplete => ("incomplete", Status::RequestTimeout),
            Self::TooLarge => ("too-large", Status::PayloadTooLarge),
            Self::BadGrade(_) => ("bad-grade", Status::UnprocessableEntity),
            Self::Failed(GradeError::Platform(error)) => match error {
                PlatformError::NotAllowed(_) => ("outcome-not-allowed", Status::Conflict),
                PlatformError::Refused { .. } | PlatformError::RefusedByStatus { .. } => {
                    ("platform-refused", Status::BadGateway)
                }
                PlatformError::Redirected(_) | PlatformError::InvalidResponse { .. } => {
                    ("platform-answer", Status::BadGateway)
                }
                PlatformError::Unavailable { .. } | PlatformError::Unreachable(_) => {
                    ("platform-unreachable", Status::ServiceUnavailable)
                }
            },
            Self::Failed(GradeError::Slow) => ("platform-slow", Status::GatewayTimeout),
            Self::NotTold(_) | Self::Failed(GradeError::State(_) | GradeError::Stopped) => {
                ("state-unavailable", Status::ServiceUnavailable)
            }
        }
    }

    fn message(&self) -> String {
        let message = match self {
            Self::NoToken => {
                "send the grade token of the learner's request: `Authorization: Bearer <X-LTI-Grade-Token>`"
            }
            Self::BadToken | Self::Failed(GradeError::NoSender) => {
                "the grade token is none of this gateway's, is older than 7 days, or its tool or consumer may not send grades any more"
            }
            Self::NoSuchGrade => {
                "no grade of this id is kept for the grade token's learner and resource link"
            }
            Self::WrongMethod => "POST a grade, GET it, or DELETE it",
            Self::Incomplete => {
                let seconds = FORM_TIMEOUT.as_secs();
                return format!("the body did not arrive within {seconds} seconds, or broke off");
            }
            Self::TooLarge => {
                return format!("the body is larger than {} KiB", LARGEST_BODY / 1024);
            }
            Self::BadGrade(why) => return why.clone(),
            Self::Failed(GradeError::Platform(error)) => return error.to_string(),
            Self::NotTold(error) => {
                return format!("what became of the grade cannot be told now: {error}");
            }
            Self::Failed(GradeError::State(StateError::Full)) => {
                "the grade was not sent, because it could not be kept: as much is kept as may be"
            }
            Self::Failed(GradeError::State(error)) => {
                return format!(
                    "the grade could not be written down for certain, so send it again: {error}"
                );
            }
            Self::Failed(GradeError::Stopped) => {
                "the gateway is about to stop: send the grade again"
            }
            Self::Failed(GradeError::Slow) => {
                "the platform did not answer within the tool's timeout"
            }
        };
        message.to_owned()
    }

    fn told(&self, reference: &str) -> JsonResponse {
        let mut body = Map::new();
        let (code, status) = self.code();
        body.insert("error".into(), code.into());
        body.insert("message".into(), self.message().into());
        body.insert("reference".into(), reference.into());
        let mut retry_after = None;
        if let Self::Failed(GradeError::Platform(error)) = self {
            let said = match error {
                PlatformError::Refused { status, description }
                | PlatformError::RefusedByStatus { status, description } => {
                    Some(platform(*status, description))
                }
                PlatformError::Redirected(status)
                | PlatformError::InvalidResponse { status, .. } => Some(platform(*status, "")),
                PlatformError::Unavailable { status, description, retry_after: seconds } => {
                    retry_after = *seconds;
                    Some(platform(*status, description))
                }
                PlatformError::NotAllowed(_) | PlatformError::Unreachable(_) => None,
            };
            if let Some(said) = said {
                body.insert("platform".into(), said);
            }
        }
        let mut response = JsonResponse::new(status, Value::Object(body).to_string());
        if response.status == Status::Unauthorized {
            let challenge = match self {
                Self::NoToken => "Bearer",
                _ => "Bearer error=\"invalid_token\"",
            };
            response.headers.push(("WWW-Authenticate", challenge.to_owned()));
        }
        if response.status == Status::MethodNotAllowed {
            response.headers.push(("Allow", "GET, HEAD, POST, DELETE".to_owned()));
        }
        response.headers.extend(retry_after.map(|seconds| ("Retry-After", seconds.to_string())));
        response
    }
}

/// An answer: JSON that nobody stores.
struct JsonResponse {
    status: Status,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl JsonResponse {
    fn new(status: Status, body: String) -> Self {
        Self { status, headers: vec![("Cache-Control", "no-store".to_owned())], body }
    }
}

impl<'r> Responder<'r, 'static> for JsonResponse {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build();
        response.status(self.status).header(ContentType::JSON);
        for (name, value) in self.headers {
            response.header(Header::new(name, value));
        }
        Ok(response.sized_body(self.body.len(), Cursor::new(self.body)).finalize())
    }
}
