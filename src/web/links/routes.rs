use std::time::Instant;

use rocket::http::{Method, Status};
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Route, post};

use super::form;
use super::refusal::LinkRefusal;
use super::upstream::{self, PATH};
use crate::web::body::Arrival;
use crate::web::current::RequestGateway;
use crate::web::gateway::Gateway;
use crate::web::grade::{Bearer, JsonResponse};
use crate::web::links_path::LINKS_PATH;

/// The routes of browsers, on every host.
pub(in crate::web) fn browser_routes() -> Vec<Route> {
    let methods = [Method::Get, Method::Head, Method::Post];
    methods.map(|method| Route::new(method, LINKS_PATH, BrowserHandler)).into()
}

/// The routes of upstreams.
pub(in crate::web) fn upstream_routes() -> Vec<Route> {
    let mut routes = rocket::routes![pick];
    let wrong = [Method::Get, Method::Put, Method::Delete, Method::Patch, Method::Options];
    routes.extend(wrong.map(|method| Route::new(method, PATH, WrongLinksMethod)));
    routes
}

#[post("/links", data = "<data>")]
async fn pick(
    gateway: &Gateway,
    bearer: Bearer<'_>,
    arrival: Arrival,
    data: Data<'_>,
) -> JsonResponse {
    upstream::pick(gateway, &bearer, arrival, data).await
}

#[derive(Clone)]
struct BrowserHandler;

#[rocket::async_trait]
impl Handler for BrowserHandler {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        match RequestGateway::of(request) {
            // In another spelling of the path, the origin of the form is not checked.
            Some(gateway) if request.uri().path() == LINKS_PATH => {
                Outcome::Success(form::answer(gateway, request, data).await)
            }
            _ => Outcome::forward(data, Status::NotFound),
        }
    }
}

/// Responds with JSON to a method that is not allowed.
#[derive(Clone)]
struct WrongLinksMethod;

#[rocket::async_trait]
impl Handler for WrongLinksMethod {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        let refusal = LinkRefusal::WrongMethod;
        let response = match RequestGateway::of(request) {
            Some(gateway) => upstream::refuse(gateway, None, &refusal, Instant::now()),
            None => refusal.respond(None),
        };
        Outcome::from(request, response)
    }
}
