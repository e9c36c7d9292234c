//! Whether a page of this gateway led to a request.

use std::convert::Infallible;

use rocket::Request;
use rocket::request::{FromRequest, Outcome};

/// Whether a link or form on a page of the same origin caused the request.
///
/// A page of another site could otherwise launch a tool with a link (CSRF). Browsers before 2023
/// may not send the header, so their user clicks a button once more.
pub(super) struct FromOwnPage(pub(super) bool);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for FromOwnPage {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let site = request.headers().get_one("Sec-Fetch-Site");
        Outcome::Success(Self(site == Some("same-origin")))
    }
}
