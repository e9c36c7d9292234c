//! Stray requests: requests from a page of a session to a root-absolute URL, such as `/style.css`,
//! which is outside the session.
//!
//! The `Referer` names the page. If that page is in a session of this host, the gateway redirects
//! the request into the session. The redirect is no access decision: the cookie of the session
//! decides afterwards. So only the form of the `Referer` counts, and the response does not depend
//! on whether the session exists.

use hyper::Method;
use hyper::header::{AUTHORIZATION, HOST, REFERER};
use hyper::http::request::Parts;

use super::route::ToolRoute;
use crate::proxy::path::{begins_with_tilde, has_dot_segment};
use crate::url::UrlParts;
use crate::web::gateway::Gateway;

/// The first segments of URLs for programs, which authenticate themselves. Some of these URLs are
/// only reserved.
const FOR_PROGRAMS: [&str; 3] = ["grades", "links", "members"];

/// The URL of a stray request in the session of its page: the session's prefix, then path and query
/// of the request, byte for byte. `host` has no port. `None` for any other request.
pub(in crate::web) fn location(
    gateway: &Gateway,
    host: &str,
    head: &Parts,
    route: Option<&ToolRoute<'_, '_>>,
) -> Option<String> {
    if belongs_to_tool(route) {
        return None;
    }
    let mut referers = head.headers.get_all(REFERER).iter();
    let (Some(referer), None) = (referers.next(), referers.next()) else { return None };
    let path = head.uri.path();
    if belongs_to_gateway(gateway, host, head) || !is_redirectable(path) {
        return None;
    }
    let page = page_path(gateway, host, head, referer.to_str().ok()?)?;
    let Some(ToolRoute::Session(mount, _)) = gateway.routes.find(host, &Method::GET, page, None)
    else {
        return None;
    };
    // Without a prefix, the path already belongs to the app.
    if mount.prefix.is_empty() {
        return None;
    }
    let query = head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{}{path}{query}", mount.prefix))
}

/// Whether the URL of a request belongs to a tool. A tool at the root of its own host is launched
/// there, and any other path of this host may be an app's root-absolute URL.
fn belongs_to_tool(route: Option<&ToolRoute<'_, '_>>) -> bool {
    match route {
        None => false,
        Some(ToolRoute::Launch(served, _)) => !served.tool.path.as_str().is_empty(),
        Some(_) => true,
    }
}

/// Whether the gateway itself responds to a request, even if a page of a session sent it.
fn belongs_to_gateway(gateway: &Gateway, host: &str, head: &Parts) -> bool {
    let path = head.uri.path();
    let first = path.split('/').nth(1).unwrap_or_default();
    let is_public_host = || gateway.routes.tool_of_host(host).is_none();
    match first {
        "is_up" => path == "/is_up",
        ".well-known" => true,
        "dev" => gateway.development.is_some() && is_public_host(),
        _ if FOR_PROGRAMS.contains(&first) => {
            head.headers.contains_key(AUTHORIZATION) && is_public_host()
        }
        _ => begins_with_tilde(first),
    }
}

/// Whether a path stays the same path below a prefix. A browser removes dot segments, and it can
/// read a path that begins with two slashes as a URL with a host.
fn is_redirectable(path: &str) -> bool {
    let after_slash = path.strip_prefix('/');
    after_slash.is_some_and(|rest| !rest.starts_with(['/', '\\'])) && !has_dot_segment(path)
}

/// The path of the page that a `Referer` names, if the page has the origin of the request.
fn page_path<'r>(gateway: &Gateway, host: &str, head: &Parts, referer: &'r str) -> Option<&'r str> {
    // The listener has checked the header.
    let authority = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let origin = match gateway.routes.tool_of_host(host) {
        Some(served) => gateway.public_url.origin_of(&served.tool, authority),
        None => gateway.public_url.origin(authority),
    };
    // `of_web` refuses a user, and unusual characters in the host.
    let page = UrlParts::of_web(referer).filter(|page| page.is_of(&origin.to_string()))?;
    let is_plain = !page.rest.contains(['\\', '#', ' ', '\t']);
    (is_plain && !has_dot_segment(page.path())).then(|| page.path())
}
