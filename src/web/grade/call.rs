//! One grade call, from its first byte to its log line.

use std::time::Instant;

use rocket::http::Status;
use serde_json::{Map, Value, json};

use super::refusal::GradeRefusal;
use super::response::{JsonResponse, platform};
use crate::grade::Sent;
use crate::platform::masked;
use crate::session::GradeToken;
use crate::state::Action;
use crate::web::gateway::Gateway;
use crate::web::refusal::reference;

/// A grade call in progress.
pub(super) struct GradeCall {
    operation: &'static str,
    started: Instant,
}

impl GradeCall {
    /// Starts the clock of a call. `operation` is its name in the log.
    pub(super) fn begin(operation: &'static str) -> Self {
        Self { operation, started: Instant::now() }
    }

    /// Sends a grade to the platform, logs the outcome and responds.
    pub(super) async fn send(
        self,
        gateway: &Gateway,
        token: &GradeToken,
        action: Action,
    ) -> JsonResponse {
        match gateway.grades.send(token, action).await {
            Ok(Sent::Delivered(delivered)) => {
                let mut body = Map::new();
                body.insert("status".into(), "delivered".into());
                if delivered.comment_left_out {
                    body.insert("comment".into(), "not-sent".into());
                }
                let platform = platform(delivered.status, &delivered.description);
                body.insert("platform".into(), platform);
                let body = Value::Object(body).to_string();
                self.accept(token, "delivered", JsonResponse::new(Status::Ok, body))
            }
            Ok(Sent::Superseded) => {
                let body = json!({ "status": "superseded" }).to_string();
                self.accept(token, "superseded", JsonResponse::new(Status::Ok, body))
            }
            Ok(Sent::Queued { id, error }) => {
                let reason = masked(&error.to_string(), token.place.learner_reference());
                let body = json!({ "status": "kept", "id": id, "reason": error.to_string() });
                let mut response = JsonResponse::new(Status::Accepted, body.to_string());
                response.headers.push(("Location", format!("/grades/{id}")));
                let (tool, consumer, operation) =
                    (&token.tool, token.sender.log_name(), self.operation);
                let micros = self.started.elapsed().as_micros();
                tracing::warn!(
                    target: "grade", tool, consumer, operation, outcome = "kept", id, micros, reason
                );
                response
            }
            Err(error) => self.refuse(Some(token), &GradeRefusal::from(error)),
        }
    }

    /// Logs the outcome of a successful call.
    pub(super) fn accept(
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

    /// Logs a refusal and responds. `token` is `None` before the call has a valid token.
    pub(super) fn refuse(self, token: Option<&GradeToken>, refusal: &GradeRefusal) -> JsonResponse {
        let reference = reference();
        let (tool, consumer) =
            token.map_or(("-", "-"), |token| (token.tool.as_str(), token.sender.log_name()));
        let sourcedid = token.map(|token| token.place.learner_reference()).unwrap_or_default();
        let (code, operation) = (refusal.code(), self.operation);
        // The reason can quote the body, which may contain personal data.
        let reason = match refusal {
            GradeRefusal::BadGrade(_) => "the body is not a grade".to_owned(),
            _ => masked(&refusal.fact(), sourcedid),
        };
        let micros = self.started.elapsed().as_micros();
        match token {
            Some(_) => tracing::warn!(
                target: "grade", tool, consumer, operation, outcome = "refused", code, reference,
                micros, reason
            ),
            // Without a token, anyone on the internet can cause this line.
            None => tracing::info!(
                target: "grade", tool, consumer, operation, outcome = "refused", code, reference,
                micros, reason
            ),
        }
        refusal.respond(&reference)
    }
}
