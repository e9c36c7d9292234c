//! The decision about every request: refused, a session's, or one of the gateway's own URLs.
//!
//! The listener and Rocket's routes use the same decision, so that they cannot disagree about what
//! stands at a host and path.

use hyper::Method;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use lti::resembles_launch;
use rocket::Response;

use super::form::{LARGEST_FORM, is_form};
use super::gateway::Gateway;
use super::grade;
use super::guard::{self, AnsweredHosts, HostError};
use super::launch::oauth_credentials;
use super::limit::{MOST_FIELDS, MOST_HEAD_BYTES};
use super::links;
use super::links_path::LINKS_PATH;
use super::login_path::is_login;
use super::page;
use super::proxy::door::LARGEST_TICKET_FORM;
use super::proxy::route::{Mount, OWN_EVERYWHERE, ToolRoute};
use super::proxy::stray;
use super::refusal::Refusal;
use super::register_path::REGISTER_PATH;
use crate::config::Tool;
use crate::proxy::headers::may_be_csrf;
use crate::session::looks_sealed;

/// The methods that Rocket knows, except `CONNECT`.
const ROCKET_METHODS: [Method; 8] = [
    Method::GET,
    Method::POST,
    Method::HEAD,
    Method::OPTIONS,
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
    Method::TRACE,
];

