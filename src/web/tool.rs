//! The URLs of a tool that Rocket answers: the launch, and the entry URL of a session.

use hyper::Method as HttpMethod;
use rocket::http::Method;
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Response, Route};

use super::current::RequestGateway;
use super::form;
use super::gateway::Gateway;
use super::launch;
use super::page;
use super::proxy::door;
use super::proxy::route::ToolRoute;
use super::refusal::Refusal;
use super::served::ServedTool;
use crate::config::Institution;

/// One route for all paths without a route of their own. The number of routes does not depend on
/// the number of tools.
pub(super) fn routes() -> Vec<Route> {
    /// Ranks after Rocket's static files.
    const LAST: isize = 20;
    const METHODS: [Method; 8] = [
        Method::Post,
        Method::Get,
        Method::Head,
        Method::Put,
        Method::Delete,
        Method::Options,
        Method::Patch,
        Method::Trace,
    ];
    METHODS.into_iter().map(|method| Route::ranked(LAST, method, "/<_..>", ToolHandler)).collect()
}

#[derive(Clone)]
struct ToolHandler;

#[rocket::async_trait]
impl Handler for ToolHandler {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let method = request.method();
        let path = request.uri().path();
        let place = RequestGateway::of(request).and_then(|gateway| {
            let host = request.host()?.domain().as_str();
            let query = request.uri().query().map(|query| query.as_str());
            let method = HttpMethod::from_bytes(method.as_str().as_bytes()).ok()?;
            Some((gateway, gateway.routes.find(host, &method, path.as_str(), query)?))
        });
        // A HEAD, such as from a link preview, does not spend the ticket.
        if method == Method::Head
            && let Some((gateway, ToolRoute::Entry(_))) = &place
        {
            return Outcome::Success(Refusal::NotEntered.respond(gateway.institution()));
        }
        // Rocket answers a HEAD like a GET, without the body.
        if method == Method::Head {
            return Outcome::forward(data, rocket::http::Status::NotFound);
        }
        Outcome::Success(match place {
            Some((gateway, ToolRoute::Launch(served, sub_path))) if method == Method::Post => {
                launch::answer(gateway, served, sub_path, request, data).await
            }
            // The listener passes on only those that are launches, or that have no session.
            Some((gateway, ToolRoute::Shared { mount, launch_rest, .. })) => {
                launch::answer(gateway, mount.served, launch_rest, request, data).await
            }
            Some((gateway, ToolRoute::Launch(served, _))) if method == Method::Get => {
                launch::answer_get(gateway, served, request)
            }
            Some((gateway, ToolRoute::Launch(..))) => {
                Refusal::NotPosted.respond(gateway.institution())
            }
            Some((gateway, ToolRoute::Entry(mount))) => {
                let answer = door::answer(gateway, mount, request, data).await;
                let mut response = answer
                    .unwrap_or_else(|refusal| refused(gateway, &refusal, mount.served, request));
                // The URL contains a ticket. Other sites must not see it, not even a spent one.
                response.set_raw_header("Referrer-Policy", "no-referrer");
                response
            }
            Some((_, ToolRoute::Respelled(url))) => {
                let mut response = page::permanent_redirect(url);
                // The URL may contain a ticket.
                response.set_raw_header("Referrer-Policy", "no-referrer");
                response
            }
            Some((gateway, ToolRoute::NoSession(served))) => {
                let content_type = request.headers().get_one("Content-Type");
                if method == Method::Post && form::is_form(content_type) {
                    launch::refuse(gateway, served, request, &Refusal::TildePath)
                } else {
                    refused(gateway, &Refusal::NoSession, served, request)
                }
            }
            // The listener proxies requests of sessions; those of the gateway's own paths have
            // another method than the gateway answers.
            Some((gateway, ToolRoute::Session(..))) => {
                Refusal::MethodNotAllowed.respond(gateway.institution())
            }
            // Log a launch with a wrong URL, but not the requests of crawlers.
            None => match RequestGateway::of(request) {
                Some(gateway) if method == Method::Post => {
                    let (budget, institution) = (&gateway.log_budget, gateway.institution());
                    let (method, path) = (method.as_str(), path.as_str());
                    Refusal::NoTool.respond_and_log(budget, institution, method, path)
                }
                Some(gateway) => Refusal::NoTool.respond(gateway.institution()),
                None => Refusal::NoTool.respond(&Institution::default()),
            },
        })
    }
}

/// The page of a refusal at a URL of sessions, or its JSON.
fn refused(
    gateway: &Gateway,
    refusal: &Refusal,
    served: &ServedTool,
    request: &Request<'_>,
) -> Response<'static> {
    let accept: Vec<&str> = request.headers().get("Accept").collect();
    let method = request.method().as_str();
    let (budget, institution) = (&gateway.log_budget, gateway.institution());
    refusal.respond_in_session(budget, institution, &served.tool, method, &accept)
}
