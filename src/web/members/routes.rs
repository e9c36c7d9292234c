use rocket::http::Method;
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Route, get};

use super::call::MembersCall;
use super::refusal::MembersRefusal;
use crate::web::current::RequestGateway;
use crate::web::gateway::Gateway;
use crate::web::grade::{Bearer, JsonResponse};

/// The routes of `/members`.
pub(in crate::web) fn routes() -> Vec<Route> {
    let mut routes = rocket::routes![members];
    let wrong = [Method::Post, Method::Put, Method::Delete, Method::Patch, Method::Options];
    routes.extend(wrong.map(|method| Route::new(method, "/members", WrongMethod)));
    routes
}

#[get("/members?<role>")]
async fn members(gateway: &Gateway, bearer: Bearer<'_>, role: Option<&str>) -> JsonResponse {
    MembersCall::begin(gateway).answer(&bearer, role).await
}

/// Responds with JSON to a method that is not allowed.
#[derive(Clone)]
struct WrongMethod;

#[rocket::async_trait]
impl Handler for WrongMethod {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        let refusal = MembersRefusal::WrongMethod;
        let response = match RequestGateway::of(request) {
            Some(gateway) => MembersCall::begin(gateway).refuse(None, &refusal),
            None => refusal.respond(None),
        };
        Outcome::from(request, response)
    }
}
