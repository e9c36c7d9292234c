use rocket::http::Method;
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Route};

use super::answer::answer;

use crate::web::current::RequestGateway;
use crate::web::login_path::LOGIN_PATH;

/// The routes of the login, on every host.
pub(in crate::web) fn routes() -> Vec<Route> {
    [Method::Get, Method::Post].map(|method| Route::new(method, LOGIN_PATH, LoginHandler)).into()
}

#[derive(Clone)]
struct LoginHandler;

#[rocket::async_trait]
impl Handler for LoginHandler {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        match RequestGateway::of(request) {
            Some(gateway) => Outcome::Success(answer(gateway, request, data).await),
            None => Outcome::forward(data, rocket::http::Status::NotFound),
        }
    }
}
