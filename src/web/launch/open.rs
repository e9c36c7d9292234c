//! An accepted launch opens its tool: the page of a template, or a session with an upstream or a
//! site.

#![deny(clippy::arithmetic_side_effects)]

use lti::{Launch, Message, Selection};
use rocket::{Request, Response};

use super::call::LaunchCall;
use crate::grade::NoGradeToken;
use crate::proxy::own_page::may_keep_unpartitioned;
use crate::session::{
    BUDGET, COOKIE, LinkRequest, Session, SessionServices, TICKET_LIFETIME, TICKET_PARAMETER,
    TWIN_COOKIE, TooLong, set_cookie, set_unpartitioned_cookie,
};
use crate::template::{Page, RenderError};
use crate::web::gateway::Gateway;
use crate::web::links;
use crate::web::page;
use crate::web::proxy::route::Mount;
use crate::web::proxy::visit::SessionCache;
use crate::web::proxy::{door, route};
use crate::web::refusal::{Refusal, TemplateFailure};
use crate::web::session_target::SessionTarget;

/// Opens the tool for a new launch, or its picker for a new request for links.
pub(super) fn first(
    call: &LaunchCall<'_>,
    message: &Message,
    destination: &str,
    now: u64,
    cookies: &mut Vec<String>,
) -> Result<Response<'static>, Refusal> {
    let Gateway { receipts, .. } = call.gateway;
    let tool = &call.served.tool;
    let launch = message.launch();
    let id = id(call, message)?;
    // Set the receipt even if the page fails: the nonce is spent, and a reload must fail the same
    // way.
    let (path, lifetime) = (tool.path.to_string(), tool.session.as_secs());
    cookies.extend(receipts.set_cookie(&id, &path, lifetime, &launch.fingerprint, now));
    let (target, destination) = match opened(call, message, destination) {
        Opened::Session(target, destination) => (target, destination),
        Opened::Page(page) => return rendered(call, page, launch),
        Opened::Picker(selection) => return pick(call, selection),
    };
    if let Some(app) = &call.served.app {
        app.wake();
    }
    let SessionCache { sessions, latest_launches, .. } = &call.gateway.session_cache;
    let prefix = route::prefix(call.served, target, &id);
    let mount = Mount::of(call.served, target, &id, &prefix);
    let session = session(call, target, message, id.clone(), now)?;
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
    message: &Message,
    destination: &str,
    now: u64,
) -> Result<Response<'static>, Refusal> {
    let (target, destination) = match opened(call, message, destination) {
        Opened::Session(target, destination) => (target, destination),
        Opened::Page(page) => return rendered(call, page, message.launch()),
        Opened::Picker(selection) => return pick(call, selection),
    };
    let id = id(call, message)?;
    // If the launch did not fit into a session the first time, it fails again.
    mint(call, target, message, id.clone(), now)?;
    let prefix = route::prefix(call.served, target, &id);
    Ok(door::redirect(Mount::of(call.served, target, &id, &prefix), destination))
}

/// What a message opens.
enum Opened<'a> {
    /// A session with this target, at this path and query.
    Session(SessionTarget<'a>, &'a str),
    /// The page of a template.
    Page(&'a Page),
    /// The gateway's picker.
    Picker(&'a Selection),
}

/// What a message opens. `destination` is that of a launch.
fn opened<'a>(call: &LaunchCall<'a>, message: &'a Message, destination: &'a str) -> Opened<'a> {
    match (message, call.served.session_target()) {
        (Message::Launch(_), Ok(target)) => Opened::Session(target, destination),
        (Message::Launch(_), Err(page)) => Opened::Page(page),
        (Message::Selection(selection), target) => {
            let target = target.ok().and_then(|target| Some((target, target.picker()?)));
            match target {
                Some((target, picker)) => Opened::Session(target, picker.as_str()),
                None => Opened::Picker(selection),
            }
        }
    }
}

/// The id of the session that a message opens.
fn id(call: &LaunchCall<'_>, message: &Message) -> Result<String, Refusal> {
    let (ids, tool) = (&call.gateway.ids, &call.served.tool.name);
    let id = match message {
        Message::Launch(launch) => ids.id(tool, launch),
        Message::Selection(selection) => ids.picker_id(tool, selection),
    };
    id.ok_or(Refusal::PageFailed)
}

/// The gateway's page on which the user picks links.
fn pick(call: &LaunchCall<'_>, selection: &Selection) -> Result<Response<'static>, Refusal> {
    let request = LinkRequest::of(selection, &call.served.tool.name);
    links::picker(call.gateway, call.served, &request, "")
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
    message: &Message,
    id: String,
    now: u64,
) -> Result<Session, Refusal> {
    let (session, left_out) = mint(call, target, message, id, now)?;
    let tool = &call.served.tool.name;
    if !left_out.is_empty() {
        let names: String = left_out.join(" ").chars().take(500).collect();
        tracing::warn!(
            target: "launch", tool, left_out = names, "a session has space for {BUDGET} characters"
        );
    }
    if let Message::Launch(launch) = message
        && let Some(missing) = missing_token(call, target, launch)
    {
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
    message: &Message,
    id: String,
    now: u64,
) -> Result<(Session, Vec<String>), Refusal> {
    let launch = message.launch();
    let grade = target.grades() && missing_token(call, target, launch).is_none();
    let members = target.needs_members(launch.roles);
    let services = SessionServices { grade, members };
    let lifetime = call.served.tool.session;
    let identity = target.identity();
    let minted = match message {
        Message::Launch(launch) => Session::mint(launch, id, identity, services, lifetime, now),
        Message::Selection(selection) => {
            Session::mint_picker(selection, id, identity, services, lifetime, now)
        }
    };
    minted.map_err(|TooLong| Refusal::SessionTooLong)
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
