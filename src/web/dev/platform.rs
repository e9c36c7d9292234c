//! The outcome services of the practice platform, at edX's paths.

use rocket::http::{ContentType, Status};
use rocket::request::{FromRequest, Outcome};
use rocket::{Data, Request, Route, delete, get, post, put};

use super::consumer::PracticeConsumer;
use super::{auth, links, services};
use crate::practice::{Exchange, Gradebook, OutcomeServiceRequest, ServiceResponse};
use crate::web::body::{self, Arrival};
use crate::web::gateway::Gateway;
use crate::web::guard::authority;
use crate::web::refusal::Refusal;

/// The largest body, in bytes. Real bodies have a few hundred.
const LARGEST_BODY: u64 = 256 * 1024;

/// The routes of the outcome services, at edX's paths below a block, and those of LTI 1.3 and
/// LTI Advantage.
pub(in crate::web) fn routes() -> Vec<Route> {
    let mut all = rocket::routes![outcome, put_result, get_result, delete_result];
    all.extend(auth::routes());
    all.extend(services::routes());
    all.extend(links::routes());
    all
}

/// The head of a request to an outcome service.
struct ServiceCallHead<'r> {
    authority: String,
    method: &'static str,
    /// Path and query.
    target: String,
    authorization: &'r str,
    content_type: &'r str,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for ServiceCallHead<'r> {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let header = |name| request.headers().get_one(name).unwrap_or_default();
        Outcome::Success(Self {
            authority: authority(request),
            method: request.method().as_str(),
            target: request.uri().to_string(),
            authorization: header("Authorization"),
            content_type: header("Content-Type"),
        })
    }
}

/// A response: its status, its content type and its body.
type PlatformResult = Result<(Status, (ContentType, String)), Refusal>;

#[post("/dev/platform/<tool>/<block>/handler_noauth/outcome_service_handler", data = "<data>")]
async fn outcome(
    gateway: &Gateway,
    head: ServiceCallHead<'_>,
    tool: &str,
    block: &str,
    arrival: Arrival,
    data: Data<'_>,
) -> PlatformResult {
    let body = body::read(arrival, data, LARGEST_BODY).await?;
    head.respond(gateway, tool, block, &body, |request, gradebook| request.outcome(gradebook))
}

#[put(
    "/dev/platform/<tool>/<block>/handler_noauth/result_service_handler/user/<person>",
    data = "<data>"
)]
async fn put_result(
    gateway: &Gateway,
    head: ServiceCallHead<'_>,
    tool: &str,
    block: &str,
    person: &str,
    arrival: Arrival,
    data: Data<'_>,
) -> PlatformResult {
    let body = body::read(arrival, data, LARGEST_BODY).await?;
    head.respond(gateway, tool, block, &body, |request, gradebook| {
        request.result(person, gradebook)
    })
}

#[get("/dev/platform/<tool>/<block>/handler_noauth/result_service_handler/user/<person>")]
fn get_result(
    gateway: &Gateway,
    head: ServiceCallHead<'_>,
    tool: &str,
    block: &str,
    person: &str,
) -> PlatformResult {
    head.respond(gateway, tool, block, b"", |request, gradebook| request.result(person, gradebook))
}

#[delete("/dev/platform/<tool>/<block>/handler_noauth/result_service_handler/user/<person>")]
fn delete_result(
    gateway: &Gateway,
    head: ServiceCallHead<'_>,
    tool: &str,
    block: &str,
    person: &str,
) -> PlatformResult {
    head.respond(gateway, tool, block, b"", |request, gradebook| request.result(person, gradebook))
}

impl ServiceCallHead<'_> {
    /// Responds to a request, and adds both to the messages of the gradebook.
    fn respond(
        self,
        gateway: &Gateway,
        tool: &str,
        block: &str,
        body: &[u8],
        handle: impl FnOnce(&OutcomeServiceRequest<'_>, &mut Gradebook) -> ServiceResponse,
    ) -> PlatformResult {
        let tool =
            gateway.routes.tools().find(|known| known.name == tool).ok_or(Refusal::NoTool)?;
        let Self { authority, method, target, authorization, content_type } = self;
        let url = gateway.public_url.launch_url(tool, Some(&authority));
        // The signature of the request decides, and nothing is signed here.
        let consumer =
            PracticeConsumer::of(gateway, tool, &url, false).map_err(|_| Refusal::NoTool)?;
        let request = OutcomeServiceRequest {
            tool: &tool.name,
            key: consumer.key,
            signing_key: consumer.signing_key,
            block,
            method,
            target: &target,
            authorization,
            content_type,
            body,
            at: gateway.clock.now(),
        };
        let development = gateway.development.as_ref().ok_or(Refusal::NoTool)?;
        let gradebook = &mut development.practice().gradebook;
        let response = handle(&request, gradebook);
        // Web pages of other sites cannot send this header (CSRF), so they cannot fill the list.
        if !authorization.is_empty() {
            gradebook.remember(Exchange {
                at: gateway.clock.now(),
                method,
                path: target,
                authorization: authorization.to_owned(),
                body: String::from_utf8_lossy(body).into_owned(),
                finding: response.finding,
                status: response.status,
                answer: response.body.clone(),
            });
        }
        let status = Status::new(response.status);
        let content_type =
            ContentType::parse_flexible(response.content_type).unwrap_or(ContentType::Binary);
        Ok((status, (content_type, response.body)))
    }
}
