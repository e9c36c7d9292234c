//! The log lines of registrations.

use rocket::Response;

use super::call::RegisterCall;
use super::page;
use crate::web::gateway::Gateway;
use crate::web::log_budget::NO_TOOL;
use crate::web::refusal::{Refusal, reference};

/// Logs a registration, with the table to paste: the page may be closed too early.
pub(super) fn registered(call: &RegisterCall<'_>, table: &str) {
    let (tool, platform) = (&*call.tool.name, call.platform.name.as_str());
    let help = "paste the table of the following lines into tools.toml";
    tracing::info!(target: "register", tool, platform, outcome = "registered", help);
    for line in table.lines() {
        tracing::info!(target: "register", "{line}");
    }
}

/// Logs a refused registration within the budget, and responds.
pub(super) fn refuse(
    gateway: &Gateway,
    call: Option<&RegisterCall<'_>>,
    refusal: &Refusal,
) -> Response<'static> {
    let tool = call.map_or(NO_TOOL, |call| call.tool.name.as_str());
    let platform = call.map_or("-", |call| call.platform.name.as_str());
    let code = refusal.code();
    let is_logged = gateway.log_budget.admits(tool, code);
    let reference = if is_logged { reference() } else { String::new() };
    if is_logged {
        let (reference, reason, help) = (&*reference, &*refusal.fact(), &*refusal.advice());
        tracing::warn!(
            target: "register", tool, platform, outcome = "refused", code, reference, reason, help
        );
    }
    page::refused(call, refusal, &reference)
        .unwrap_or_else(|| refusal.respond(gateway.institution()))
}
