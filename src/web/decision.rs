//! The decision about every request: refused, a session's, or one of the gateway's own URLs.
//!
//! The listener and Rocket's routes use the same decision, so that they cannot disagree about what
//! stands at a host and path.

use std::time::Duration;

use hyper::Method;
use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;

use super::gateway::Gateway;
use super::guard;
use super::launch::{LARGEST_FORM, is_form};
use super::proxy::door::LARGEST_TICKET_FORM;
use super::proxy::route::{Mount, ToolRoute};
use super::refusal::Refusal;
use super::grade;

/// The timeout of a request head, from its first byte on.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// The most bytes of a request head: target, names and values.
pub(crate) const MOST_HEAD_BYTES: usize = 64 * 1024;
/// The most headers of a request.
pub(crate) const MOST_FIELDS: usize = 100;

/// Paths of the gateway that exist on tools' own hosts, too.
pub(super) const OWN_EVERYWHERE: [&str; 2] = ["/is_up", "/.well-known/jwks.json"];

/// Who answers a request.
pub(crate) enum Decision<'g, 'r> {
    /// Nobody.
    Refused(Refusal),
    /// The upstream behind this mount; with the rest of the path.
    Session(Mount<'g, 'r>, &'r str),
    /// Rocket.
    Own(FormRule),
}

/// Whether the listener reads the form of a request to one of the gateway's own URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FormRule {
    /// It does not: there is none, or the response does not depend on it.
    Skip,
    /// It reads at most this number of bytes.
    Read(u64),
    /// It does not: the client announced more than this number of bytes.
    TooLarge(u64),
}

/// Decides who answers a request.
pub(crate) fn decide<'g, 'r>(gateway: &'g Gateway, head: &'r Parts) -> Decision<'g, 'r> {
    if is_too_large(head) {
        return Decision::Refused(Refusal::HeadersTooLarge);
    }
    if head.method == Method::CONNECT {
        return Decision::Refused(Refusal::MethodUnknown);
    }
    let path = head.uri.path();
    if path == "/is_up" {
        return Decision::Own(FormRule::Skip);
    }
    let host = match guard::host(&head.headers, gateway.development.is_some()) {
        Ok(host) => host,
        // Monitors may send any `Host`.
        Err(_) if path == "/ready" => return Decision::Own(FormRule::Skip),
        Err(refusal) => return Decision::Refused(refusal),
    };
    let route = gateway.routes.find(&host, &head.method, path, head.uri.query());
    match route {
        Some(ToolRoute::Session(mount, rest)) if !OWN_EVERYWHERE.contains(&path) => {
            Decision::Session(mount, rest)
        }
        route if is_rocket_method(&head.method) => {
            let is_entry = matches!(route, Some(ToolRoute::Entry(_)));
            Decision::Own(form_rule(head, is_entry, gateway.development.is_some()))
        }
        _ => Decision::Refused(Refusal::MethodNotAllowed),
    }
}

fn is_too_large(head: &Parts) -> bool {
    let uri = head.uri.path().len() + head.uri.query().map_or(0, str::len);
    let headers = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    head.headers.len() > MOST_FIELDS || uri + headers.sum::<usize>() > MOST_HEAD_BYTES
}

/// Whether Rocket knows this method.
fn is_rocket_method(method: &Method) -> bool {
    [
        Method::GET,
        Method::POST,
        Method::HEAD,
        Method::OPTIONS,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
        Method::TRACE,
    ]
    .contains(method)
}

/// Which form the listener reads. A response that does not depend on the form does not wait for it.
fn form_rule(head: &Parts, is_entry: bool, is_development: bool) -> FormRule {
    if !matches!(head.method, Method::POST | Method::PUT) {
        return FormRule::Skip;
    }
    let value = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let path = head.uri.path();
    let largest = if is_entry {
        LARGEST_TICKET_FORM
    } else if path == grade::PATH {
        match value(header::AUTHORIZATION) {
            Some(_) => grade::LARGEST_BODY,
            None => return FormRule::Skip,
        }
    } else if (is_development && path.starts_with("/dev/")) || is_form(value(header::CONTENT_TYPE)) {
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
