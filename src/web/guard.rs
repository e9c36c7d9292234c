//! What every request must have before a route sees it: one `Host`, and in development a loopback one.
//!
//! Two `Host` headers, or none, are how one proxy is made to see another site than the next (RFC 9112 §3.2 asks for
//! 400). Development answers loopback names only, so that no web page can reach it by a name of its own.

use std::convert::Infallible;

use rocket::http::Status;
use rocket::request::{self, FromRequest};
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Route};

use super::gateway::Gateway;
use super::refusal::Refusal;
use super::served::ServedTarget;
use crate::url::{host_and_port, is_loopback};

/// The same routes, behind the check.
pub(super) fn check_host(routes: Vec<Route>, development: bool) -> Vec<Route> {
    wrap(routes, |handler| CheckHost { development, handler })
}

#[derive(Clone)]
struct CheckHost {
    development: bool,
    handler: Box<dyn Handler>,
}

#[rocket::async_trait]
impl Handler for CheckHost {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        match request.host() {
            Some(host) if request.headers().get("host").count() == 1 => {
                if self.development && !is_loopback(host.domain().as_str()) {
                    return Outcome::Success(Refusal::ForeignHost.respond_and_log(request));
                }
                self.handler.handle(request, data).await
            }
            _ => Outcome::Success(Refusal::NoHost.respond_and_log(request)),
        }
    }
}

/// The same routes, but for the hosts that tools have for themselves, where every other path is the tool's; a template's
/// needs the files of `static/`, so that `only_upstreams` leaves these routes to it.
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

/// The same routes, each behind what is made of its handler.
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

/// The host and port that somebody asked, to show launch URLs with.
pub(super) struct Authority(String);

impl Authority {
    /// As it stands in a URL.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The same port of this machine, by a name that browsers take for another site.
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
