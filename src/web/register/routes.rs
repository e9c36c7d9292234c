use rocket::http::{Method, Status};
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Route};

use super::answer::answer;
use crate::web::current::RequestGateway;

/// The routes of registrations.
pub(in crate::web) fn routes() -> Vec<Route> {
    [Method::Get, Method::Post]
        .map(|method| Route::new(method, "/~register/<link>", RegisterHandler))
        .into()
}

#[derive(Clone)]
struct RegisterHandler;

#[rocket::async_trait]
impl Handler for RegisterHandler {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        match RequestGateway::of(request) {
            Some(gateway) => Outcome::Success(answer(gateway, request, data).await),
            None => Outcome::forward(data, Status::NotFound),
        }
    }
}
