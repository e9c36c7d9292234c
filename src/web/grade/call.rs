//! One grade call, from its first byte to its log line.

use std::time::Instant;

use lti::oauth1::encode::encode;
use lti::{GradePlace, Sender};
use rocket::http::Status;
use serde_json::{Map, Value, json};

use super::bearer::GradeAuthority;
use super::refusal::GradeRefusal;
use super::response::{JsonResponse, platform};
use crate::grade::Sent;
use crate::platform::masked;
use crate::session::GradeToken;
use crate::state::Action;
use crate::web::gateway::Gateway;
use crate::web::log_budget::{LogBudget, NO_TOOL};
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

    /// Sends a grade to the platform, logs the outcome and responds. `user` is the learner whom
    /// the course staff named.
    pub(super) async fn send(
        self,
        gateway: &Gateway,
        token: &GradeToken,
        action: Action,
        user: Option<&str>,
    ) -> JsonResponse {
        let is_outcome = matches!(token.place, GradePlace::Outcome(_));
        let (has_progress, has_score) = match &action {
            Action::Replace { score, progress, .. } => (progress.is_some(), score.is_some()),
            Action::Delete => (false, true),
        };
        // LTI 1.1 has scores, but no progress.
        let progress_left_out = has_progress && is_outcome;
        if progress_left_out && !has_score {
            let body = json!({ "status": "not-sent", "progress": "not-sent" }).to_string();
            return self.accept(token, "not-sent", JsonResponse::new(Status::Ok, body));
        }
        match gateway.grades.send(token, action).await {
            Ok(Sent::Delivered(delivered)) => {
                let mut body = Map::new();
                body.insert("status".into(), "delivered".into());
                if progress_left_out {
                    body.insert("progress".into(), "not-sent".into());
                }
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
                let reason = masked(&error.log_reason(), token.place.learner_reference());
                let mut body = json!({ "status": "kept", "id": id, "reason": error.to_string() });
                if progress_left_out {
                    body["progress"] = "not-sent".into();
                }
                let mut response = JsonResponse::new(Status::Accepted, body.to_string());
                let user = user.map(|user| format!("?user={}", encode(user)));
                let location = format!("/grades/{id}{}", user.unwrap_or_default());
                response.headers.push(("Location", location));
                let (tool, consumer, operation) =
                    (&token.tool, token.sender.log_name(), self.operation);
                let micros = self.started.elapsed().as_micros();
                tracing::warn!(
                    target: "grade", tool, consumer, operation, outcome = "kept", id, micros, reason
                );
                response
            }
            Err(error) => self.refuse(token, &GradeRefusal::from(error)),
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

    /// Logs the refusal of a call with a valid token, and responds.
    pub(super) fn refuse(self, token: &GradeToken, refusal: &GradeRefusal) -> JsonResponse {
        let learner = token.place.learner_reference();
        self.refuse_call(&token.tool, &token.sender, learner, refusal)
    }

    /// Logs the refusal of a call whose learner is not known, and responds.
    pub(super) fn refuse_authority(
        self,
        authority: &GradeAuthority,
        refusal: &GradeRefusal,
    ) -> JsonResponse {
        let learner = authority.learner_reference();
        self.refuse_call(authority.tool(), authority.sender(), learner, refusal)
    }

    fn refuse_call(
        self,
        tool: &str,
        sender: &Sender,
        learner: &str,
        refusal: &GradeRefusal,
    ) -> JsonResponse {
        let (reference, consumer) = (reference(), sender.log_name());
        let (code, operation) = (refusal.code(), self.operation);
        let reason = masked(&refusal.log_reason(), learner);
        let micros = self.started.elapsed().as_micros();
        tracing::warn!(
            target: "grade", tool, consumer, operation, outcome = "refused", code, reference,
            micros, reason
        );
        refusal.respond(Some(&reference))
    }

    /// Logs the refusal of a call without a valid token, within the budget, and responds.
    pub(super) fn refuse_unknown(self, budget: &LogBudget, refusal: &GradeRefusal) -> JsonResponse {
        let (code, operation) = (refusal.code(), self.operation);
        if !budget.admits(NO_TOOL, code) {
            return refusal.respond(None);
        }
        let (reference, reason) = (reference(), refusal.fact());
        let micros = self.started.elapsed().as_micros();
        // Not a warning: anyone on the internet can cause this line.
        tracing::info!(
            target: "grade", tool = NO_TOOL, consumer = "-", operation, outcome = "refused", code,
            reference, micros, reason
        );
        refusal.respond(Some(&reference))
    }
}
