//! Who may send a request to a URL of a session: the session of a request, and its place among the
//! requests of that session.

use std::sync::Arc;

use hyper::Method;
use hyper::header::{COOKIE, HOST, HeaderValue};
use lti::Rejection;

use super::call::SessionCall;
use super::session_load::RequestPermit;
use super::visit::OpenSession;
use crate::proxy::own_page::is_from_own_page;
use crate::session::{Session, TWIN_COOKIE, cookies};
use crate::web::login::is_login;
use crate::web::refusal::{Refusal, accept};

/// The session of a request. The twin of a session counts only if a page of the tool itself or the
/// user sent the request. Otherwise, a page of another site could frame the app, or send requests
/// to it.
///
/// # Errors
/// The refusal of a request without a session.
pub(in crate::web) fn session(
    call: &SessionCall<'_>,
    now: u64,
) -> Result<Arc<OpenSession>, Refusal> {
    let SessionCall { gateway, mount, head, .. } = call;
    let cookies = head.headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let counts_twins = has_twin(call) && is_from_own_page(&origin(call), &head.headers);
    let found = match counts_twins {
        true => gateway.session_cache.find_with_twins(mount, cookies, now),
        false => gateway.session_cache.find(mount, cookies, now),
    };
    found.ok_or_else(|| without_session(call))
}

/// Waits until a session has few enough requests in progress. The session must still be valid
/// afterwards. Returns the permit, and the time after the wait.
///
/// # Errors
/// [`Refusal::TooManyRequests`], or [`Refusal::NoSession`].
pub(in crate::web) async fn permit(
    call: &SessionCall<'_>,
    session: &Session,
) -> Result<(RequestPermit, u64), Refusal> {
    let loads = &call.gateway.session_cache.loads;
    let permit = loads.admit(&call.mount.served.tool.name, &session.id).await?;
    Ok((permit, still_valid(call, session)?))
}

/// The time, if a session is still valid after a wait.
///
/// # Errors
/// [`Refusal::NoSession`].
pub(super) fn still_valid(call: &SessionCall<'_>, session: &Session) -> Result<u64, Refusal> {
    let now = call.gateway.clock.now();
    match call.gateway.session_cache.admits(call.mount.served, session, now) {
        true => Ok(now),
        false => Err(Refusal::NoSession),
    }
}

/// The tool's origin, as browsers see it.
pub(in crate::web) fn origin(call: &SessionCall<'_>) -> String {
    call.gateway.public_url.origin_of(&call.mount.served.tool, authority(call)).to_string()
}

/// The host and port of a request. The listener has checked the header.
pub(super) fn authority<'r>(call: &SessionCall<'r>) -> &'r str {
    call.head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}

/// The response to a refused request, and its log line.
pub(in crate::web) fn refused(
    call: &SessionCall<'_>,
    refusal: &Refusal,
) -> rocket::Response<'static> {
    let SessionCall { gateway, mount, head, .. } = call;
    let tool = &mount.served.tool;
    let logged = refusal.log_in_session(&gateway.log_budget, tool, head.method.as_str());
    let url = match refusal {
        Refusal::NoSession => url_for_window(call),
        _ => None,
    };
    let accept = accept(head);
    refusal.session_response(gateway.institution(), tool, logged.as_deref(), &accept, None, url)
}

/// Whether a request has the twin of a session, which may be invalid.
fn has_twin(call: &SessionCall<'_>) -> bool {
    let headers = call.head.headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    call.mount.target.downloads() && cookies(headers).any(|(name, _)| name == TWIN_COOKIE)
}

/// The URL for a button that opens a page without a session in a window of its own, where the twin
/// counts: the click comes from the gateway's own page. `None` without a valid twin, and for a
/// request that is no page.
fn url_for_window<'r>(call: &SessionCall<'r>) -> Option<&'r str> {
    let SessionCall { gateway, mount, head, .. } = call;
    let headers = head.headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let is_page = head.method == Method::GET && has_twin(call);
    let cache = &gateway.session_cache;
    let session = is_page.then(|| cache.find_with_twins(mount, headers, gateway.clock.now()));
    session.flatten()?;
    Some(head.uri.path_and_query()?.as_str())
}

/// The refusal of a request without a session. With `prefix = "tool"`, the launch URL is a URL of
/// the session too, so it may be a login of LTI 1.3 or a launch URL opened without a launch.
fn without_session(call: &SessionCall<'_>) -> Refusal {
    let is_launch_path = call.mount.served.tool.path.as_str() == call.head.uri.path();
    match is_launch_path {
        true if call.head.method == Method::GET && is_login(call.head.uri.query()) => {
            Refusal::Rejected(Rejection::Lti1p3NotConfigured)
        }
        true if call.head.method != Method::POST => Refusal::NotPosted,
        // The session ended while its form arrived.
        _ => Refusal::NoSession,
    }
}
