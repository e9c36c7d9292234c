//! All URLs of a tool: the launch, the entry URL of a session, and the URLs inside a session.

use rocket::http::Method;
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Response, Route};

use super::gateway::Gateway;
use super::proxy::route::{Mount, ToolRoute};
use super::proxy::{door, passage};
use super::refusal::Refusal;
use super::{launch, shield};

/// One route for all paths without a route of their own. The number of routes does not depend on
/// the number of tools.
pub(super) fn routes() -> Vec<Route> {
    /// Ranks after Rocket's static files.
    const LAST: isize = 20;
    const METHODS: [Method; 9] = [
        Method::Post,
        Method::Get,
        Method::Head,
        Method::Put,
        Method::Delete,
        Method::Options,
        Method::Patch,
        Method::Trace,
        Method::Connect,
    ];
    METHODS.into_iter().map(|method| Route::ranked(LAST, method, "/<_..>", ToolHandler)).collect()
}

/// Paths of the gateway that exist on tools' own hosts, too.
const OWN_EVERYWHERE: [&str; 2] = ["/is_up", "/.well-known/jwks.json"];

#[derive(Clone)]
struct ToolHandler;

#[rocket::async_trait]
impl Handler for ToolHandler {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let method = request.method();
        let place = request.rocket().state::<Gateway>().and_then(|gateway| {
            let host = request.host()?.domain().as_str();
            let query = request.uri().query().map(|query| query.as_str());
            Some((
                gateway,
                gateway.routes.find(host, method, request.uri().path().as_str(), query)?,
            ))
        });
        // A HEAD, such as from a link preview, does not spend the ticket.
        if method == Method::Head && matches!(place, Some((_, ToolRoute::Entry(_)))) {
            return Outcome::Success(Refusal::NotEntered.respond());
        }
        // Outside sessions, Rocket answers a HEAD like a GET, without the body.
        let is_own = OWN_EVERYWHERE.contains(&request.uri().path().as_str());
        if method == Method::Head && (is_own || !matches!(place, Some((_, ToolRoute::Session(..)))))
        {
            return Outcome::forward(data, rocket::http::Status::NotFound);
        }
        Outcome::Success(match place {
            Some((gateway, ToolRoute::Launch(served, sub_path))) if method == Method::Post => {
                launch::answer(gateway, served, sub_path, request, data).await
            }
            Some((gateway, ToolRoute::Launch(served, _))) if method == Method::Get => {
                launch::answer_get(gateway, served, request)
            }
            Some((_, ToolRoute::Launch(..))) => Refusal::NotPosted.respond(),
            Some((gateway, ToolRoute::Entry(mount))) => {
                let mut response =
                    or_refusal(door::answer(gateway, mount, request, data).await, mount, request);
                // The URL contains a ticket. Other sites must not see it, not even a spent one.
                response.set_raw_header("Referrer-Policy", "no-referrer");
                response
            }
            Some((gateway, ToolRoute::Session(mount, rest))) => {
                let response = passage::answer(gateway, mount, rest, request, data).await;
                if response.is_ok() {
                    shield::mark_as_proxied(request);
                }
                or_refusal(response, mount, request)
            }
            // Log a launch with a wrong URL, but not the requests of crawlers.
            None if method == Method::Post => Refusal::NoTool.respond_and_log(request),
            None => Refusal::NoTool.respond(),
        })
    }
}

/// The response, or the page of the refusal.
fn or_refusal<'r>(
    response: Result<Response<'r>, Refusal>,
    mount: Mount<'_, '_>,
    request: &Request<'_>,
) -> Response<'r> {
    response.unwrap_or_else(|refusal| refusal.respond_in_session(&mount.served.tool, request))
}
