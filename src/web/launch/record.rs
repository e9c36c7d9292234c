//! The outcome of a launch: its log line and, in development, its entry at `/dev/refusals`.

use std::borrow::Cow;

use lti::ReturnUrl;
use lti::v1p1::{Cause, MatchedSecret, Variant};
use lti::v1p3::{MigrationProof, NoMigration};
use rocket::Response;

use super::call::LaunchCall;
use crate::web::development::RejectedLaunch;
use crate::web::guard;
use crate::web::refusal::{Refusal, RejectionPage, reference};

/// The facts of a launch, for the log. The module of its LTI version fills them in.
#[derive(Default)]
pub(super) struct LaunchRecord {
    /// The sender that the launch claims.
    pub(super) sender: Option<String>,
    pub(super) variant: Option<Variant>,
    /// The cause of a wrong signature, if the gateway found it. Outside development, it searches
    /// only briefly.
    pub(super) cause: Option<Cause>,
    /// The secret of an accepted launch, if its consumer has several.
    pub(super) secret: Option<MatchedSecret>,
    pub(super) return_url: Option<ReturnUrl>,
    /// The authentication scheme of the launch's protocol, if it has one in HTTP.
    pub(super) challenge: Option<&'static str>,
    /// Whether the user has their id of LTI 1.1, and why; `None` if there is nothing to migrate.
    pub(super) migration: Option<Result<MigrationProof, NoMigration>>,
    /// In development, the names of the parameters and the lengths of their values.
    pub(super) params: Vec<(String, usize)>,
    /// In development, the gateway's signature base string, without values.
    pub(super) compared: Option<String>,
}

impl LaunchRecord {
    /// Logs an accepted launch. `outcome` is `accepted`, or `again` for a reload.
    pub(super) fn accept(&self, call: &LaunchCall<'_>, outcome: &str) {
        let reference = reference();
        let (tool, consumer, variant) =
            (call.served.tool.name.as_str(), self.sender(), self.variant());
        let secret = self.secret.map(|secret| secret.to_string());
        let secret = secret.as_deref();
        let (migrated, migration) = match self.migration {
            Some(Ok(proof)) => (Some("yes"), Some(proof.to_string())),
            Some(Err(why)) => (Some("no"), Some(why.to_string())),
            None => (None, None),
        };
        let migration = migration.as_deref();
        let micros = call.started.elapsed().as_micros();
        tracing::info!(
            target: "launch", tool, consumer, outcome, code = "-", variant, secret, migrated,
            migration, reference, micros
        );
    }

    /// Logs a rejected launch within the budget, adds it to the list of development, and responds.
    /// The page has a reference if the log or the list has it.
    pub(super) fn refuse(self, call: &LaunchCall<'_>, refusal: &Refusal) -> Response<'static> {
        let (tool, code) = (call.served.tool.name.as_str(), refusal.code());
        let is_logged = call.gateway.log_budget.admits(tool, code);
        let is_listed = call.gateway.development.is_some();
        let reference = if is_logged || is_listed { reference() } else { String::new() };
        if is_logged {
            let (consumer, variant) = (self.sender(), self.variant());
            let (reason, help) = (&*self.reason(refusal), &*self.advice(refusal));
            let cause = self.cause.as_ref().map_or("-", Cause::code);
            let micros = call.started.elapsed().as_micros();
            tracing::warn!(
                target: "launch", tool, consumer, outcome = "refused", code, variant, reference,
                micros, cause, reason, help
            );
        }
        let response = RejectionPage {
            refusal,
            institution: call.gateway.institution(),
            reference: &reference,
            return_url: self.return_url.as_ref(),
            frame_ancestors: &call.served.tool.frame_ancestors,
            challenge: self.challenge,
        }
        .respond();
        self.remember(call, reference, refusal);
        response
    }

    fn sender(&self) -> &str {
        self.sender.as_deref().unwrap_or("-")
    }

    fn variant(&self) -> &'static str {
        self.variant.map_or("-", Variant::name)
    }

    /// The fact. If the launch was signed for another URL, it names that URL.
    fn reason(&self, refusal: &Refusal) -> String {
        let fact = refusal.fact();
        match &self.cause {
            Some(cause) if cause.is_of_url() => format!("{fact}: {cause}"),
            _ => fact,
        }
    }

    /// The fix for the admin. A known cause has more precise advice than the refusal.
    fn advice(&self, refusal: &Refusal) -> Cow<'static, str> {
        self.cause.as_ref().map_or_else(|| refusal.advice(), |cause| cause.advice().into())
    }

    /// Adds a rejected launch to the list at `/dev/refusals`.
    fn remember(self, call: &LaunchCall<'_>, reference: String, refusal: &Refusal) {
        let Some(development) = &call.gateway.development else { return };
        let tool = &call.served.tool;
        let origin = call.gateway.public_url.origin_of(tool, &guard::authority(call.request));
        let help = self.advice(refusal);
        development.refusals.add_launch(RejectedLaunch {
            reference,
            at: call.gateway.clock.now(),
            tool: tool.name.clone(),
            consumer: self.sender,
            code: refusal.code(),
            reason: refusal.fact(),
            cause: self.cause.map(|cause| (cause.code(), cause.to_string())),
            help,
            url: format!("{origin}{}", call.request.uri().path()),
            params: self.params,
            compared: self.compared,
        });
    }
}
