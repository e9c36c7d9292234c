//! An accepted launch opens its tool: the page of a template, or a session with an upstream or a
//! site.

#![deny(clippy::arithmetic_side_effects)]

use lti::Launch;
use rocket::{Request, Response};

use super::call::LaunchCall;
use crate::grade::NoGradeToken;
use crate::proxy::own_page::may_keep_unpartitioned;
use crate::session::{
    BUDGET, COOKIE, Session, SessionServices, TICKET_LIFETIME, TICKET_PARAMETER, TWIN_COOKIE,
    TooLong, set_cookie, set_unpartitioned_cookie,
};
use crate::template::{Page, RenderError};
use crate::web::gateway::Gateway;
use crate::web::page;
use crate::web::proxy::route::Mount;
use crate::web::proxy::visit::SessionCache;
use crate::web::proxy::{door, route};
use crate::web::refusal::{Refusal, TemplateFailure};
use crate::web::session_target::SessionTarget;

/// Opens the tool for a new launch.
pub(super) fn first(
    call: &LaunchCall<'_>,
    launch: &Launch,
    destination: &str,
    now: u64,
    cookies: &mut Vec<String>,
) -> Result<Response<'static>, Refusal> {
    let Gateway { ids, receipts, .. } = call.gateway;
    let tool = &call.served.tool;
    let id = ids.id(&tool.name, launch).ok_or(Refusal::PageFailed)?;
    // Set the receipt even if the page fails: the nonce is spent, and a reload must fail the same
    // way.
    let (path, lifetime) = (tool.path.to_string(), tool.session.as_secs());
    cookies.extend(receipts.set_cookie(&id, &path, lifetime, &launch.fingerprint, now));
    let target = match call.served.session_target() {
        Ok(target) => target,
        Err(page) => return rendered(call, page, launch),
    };
    if let Some(app) = &call.served.app {
        app.wake();
    }
    let SessionCache { sessions, latest_launches, .. } = &call.gateway.session_cache;
    let prefix = route::prefix(call.served, target, &id);
    let mount = Mount::of(call.served, target, &id, &prefix);
    let session = session(call, target, launch, id.clone(), now)?;
    let sealed = sessions.seal(&session, &tool.name, mount.id).ok_or(Refusal::PageFailed)?;
    let expires = now.saturating_add(TICKET_LIFETIME.as_secs());
    let ticket = sessions
        .launch_ticket(&session, destination, &tool.name, mount.id, expires)
        .ok_or(Refusal::PageFailed)?;
    latest_launches.record(&session);
    if !door::opens_window(mount, call.request) {
        let path = mount.cookie_path();
        cookies.push(set_cookie(COOKIE, &sealed, path, lifetime));
        if target.downloads() && may_keep_twin(call.request) {
            cookies.push(set_unpartitioned_cookie(TWIN_COOKIE, &sealed, path, lifetime));
        }
    }
    Ok(page::see_other(format!("{}?{TICKET_PARAMETER}={ticket}", mount.cookie_path())))
}

/// Whether the twin of a session may help the browser that sent a launch.
fn may_keep_twin(request: &Request<'_>) -> bool {
    let headers = request.headers();
    may_keep_unpartitioned(headers.get_one("Sec-Fetch-Dest"), headers.get_one("Sec-CH-UA"))
}

/// Opens the tool for a reload: the same browser sent the same form again.
pub(super) fn reload(
    call: &LaunchCall<'_>,
    launch: &Launch,
    destination: &str,
    now: u64,
) -> Result<Response<'static>, Refusal> {
    let target = match call.served.session_target() {
        Ok(target) => target,
        Err(page) => return rendered(call, page, launch),
    };
    let tool = &call.served.tool.name;
    let id = call.gateway.ids.id(tool, launch).ok_or(Refusal::PageFailed)?;
    // If the launch did not fit into a session the first time, it fails again.
    mint(call, target, launch, id.clone(), now)?;
    let prefix = route::prefix(call.served, target, &id);
    Ok(door::redirect(Mount::of(call.served, target, &id, &prefix), destination))
}

/// The rendered page of a template.
fn rendered(
    call: &LaunchCall<'_>,
    page: &Page,
    launch: &Launch,
) -> Result<Response<'static>, Refusal> {
    match call.gateway.templates.render(page, launch) {
        Ok(text) => {
            let policy = format!("frame-ancestors {}", call.served.tool.frame_ancestors);
            Ok(page::tool_page(text, policy))
        }
        Err(error) => {
            let failure = |location, message| {
                let is_shown = call.gateway.development.is_some();
                let details = if is_shown { message } else { String::new() };
                TemplateFailure { location, details }
            };
            Err(match error {
                RenderError::Failed { location, message } => {
                    Refusal::TemplateFailed(failure(location, message))
                }
                RenderError::Broken { location, errors } => {
                    Refusal::TemplateBroken(failure(location, errors))
                }
            })
        }
    }
}

/// The session of a launch. The log names the values that did not fit into it, and says why the
/// tool cannot send a grade.
fn session(
    call: &LaunchCall<'_>,
    target: SessionTarget<'_>,
    launch: &Launch,
    id: String,
    now: u64,
) -> Result<Session, Refusal> {
    let (session, left_out) = mint(call, target, launch, id, now)?;
    let tool = &call.served.tool.name;
    if !left_out.is_empty() {
        let names: String = left_out.join(" ").chars().take(500).collect();
        tracing::warn!(
            target: "launch", tool, left_out = names, "a session has space for {BUDGET} characters"
        );
    }
    if let Some(missing) = missing_token(call, target, launch) {
        let (consumer, help) = (launch.sender.log_name(), missing.advice());
        let reason = missing.to_string();
        // Most platforms send no result id for teachers. An admin can fix the other reasons.
        if missing.is_usual() {
            tracing::info!(
                target: "launch", tool, consumer, grade_token = "none", reason, help
            );
        } else {
            tracing::warn!(
                target: "launch", tool, consumer, grade_token = "none", reason, help
            );
        }
    }
    Ok(session)
}

fn mint(
    call: &LaunchCall<'_>,
    target: SessionTarget<'_>,
    launch: &Launch,
    id: String,
    now: u64,
) -> Result<(Session, Vec<String>), Refusal> {
    let grade = target.grades() && missing_token(call, target, launch).is_none();
    let services = SessionServices { grade, members: false };
    let lifetime = call.served.tool.session;
    Session::mint(launch, id, target.identity(), services, lifetime, now)
        .map_err(|TooLong| Refusal::SessionTooLong)
}

/// Why the tool receives no grade token, if it may send grades.
fn missing_token(
    call: &LaunchCall<'_>,
    target: SessionTarget<'_>,
    launch: &Launch,
) -> Option<NoGradeToken> {
    let missing = || call.gateway.grades.missing_token(&launch.grade_place);
    target.grades().then(missing).flatten()
}
