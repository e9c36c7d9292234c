//! The outcome services of the practice platform, where edX has them.

use rocket::http::{ContentType, Status};
use rocket::request::{FromRequest, Outcome};
use rocket::{Data, Request, Route, State, delete, get, post, put};

use super::consumer::key_with_stand_in;
use crate::practice::{Exchange, Gradebook, ServiceRequest, ServiceResponse};
use crate::web::body;
use crate::web::gateway::Gateway;
use crate::web::refusal::Refusal;

/// The largest body, as it is a launch's. Real ones have a few hundred bytes.
const LARGEST_BODY: u64 = 256 * 1024;

/// The routes of the outcome services, where edX has them below a block.
pub(in crate::web) fn routes() -> Vec<Route> {
    rocket::routes![outcome, put_result, get_result, delete_result]
}

/// What of a request stands before its body.
struct ServiceCallHead<'r> {
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
            method: request.method().as_str(),
            target: request.uri().to_string(),
            authorization: header("Authorization"),
            content_type: header("Content-Type"),
        })
    }
}

/// An answer, with its status and content type.
type PlatformResult = Result<(Status, (ContentType, String)), Refusal>;

#[post("/dev/platform/<tool>/<block>/handler_noauth/outcome_service_handler", data = "<data>")]
async fn outcome(
    gateway: &State<Gateway>,
    head: ServiceCallHead<'_>,
    tool: &str,
    block: &str,
    data: Data<'_>,
) -> PlatformResult {
    let body = body::read(data, LARGEST_BODY).await?;
    head.answer(gateway, tool, block, &body, |question, gradebook| question.outcome(gradebook))
}

#[put(
    "/dev/platform/<tool>/<block>/handler_noauth/result_service_handler/user/<person>",
    data = "<data>"
)]
async fn put_result(
    gateway: &State<Gateway>,
    head: ServiceCallHead<'_>,
    tool: &str,
    block: &str,
    person: &str,
    data: Data<'_>,
) -> PlatformResult {
    let body = body::read(data, LARGEST_BODY).await?;
    head.answer(gateway, tool, block, &body, |question, gradebook| {
        question.result(person, gradebook)
    })
}

#[get("/dev/platform/<tool>/<block>/handler_noauth/result_service_handler/user/<person>")]
fn get_result(
    gateway: &State<Gateway>,
    head: ServiceCallHead<'_>,
    tool: &str,
    block: &str,
    person: &str,
) -> PlatformResult {
    head.answer(gateway, tool, block, b"", |question, gradebook| question.result(person, gradebook))
}

#[delete("/dev/platform/<tool>/<block>/handler_noauth/result_service_handler/user/<person>")]
fn delete_result(
    gateway: &State<Gateway>,
    head: ServiceCallHead<'_>,
    tool: &str,
    block: &str,
    person: &str,
) -> PlatformResult {
    head.answer(gateway, tool, block, b"", |question, gradebook| question.result(person, gradebook))
}

impl ServiceCallHead<'_> {
    /// Has a question answered, and remembers both.
    fn answer(
        self,
        gateway: &Gateway,
        tool: &str,
        block: &str,
        body: &[u8],
        ask: impl FnOnce(&ServiceRequest<'_>, &mut Gradebook) -> ServiceResponse,
    ) -> PlatformResult {
        let tool =
            gateway.routes.tools().find(|known| known.name == tool).ok_or(Refusal::NoTool)?;
        let key = key_with_stand_in(tool).ok_or(Refusal::NoTool)?;
        let Self { method, target, authorization, content_type } = self;
        let question = ServiceRequest {
            tool: &tool.name,
            key,
            block,
            method,
            target: &target,
            authorization,
            content_type,
            body,
        };
        let development = gateway.development.as_ref().ok_or(Refusal::NoTool)?;
        let mut gradebook = development.gradebook();
        let answer = ask(&question, &mut gradebook);
        // A page of the internet can have a browser send anything but this header.
        if !authorization.is_empty() {
            gradebook.remember(Exchange {
                at: gateway.clock.now(),
                method,
                path: target,
                authorization: authorization.to_owned(),
                body: String::from_utf8_lossy(body).into_owned(),
                finding: answer.finding,
                status: answer.status,
                answer: answer.body.clone(),
            });
        }
        let status = Status::new(answer.status);
        let content_type =
            ContentType::parse_flexible(answer.content_type).unwrap_or(ContentType::Binary);
        Ok((status, (content_type, answer.body)))
    }
}
