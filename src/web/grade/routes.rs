//! The routes of `/grades`.

use rocket::http::{Method, Status};
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Route, delete, get, post};

use super::bearer::Bearer;
use super::body::{SentGrade, grade};
use super::call::GradeCall;
use super::learner::learner;
use super::refusal::GradeRefusal;
use super::report;
use super::response::JsonResponse;
use crate::session::GradeToken;
use crate::state::Action;
use crate::web::body::Arrival;
use crate::web::current::RequestGateway;
use crate::web::gateway::Gateway;

/// The path of the calls.
pub(in crate::web) const PATH: &str = "/grades";

/// The routes of `/grades`.
pub(in crate::web) fn routes() -> Vec<Route> {
    let mut routes = rocket::routes![replace, read, clear, find];
    let wrong = [Method::Put, Method::Patch, Method::Options];
    routes.extend(wrong.map(|method| Route::new(method, "/grades", WrongMethod)));
    let wrong = [Method::Post, Method::Delete, Method::Put, Method::Patch, Method::Options];
    routes.extend(wrong.map(|method| Route::new(method, "/grades/<_>", WrongMethod)));
    routes
}

/// Responds with JSON to a method that is not allowed. Other URLs respond with a page.
#[derive(Clone)]
struct WrongMethod;

#[rocket::async_trait]
impl Handler for WrongMethod {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        let refusal = GradeRefusal::WrongMethod;
        let response = match RequestGateway::of(request) {
            Some(gateway) => GradeCall::begin("-").refuse_unknown(&gateway.log_budget, &refusal),
            None => refusal.respond(None),
        };
        Outcome::from(request, response)
    }
}

#[post("/grades", data = "<data>")]
async fn replace(
    gateway: &Gateway,
    bearer: Bearer<'_>,
    arrival: Arrival,
    data: Data<'_>,
) -> JsonResponse {
    let call = GradeCall::begin("replace");
    let authority = match bearer.authority(gateway) {
        Ok(authority) => authority,
        Err(refusal) => return call.refuse_unknown(&gateway.log_budget, &refusal),
    };
    let SentGrade { action, user } = match grade(arrival, data).await {
        Ok(sent) => sent,
        Err(refusal) => return call.refuse_authority(&authority, &refusal),
    };
    match learner(gateway, &authority, user.as_deref()).await {
        Ok(token) => call.send(gateway, &token, action, user.as_deref()).await,
        Err(refusal) => call.refuse_authority(&authority, &refusal),
    }
}

#[delete("/grades?<user>")]
async fn clear(gateway: &Gateway, bearer: Bearer<'_>, user: Option<String>) -> JsonResponse {
    let call = GradeCall::begin("delete");
    match call.learner(gateway, &bearer, user.as_deref()).await {
        Ok((call, token)) => call.send(gateway, &token, Action::Delete, user.as_deref()).await,
        Err(response) => response,
    }
}

#[get("/grades?<user>")]
async fn read(gateway: &Gateway, bearer: Bearer<'_>, user: Option<String>) -> JsonResponse {
    let call = GradeCall::begin("read");
    let (call, token) = match call.learner(gateway, &bearer, user.as_deref()).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let response = gateway.grades.read(&token).await.map_err(GradeRefusal::from);
    match response.and_then(|response| report::result(&response)) {
        Ok(body) => call.accept(&token, "read", JsonResponse::new(Status::Ok, body)),
        Err(refusal) => call.refuse(&token, &refusal),
    }
}

#[get("/grades/<id>?<user>")]
async fn find(
    gateway: &Gateway,
    bearer: Bearer<'_>,
    id: &str,
    user: Option<String>,
) -> JsonResponse {
    let call = GradeCall::begin("find");
    let (call, token) = match call.learner(gateway, &bearer, user.as_deref()).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let found = gateway.grades.find(&token, id).await;
    match found.map_err(GradeRefusal::ReportUnavailable) {
        Ok(Some(grade)) => JsonResponse::new(Status::Ok, report::stored(&grade).to_string()),
        Ok(None) => call.refuse(&token, &GradeRefusal::NoSuchGrade),
        Err(refusal) => call.refuse(&token, &refusal),
    }
}

impl GradeCall {
    /// Opens the token of a call without a body, and finds its learner. Returns the response to an
    /// invalid token or user.
    async fn learner(
        self,
        gateway: &Gateway,
        bearer: &Bearer<'_>,
        user: Option<&str>,
    ) -> Result<(Self, GradeToken), JsonResponse> {
        let authority = match bearer.authority(gateway) {
            Ok(authority) => authority,
            Err(refusal) => return Err(self.refuse_unknown(&gateway.log_budget, &refusal)),
        };
        match learner(gateway, &authority, user).await {
            Ok(token) => Ok((self, token)),
            Err(refusal) => Err(self.refuse_authority(&authority, &refusal)),
        }
    }
}