/// Who answers a request.
pub(crate) enum Decision<'g, 'r> {
    /// The gateway, with a refusal. `tool` is the tool of a session.
    Refused { refusal: Refusal, tool: Option<&'g Tool> },
    /// The gateway, with a redirect: of a stray request into the session of its page, or of a login
    /// to its own URL.
    Redirected(Response<'static>),
    /// The upstream behind this mount; with the rest of the path.
    Session(Mount<'g, 'r>, &'r str),
    /// Rocket, if the form [is a launch](is_launch); otherwise the upstream, as for a session. The
    /// listener reads the form.
    LaunchOrSession(Mount<'g, 'r>, &'r str),
    /// Rocket.
    Own(FormRule),
}

/// Whether the listener reads the form of a request to one of the gateway's own URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FormRule {
    /// It does not: the response does not depend on it.
    Skip,
    /// It reads at most this number of bytes.
    Read(u64),
    /// It does not: the client announced more than this number of bytes.
    TooLarge(u64),
}

/// Decides who answers a request.
pub(crate) fn decide<'g, 'r>(gateway: &'g Gateway, head: &'r Parts) -> Decision<'g, 'r> {
    let path = head.uri.path();
    let is_development = gateway.development.is_some();
    let refused = |refusal, tool| Decision::Refused { refusal, tool };
    let host = match guard::host(&head.headers, answered_hosts(gateway)) {
        Ok(host) => Some(host),
        // Monitors may send any `Host`.
        Err(_) if matches!(path, "/is_up" | "/ready") => None,
        Err(HostError::Invalid) => return refused(Refusal::NoHost, None),
        Err(HostError::Foreign) => return refused(Refusal::ForeignHost, None),
        Err(HostError::TrailingDot { authority }) => {
            let url = guard::url(&gateway.public_url, &authority, path);
            return refused(Refusal::TrailingDot(url), None);
        }
    };
    let route =
        host.and_then(|host| gateway.routes.find(host, &head.method, path, head.uri.query()));
    let session = match route {
        Some(ToolRoute::Session(mount, rest)) if !OWN_EVERYWHERE.contains(&path) => {
            Some((mount, rest))
        }
        _ => None,
    };
    let tool = session.map(|(mount, _)| &mount.served.tool);
    if is_too_large(head) {
        return refused(Refusal::HeadersTooLarge, tool);
    }
    if head.method == Method::CONNECT {
        return refused(Refusal::MethodUnknown, tool);
    }
    if let Some(ToolRoute::Entry(mount)) = &route
        && is_foreign_entry(gateway, mount, head)
    {
        return refused(Refusal::ForeignOrigin, Some(&mount.served.tool));
    }
    if path == LINKS_PATH && host.is_some_and(|host| is_foreign_selection(gateway, host, head)) {
        return refused(Refusal::ForeignOrigin, None);
    }
    let location = host.and_then(|host| stray::location(gateway, host, head, route.as_ref()));
    if let Some(location) = location {
        return Decision::Redirected(page::stray_redirect(location));
    }
    if let Some(ToolRoute::Shared { mount, rest, launch_rest }) = route {
        return decide_shared(gateway, head, mount, rest, launch_rest);
    }
    match session {
        Some((mount, rest)) => match login_redirect(gateway, head, &mount) {
            Some(redirect) => Decision::Redirected(redirect),
            None => Decision::Session(mount, rest),
        },
        None if is_foreign_registration(gateway, head) => refused(Refusal::ForeignOrigin, None),
        None if ROCKET_METHODS.contains(&head.method) => {
            Decision::Own(form_rule(head, route.as_ref(), is_development))
        }
        None => refused(Refusal::MethodNotAllowed, None),
    }
}

/// The hosts that the gateway answers.
fn answered_hosts(gateway: &Gateway) -> AnsweredHosts<'_> {
    match &gateway.development {
        None => AnsweredHosts::All,
        Some(development) => AnsweredHosts::Loopback(development.dev_host.as_ref()),
    }
}

/// Whether a page of another site sent a form to the entry URL of a session (login CSRF). It could
/// put its author's session into this browser.
fn is_foreign_entry(gateway: &Gateway, mount: &Mount<'_, '_>, head: &Parts) -> bool {
    let authority = head.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = gateway.public_url.origin_of(&mount.served.tool, authority.unwrap_or_default());
    may_be_csrf(&origin.to_string(), &head.method, &head.headers)
}

/// Whether a page of another site sent the form of the picker. It could put its author's links into
/// the course of this browser's user.
fn is_foreign_selection(gateway: &Gateway, host: &str, head: &Parts) -> bool {
    let authority = head.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = authority.unwrap_or_default();
    let origin = match gateway.routes.tool_of_host(host) {
        Some(served) => gateway.public_url.origin_of(&served.tool, authority),
        None => gateway.public_url.origin(authority),
    };
    may_be_csrf(&origin.to_string(), &head.method, &head.headers)
}

/// Whether a page of another site sent the form of a registration (CSRF).
fn is_foreign_registration(gateway: &Gateway, head: &Parts) -> bool {
    if !head.uri.path().starts_with(REGISTER_PATH) {
        return false;
    }
    let authority = head.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = gateway.public_url.origin(authority.unwrap_or_default());
    may_be_csrf(&origin.to_string(), &head.method, &head.headers)
}

/// Decides about a POST to a URL that launches and a session share. A launch is a form, and the
/// page of a platform sends it. Everything else belongs to the app, if the browser has a session.
fn decide_shared<'g, 'r>(
    gateway: &'g Gateway,
    head: &'r Parts,
    mount: Mount<'g, 'r>,
    rest: &'r str,
    launch_rest: &str,
) -> Decision<'g, 'r> {
    let is_launch_path = matches!(launch_rest, "" | "/");
    let has_session = || {
        let cookies = head.headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
        gateway.session_cache.find(&mount, cookies, gateway.clock.now()).is_some()
    };
    if is_launch_path && !has_session() {
        return Decision::Own(form_rule(head, None, gateway.development.is_some()));
    }
    let value = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let is_of_app = value("sec-fetch-site") == Some("same-origin") && !is_launch_path;
    let is_small = announced_length(&head.headers).is_none_or(|length| length <= LARGEST_FORM);
    match is_form(value("content-type")) && is_small && !is_of_app {
        true => Decision::LaunchOrSession(mount, rest),
        false => Decision::Session(mount, rest),
    }
}

/// Whether a request with this form is a launch or a login, accepted or not: form, query or
/// `Authorization` have parameters of one.
pub(crate) fn is_launch(head: &Parts, form: &[u8]) -> bool {
    let authorizations = head.headers.get_all(header::AUTHORIZATION).iter();
    let mut authorizations = authorizations.filter_map(|value| value.to_str().ok());
    resembles_launch(form)
        || is_login_error(form)
        || head.uri.query().is_some_and(|query| resembles_launch(query.as_bytes()))
        || authorizations.any(|value| oauth_credentials(value).is_some())
}

/// Whether a form is the error with which a platform answers a login of ours.
fn is_login_error(form: &[u8]) -> bool {
    let (mut has_error, mut has_state) = (false, false);
    for pair in form.split(|byte| *byte == b'&') {
        has_error |= pair.starts_with(b"error=");
        let state = pair.strip_prefix(b"state=").and_then(|state| std::str::from_utf8(state).ok());
        has_state |= state.is_some_and(looks_sealed);
    }
    has_error && has_state
}

/// The redirect of a login that a platform sends to a launch URL which is a URL of sessions, too.
fn login_redirect(
    gateway: &Gateway,
    head: &Parts,
    mount: &Mount<'_, '_>,
) -> Option<Response<'static>> {
    let tool = &mount.served.tool;
    let query = head.uri.query().filter(|query| is_login(Some(query)))?;
    let is_launch_path = head.uri.path() == tool.path.as_str();
    if head.method != Method::GET || !is_launch_path || tool.senders.platforms.is_empty() {
        return None;
    }
    let cookies = head.headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    let session = gateway.session_cache.find(mount, cookies, gateway.clock.now());
    session.is_none().then(|| page::login_redirect(Some(query)))
}

fn is_too_large(head: &Parts) -> bool {
    let uri = head.uri.path().len() + head.uri.query().map_or(0, str::len);
    let headers = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    head.headers.len() > MOST_FIELDS || uri + headers.sum::<usize>() > MOST_HEAD_BYTES
}

/// Which form the listener reads. A response that does not depend on the form does not wait for it.
fn form_rule(head: &Parts, route: Option<&ToolRoute<'_, '_>>, is_development: bool) -> FormRule {
    let ignores_form = matches!(route, Some(ToolRoute::Respelled(_) | ToolRoute::NoSession(_)));
    if ignores_form || !matches!(head.method, Method::POST | Method::PUT) {
        return FormRule::Skip;
    }
    let value = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let path = head.uri.path();
    let largest = if matches!(route, Some(ToolRoute::Entry(_))) {
        LARGEST_TICKET_FORM
    } else if path.trim_end_matches('/') == grade::PATH {
        match value(header::AUTHORIZATION) {
            Some(_) => grade::LARGEST_BODY,
            None => return FormRule::Skip,
        }
    } else if path.trim_end_matches('/') == links::PATH {
        match value(header::AUTHORIZATION) {
            Some(_) => links::LARGEST_BODY,
            None => return FormRule::Skip,
        }
    } else if (is_development && path.starts_with("/dev/")) || is_form(value(header::CONTENT_TYPE))
    {
        LARGEST_FORM
    } else {
        return FormRule::Skip;
    };
    match announced_length(&head.headers) {
        Some(length) if length > largest => FormRule::TooLarge(largest),
        _ => FormRule::Read(largest),
    }
}

/// The length that a client announces.
fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
