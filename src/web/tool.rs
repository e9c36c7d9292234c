//! Every address of a tool: the launch, the door of a session, and what lies inside one.

use rocket::http::Method;
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Response, Route};

use super::gateway::Gateway;
use super::proxy::route::{Mount, ToolRoute};
use super::proxy::{door, passage};
use super::refusal::Refusal;
use super::{launch, shield};

/// One route for every path that nothing else answers, so that nothing grows with the number of tools.
pub(super) fn routes() -> Vec<Route> {
    /// Behind Rocket's own rank of static files.
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

/// What the gateway answers itself on the hosts of tools, too.
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
        // Whoever only wants to know what is behind a ticket does not use it up.
        if method == Method::Head && matches!(place, Some((_, ToolRoute::Entry(_)))) {
            return Outcome::Success(Refusal::NotEntered.respond());
        }
        // Outside sessions Rocket answers a HEAD as a GET without a body, here and for every other route.
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
                let mut answer =
                    dressed(door::answer(gateway, mount, request, data).await, mount, request);
                // Its address holds a ticket, which is nobody's business, be it spent or not.
                answer.set_raw_header("Referrer-Policy", "no-referrer");
                answer
            }
            Some((gateway, ToolRoute::Session(mount, rest))) => {
                let answer = passage::answer(gateway, mount, rest, request, data).await;
                if answer.is_ok() {
                    shield::mark_as_proxied(request);
                }
                dressed(answer, mount, request)
            }
            // A launch that misses its tool is worth a line; what crawlers look for is not.
            None if method == Method::Post => Refusal::NoTool.respond_and_log(request),
            None => Refusal::NoTool.respond(),
        })
    }
}

/// The answer, or the refusal for whoever asked.
fn dressed<'r>(
    answer: Result<Response<'r>, Refusal>,
    mount: Mount<'_, '_>,
    request: &Request<'_>,
) -> Response<'r> {
    answer.unwrap_or_else(|refusal| refusal.respond_in_session(&mount.served.tool, request))
}
