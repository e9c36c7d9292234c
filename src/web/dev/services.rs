//! The services of LTI Advantage at the practice platform: access tokens, grades and members.

use lti::jose::Keyset;
use lti::oauth1::{Params, Source};
use rocket::http::{ContentType, Status};
use rocket::request::{FromRequest, Outcome};
use rocket::response::{self, Responder};
use rocket::{Data, Request, Response, Route, get, post};
use serde_json::Value;

use super::gate::SendingPage;
use crate::config::PRACTICE_PLATFORM;
use crate::practice::v1p3::{
    BearerRequest, GradeServiceAction, GradeServiceRequest, MemberServiceRequest,
    TokenEndpointRequest, configuration,
};
use crate::practice::{Exchange, PracticeState, ServiceResponse};
use crate::web::body::{self, Arrival};
use crate::web::gateway::Gateway;
use crate::web::refusal::Refusal;

/// The largest body, in bytes.
const LARGEST_BODY: u64 = 64 * 1024;
/// The number of characters of an access token that the gradebook shows.
const SHOWN: usize = 6;

/// The routes. Their requests have an access token or an assertion.
pub(super) fn routes() -> Vec<Route> {
    rocket::routes![
        token,
        search,
        create,
        line_item,
        score,
        results,
        members,
        openid_configuration,
        register
    ]
}

/// The head of a request to a service.
struct AdvantageHead<'r> {
    method: &'static str,
    /// Path and query.
    target: String,
    /// The query, decoded.
    query: Vec<(String, String)>,
    authorization: &'r str,
    content_type: &'r str,
    accept: String,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for AdvantageHead<'r> {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let header = |name| request.headers().get_one(name).unwrap_or_default();
        let query = request.uri().query().map(|query| query.as_str()).unwrap_or_default();
        let params = Params::default().read_form(Source::Query, query.as_bytes());
        let query = params.map(|params| {
            params.iter().map(|param| (param.name.to_owned(), param.value.to_owned())).collect()
        });
        Outcome::Success(Self {
            method: request.method().as_str(),
            target: request.uri().to_string(),
            query: query.unwrap_or_default(),
            authorization: header("Authorization"),
            content_type: header("Content-Type"),
            accept: request.headers().get("Accept").collect::<Vec<_>>().join(","),
        })
    }
}

/// The response of a service.
struct ServiceAnswer(ServiceResponse);

impl<'r> Responder<'r, 'static> for ServiceAnswer {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let ServiceResponse { status, content_type, body, link, .. } = self.0;
        let mut response = Response::new();
        response.set_status(Status::new(status));
        response.set_raw_header("Content-Type", content_type);
        response.set_raw_header("Cache-Control", "no-store");
        response.set_raw_header("X-Content-Type-Options", "nosniff");
        if status == 401 {
            response.set_raw_header("WWW-Authenticate", "Bearer");
        }
        if !link.is_empty() {
            response.set_raw_header("Link", link);
        }
        response.set_sized_body(body.len(), std::io::Cursor::new(body));
        Ok(response)
    }
}

impl AdvantageHead<'_> {
    fn bearer<'a>(&'a self, gateway: &Gateway, tool: &'a str) -> BearerRequest<'a> {
        BearerRequest {
            tool,
            authorization: self.authorization,
            content_type: self.content_type,
            accept: &self.accept,
            now: gateway.clock.now(),
        }
    }

    /// Responds to a request, and adds both to the messages of the gradebook.
    fn respond(
        &self,
        gateway: &Gateway,
        is_foreign: bool,
        body: &[u8],
        handle: impl FnOnce(&mut PracticeState) -> ServiceResponse,
    ) -> Result<ServiceAnswer, Refusal> {
        let development = gateway.development.as_ref().ok_or(Refusal::NoTool)?;
        let mut practice = development.practice();
        let response = handle(&mut practice);
        // Web pages of other sites cannot fill the list (CSRF).
        if !is_foreign {
            practice.gradebook.remember(Exchange {
                at: gateway.clock.now(),
                method: self.method,
                path: self.target.clone(),
                authorization: shortened(self.authorization),
                body: String::from_utf8_lossy(body).into_owned(),
                finding: response.finding.clone(),
                status: response.status,
                answer: without_token(&response.body),
            });
        }
        Ok(ServiceAnswer(response))
    }

    /// Responds to a request to the grade services of a tool.
    fn grades(
        &self,
        gateway: &Gateway,
        tool: &str,
        body: &[u8],
        action: GradeServiceAction<'_>,
    ) -> Result<ServiceAnswer, Refusal> {
        known_tool(gateway, tool)?;
        let request =
            GradeServiceRequest { bearer: self.bearer(gateway, tool), body, query: &self.query };
        self.respond(gateway, self.authorization.is_empty(), body, |practice| {
            let PracticeState { tokens, visitors, gradebook, .. } = practice;
            request.respond(action, tokens, visitors, gradebook)
        })
    }
}

/// The first characters of an access token, so that two of them can be distinguished.
fn shortened(authorization: &str) -> String {
    let Some((scheme, token)) = authorization.split_once(' ') else {
        return authorization.to_owned();
    };
    let shown: String = token.chars().take(SHOWN).collect();
    format!("{scheme} {shown}…")
}

