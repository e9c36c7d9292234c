//! The gate of `/dev`: the token, and the checks that keep other sites out.

use rocket::http::{Header, Status};
use rocket::request::{FromRequest, Outcome as Guarded};
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Response, Route};
use serde::Serialize;

use crate::session::cookies;
use crate::url::{Origin, UrlParts};
use crate::web::current::RequestGateway;
use crate::web::dev_token::{COOKIE, DevToken};
use crate::web::gateway::Gateway;
use crate::web::guard::{authority, wrap};
use crate::web::page::{self, Html, RenderedPage};
use crate::web::refusal::Refusal;

/// The same routes. If others than this machine may reach the gateway, a browser has to know the
/// token. The pages of other sites can neither read nor embed the responses.
pub(super) fn gated(routes: Vec<Route>) -> Vec<Route> {
    wrap(routes, |handler| Gated { asks_for_token: true, handler })
}

/// The same routes without the token: those that accept it.
pub(super) fn ungated(routes: Vec<Route>) -> Vec<Route> {
    wrap(routes, |handler| Gated { asks_for_token: false, handler })
}

#[derive(Clone)]
struct Gated {
    asks_for_token: bool,
    handler: Box<dyn Handler>,
}

#[rocket::async_trait]
impl Handler for Gated {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let Some(gateway) = RequestGateway::of(request) else {
            return Outcome::forward(data, Status::NotFound);
        };
        let outcome = if self.asks_for_token && !is_admitted(gateway, request) {
            Outcome::Success(token_page())
        } else {
            self.handler.handle(request, data).await
        };
        match outcome {
            Outcome::Success(mut response) => {
                response.set_header(Header::new("Cross-Origin-Resource-Policy", "same-origin"));
                response.set_header(Header::new("X-Content-Type-Options", "nosniff"));
                Outcome::Success(response)
            }
            other => other,
        }
    }
}

/// Whether a browser may use `/dev`.
fn is_admitted(gateway: &Gateway, request: &Request<'_>) -> bool {
    let knows_token = |token: &DevToken| {
        let headers = request.headers().get("Cookie").map(str::as_bytes);
        let mut own = cookies(headers).filter(|(name, _)| *name == COOKIE);
        own.any(|(_, value)| token.admits(value, gateway.clock.now()))
    };
    !gateway.is_exposed() || gateway.dev_process.token().is_some_and(knows_token)
}

#[derive(Serialize)]
struct GateContext<'a> {
    heading: &'a str,
    message: &'a str,
    asks_for_token: bool,
}

impl GateContext<'_> {
    fn response(&self, status: Status) -> Response<'static> {
        let page = page::render("dev_gate.html.tera", self);
        let page = page.unwrap_or_else(|| RenderedPage::plain(self.heading));
        Html::with_form(page).into_response(status)
    }
}

/// The page that asks for the token.
fn token_page() -> Response<'static> {
    let context = GateContext {
        heading: "Practice platform",
        message: "Others may reach this gateway. Enter the token that it printed when it started.",
        asks_for_token: true,
    };
    context.response(Status::Unauthorized)
}

/// A refused request to `/dev`. Its page leads on.
pub(super) struct DevRefusal(pub(super) Refusal);

impl<'r> rocket::response::Responder<'r, 'static> for DevRefusal {
    fn respond_to(self, request: &'r Request<'_>) -> rocket::response::Result<'static> {
        let Self(refusal) = self;
        let asks_for_token = match refusal {
            Refusal::WrongToken | Refusal::TooManyTokens => true,
            Refusal::ForeignPractice => false,
            other => return other.respond_to(request),
        };
        if let Some(gateway) = RequestGateway::of(request) {
            let (method, path) = (request.method().as_str(), request.uri().path());
            refusal.log(&gateway.log_budget, method, path.as_str());
        }
        let (heading, message) = refusal.page_text();
        Ok(GateContext { heading, message, asks_for_token }.response(refusal.status()))
    }
}

