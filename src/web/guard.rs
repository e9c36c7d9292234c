//! The check of the `Host` of every request, and the routes that tools' own hosts do not have.
//!
//! With no or two `Host` headers, two proxies can see two different sites (host header injection).
//! RFC 9112 §3.2 requires a 400. Development answers only loopback names, so that a web page cannot
//! reach it by a name of its own (DNS rebinding).

use std::convert::Infallible;

use hyper::header::{HOST, HeaderMap};
use rocket::http::Status;
use rocket::http::uri::Host;
use rocket::request::{self, FromRequest};
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Route};

use super::gateway::Gateway;
use super::refusal::Refusal;
use super::served::ServedTarget;
use crate::url::{host_and_port, is_loopback};

/// The host of a request, without its port.
///
/// # Errors
/// [`Refusal::NoHost`] or [`Refusal::ForeignHost`].
pub(super) fn host(headers: &HeaderMap, development: bool) -> Result<String, Refusal> {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(Refusal::NoHost) };
    let host = Host::parse_bytes(host.as_bytes()).map_err(|_| Refusal::NoHost)?;
    let domain = host.domain().as_str();
    if domain.is_empty() {
        return Err(Refusal::NoHost);
    }
    if development && !is_loopback(domain) {
        return Err(Refusal::ForeignHost);
    }
    Ok(domain.to_owned())
}

/// The same routes, except on hosts of single tools: there, these paths belong to the tool.
///
/// With `only_upstreams`, hosts of templates keep the routes: their pages need the files of
/// `static/`.
pub(super) fn except_tool_hosts(routes: Vec<Route>, only_upstreams: bool) -> Vec<Route> {
    wrap(routes, |handler| ExceptToolHosts { only_upstreams, handler })
}

#[derive(Clone)]
struct ExceptToolHosts {
    only_upstreams: bool,
    handler: Box<dyn Handler>,
}

#[rocket::async_trait]
impl Handler for ExceptToolHosts {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let gateway = request.rocket().state::<Gateway>();
        let served = gateway
            .zip(request.host())
            .and_then(|(gateway, host)| gateway.routes.tool_of_host(host.domain().as_str()));
        if served.is_some_and(|served| {
            !self.only_upstreams || matches!(served.target, ServedTarget::Upstream(_))
        }) {
            return Outcome::forward(data, Status::NotFound);
        }
        self.handler.handle(request, data).await
    }
}

/// The same routes, with wrapped handlers.
fn wrap<H: Handler>(routes: Vec<Route>, guard: impl Fn(Box<dyn Handler>) -> H) -> Vec<Route> {
    let guarded = |mut route: Route| {
        route.handler = Box::new(guard(route.handler));
        route
    };
    routes.into_iter().map(guarded).collect()
}

/// The host and port of a checked request.
pub(super) fn authority(request: &Request<'_>) -> String {
    request.host().map(ToString::to_string).unwrap_or_default()
}

/// The host and port of a request. Pages show launch URLs with it.
pub(super) struct Authority(String);

impl Authority {
    /// The host and port, as in a URL.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// This machine's other loopback name, with the same port. For browsers it is another site.
    pub(super) fn other(&self) -> String {
        let port = host_and_port(&self.0).1;
        let host = if self.0.starts_with("localhost") { "127.0.0.1" } else { "localhost" };
        port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Authority {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Self::Error> {
        request::Outcome::Success(Self(authority(request)))
    }
}