/// The response without its access token.
fn without_token(body: &str) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(mut value) if value["access_token"].is_string() => {
            let token = value["access_token"].as_str().unwrap_or_default();
            let shown: String = token.chars().take(SHOWN).collect();
            value["access_token"] = Value::String(format!("{shown}…"));
            value.to_string()
        }
        _ => body.to_owned(),
    }
}

/// # Errors
/// [`Refusal::NoTool`] if no tool has this name.
fn known_tool(gateway: &Gateway, tool: &str) -> Result<(), Refusal> {
    gateway.routes.tools().any(|known| known.name == tool).then_some(()).ok_or(Refusal::NoTool)
}

/// The gateway's own keyset for the practice platform: the platform verifies with it.
///
/// # Errors
/// [`Refusal::PageFailed`] if its key cannot be computed.
pub(super) async fn own_keyset(gateway: &Gateway) -> Result<Keyset, Refusal> {
    let ring = gateway.own_keys.ring(&PRACTICE_PLATFORM.into()).ok_or(Refusal::NoTool)?;
    let document = ring.keyset().await.map_err(|_| Refusal::PageFailed)?;
    Keyset::read(document.as_bytes()).map_err(|_| Refusal::PageFailed)
}

/// The token endpoint.
#[post("/dev/platform/token", data = "<data>")]
async fn token(
    gateway: &Gateway,
    head: AdvantageHead<'_>,
    page: SendingPage,
    arrival: Arrival,
    data: Data<'_>,
) -> Result<ServiceAnswer, Refusal> {
    let body = body::read(arrival, data, LARGEST_BODY).await?;
    let keyset = own_keyset(gateway).await?;
    let tools: Vec<&str> = gateway.routes.tools().map(|tool| tool.name.as_str()).collect();
    let request = TokenEndpointRequest {
        tools: &tools,
        keyset: &keyset,
        content_type: head.content_type,
        body: &body,
        now: gateway.clock.now(),
    };
    head.respond(gateway, page.check().is_err(), &body, |practice| {
        request.respond(&mut practice.tokens)
    })
}

/// The line items of the course.
#[get("/dev/platform/<tool>/lineitems")]
fn search(
    gateway: &Gateway,
    head: AdvantageHead<'_>,
    tool: &str,
) -> Result<ServiceAnswer, Refusal> {
    head.grades(gateway, tool, b"", GradeServiceAction::Search)
}

/// A new line item.
#[post("/dev/platform/<tool>/lineitems", data = "<data>")]
async fn create(
    gateway: &Gateway,
    head: AdvantageHead<'_>,
    tool: &str,
    arrival: Arrival,
    data: Data<'_>,
) -> Result<ServiceAnswer, Refusal> {
    let body = body::read(arrival, data, LARGEST_BODY).await?;
    head.grades(gateway, tool, &body, GradeServiceAction::Create)
}

/// A line item.
#[get("/dev/platform/<tool>/lineitems/<id>/lineitem")]
fn line_item(
    gateway: &Gateway,
    head: AdvantageHead<'_>,
    tool: &str,
    id: &str,
) -> Result<ServiceAnswer, Refusal> {
    head.grades(gateway, tool, b"", GradeServiceAction::LineItem(id))
}

/// A score.
#[post("/dev/platform/<tool>/lineitems/<id>/lineitem/scores", data = "<data>")]
async fn score(
    gateway: &Gateway,
    head: AdvantageHead<'_>,
    tool: &str,
    id: &str,
    arrival: Arrival,
    data: Data<'_>,
) -> Result<ServiceAnswer, Refusal> {
    let body = body::read(arrival, data, LARGEST_BODY).await?;
    head.grades(gateway, tool, &body, GradeServiceAction::Score(id))
}

/// The results of a line item.
#[get("/dev/platform/<tool>/lineitems/<id>/lineitem/results")]
fn results(
    gateway: &Gateway,
    head: AdvantageHead<'_>,
    tool: &str,
    id: &str,
) -> Result<ServiceAnswer, Refusal> {
    head.grades(gateway, tool, b"", GradeServiceAction::Results(id))
}

/// A page of the members of the course.
#[get("/dev/platform/<tool>/memberships")]
fn members(
    gateway: &Gateway,
    head: AdvantageHead<'_>,
    tool: &str,
) -> Result<ServiceAnswer, Refusal> {
    known_tool(gateway, tool)?;
    let param = |name| {
        let pair = head.query.iter().find(|(known, _)| known == name);
        pair.map(|(_, value)| value.as_str())
    };
    let request = MemberServiceRequest {
        bearer: head.bearer(gateway, tool),
        page: param("page"),
        role: param("role"),
    };
    head.respond(gateway, head.authorization.is_empty(), b"", |practice| {
        request.respond(&practice.tokens, &practice.visitors)
    })
}

/// The configuration of the platform, for tools that register themselves.
#[get("/dev/platform/openid-configuration")]
fn openid_configuration() -> (ContentType, String) {
    (ContentType::JSON, configuration().to_string())
}

/// The registration of a tool.
#[post("/dev/platform/register", data = "<data>")]
async fn register(
    gateway: &Gateway,
    head: AdvantageHead<'_>,
    arrival: Arrival,
    data: Data<'_>,
) -> Result<ServiceAnswer, Refusal> {
    let body = body::read(arrival, data, LARGEST_BODY).await?;
    let now = gateway.clock.now();
    head.respond(gateway, head.authorization.is_empty(), &body, |practice| {
        practice.registrations.register(head.authorization, &body, now)
    })
}