impl From<Refusal> for DevRefusal {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

/// The page that sent a request.
pub(super) struct SendingPage {
    /// Whether it may be a page of another site (CSRF).
    is_foreign: bool,
    /// Whether a link or form on a page of the same origin caused the request. Browsers before 2023
    /// may not say so; their user clicks a button once more.
    pub(super) is_own: bool,
    /// Whether a proxy passed the request on.
    pub(super) is_forwarded: bool,
}

/// The headers that proxies and port forwarders add. Browsers send none of them.
const OF_PROXIES: [&str; 6] =
    ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"];

impl SendingPage {
    /// # Errors
    /// [`Refusal::ForeignPractice`] for a page of another site.
    pub(super) fn check(&self) -> Result<(), DevRefusal> {
        if self.is_foreign { Err(DevRefusal(Refusal::ForeignPractice)) } else { Ok(()) }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for SendingPage {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Guarded<Self, Self::Error> {
        let gateway = RequestGateway::of(request);
        let dev_host = gateway.and_then(|gateway| gateway.development.as_ref()?.dev_host.as_ref());
        let headers = |name: &'static str| request.headers().get(name).collect::<Vec<_>>();
        let sender = Sender {
            sites: headers("Sec-Fetch-Site"),
            origins: headers("Origin"),
            referers: headers("Referer"),
        };
        let is_foreign = sender.is_foreign(&authority(request), dev_host);
        let is_own = !is_foreign && sender.sites == ["same-origin"];
        let is_forwarded = OF_PROXIES.iter().any(|name| request.headers().contains(name));
        Guarded::Success(Self { is_foreign, is_own, is_forwarded })
    }
}

/// The headers that name the page of a request.
#[derive(Default)]
struct Sender<'a> {
    sites: Vec<&'a str>,
    origins: Vec<&'a str>,
    referers: Vec<&'a str>,
}

impl Sender<'_> {
    /// Whether a page of another site may have sent the request, also a GET. A page on another port
    /// of this machine is of another site, too.
    ///
    /// A request without these headers passes: a program sent it, or a person entered the URL.
    fn is_foreign(&self, authority: &str, dev_host: Option<&Origin>) -> bool {
        let is_own = |url: &&str| {
            let Some(url) = UrlParts::of_web(url) else { return false };
            url.is_of(&format!("http://{authority}"))
                || dev_host.is_some_and(|origin| url.is_of(&origin.to_string()))
        };
        if self.sites.iter().any(|site| !matches!(*site, "same-origin" | "none")) {
            return true;
        }
        // The browser has compared the origins. A forwarder may have rewritten `Origin`.
        if self.sites.as_slice() == ["same-origin"] {
            return false;
        }
        // Also with `none`: browsers send it without the two.
        !self.origins.iter().chain(&self.referers).all(is_own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::Scheme;

    #[track_caller]
    fn check(sender: &[(&str, &str)], expected: bool) {
        let named = |name: &str| {
            sender.iter().filter(|(own, _)| *own == name).map(|(_, value)| *value).collect()
        };
        let sender = Sender {
            sites: named("Sec-Fetch-Site"),
            origins: named("Origin"),
            referers: named("Referer"),
        };
        assert_eq!(sender.is_foreign("localhost:5000", None), expected, "{:?}", sender.sites);
    }

    #[test]
    fn a_page_of_another_site_or_port_is_foreign() {
        for (sender, is_foreign) in [
            (&[][..], false),
            (&[("Sec-Fetch-Site", "none")], false),
            (&[("Sec-Fetch-Site", "same-origin")], false),
            (&[("Sec-Fetch-Site", "same-origin"), ("Origin", "null")], false),
            (&[("Sec-Fetch-Site", "cross-site")], true),
            (&[("Sec-Fetch-Site", "same-site")], true),
            (&[("Sec-Fetch-Site", "")], true),
            (&[("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")], true),
            (&[("Sec-Fetch-Site", "same-site"), ("Referer", "http://localhost:5000/dev")], true),
            (&[("Sec-Fetch-Site", "none"), ("Referer", "https://evil.example/")], true),
            // Browsers without `Sec-Fetch-Site`.
            (&[("Referer", "http://localhost:5000/dev")], false),
            (&[("Origin", "http://localhost:5000")], false),
            (&[("Referer", "http://localhost:3000/dev")], true),
            (&[("Referer", "http://127.0.0.1:5000/dev")], true),
            (&[("Referer", "https://localhost:5000/dev")], true),
            (&[("Referer", "https://evil.example/http://localhost:5000/")], true),
            (&[("Referer", "http://localhost:5000@evil.example/")], true),
            (&[("Referer", "about:blank")], true),
            (&[("Origin", "https://evil.example")], true),
            (&[("Origin", "null")], true),
        ] {
            check(sender, is_foreign);
        }
    }

    #[test]
    fn a_page_of_dev_host_is_not_foreign() {
        let dev_host =
            Origin { scheme: Scheme::Https, authority: "name-5000.app.github.dev".to_owned() };
        for (origin, is_foreign) in [
            ("https://name-5000.app.github.dev", false),
            ("http://localhost:5000", false),
            ("http://name-5000.app.github.dev", true),
            ("https://name-5001.app.github.dev", true),
            ("https://localhost:5000", true),
        ] {
            let sender = Sender { origins: vec![origin], ..Sender::default() };
            let found = sender.is_foreign("localhost:5000", Some(&dev_host));
            assert_eq!(found, is_foreign, "{origin}");
        }
    }
}
