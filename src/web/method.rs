//! A form's first field `_method=put` is a parameter like any other.
//!
//! Rocket takes such a field for the method of the request, before any route sees it; a launch that carries one would
//! be answered with 405.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::form::Form;
use rocket::http::Method;
use rocket::{Data, Request};

/// How much of a body Rocket reads before any route is asked.
pub(super) const PEEKED: usize = "_method=delete".len();

pub(super) struct MethodAsSent;

#[rocket::async_trait]
impl Fairing for MethodAsSent {
    fn info(&self) -> Info {
        Info { name: "method as sent", kind: Kind::Request }
    }

    async fn on_request(&self, request: &mut Request<'_>, data: &mut Data<'_>) {
        if !request.content_type().is_some_and(|media_type| media_type.is_form()) {
            return;
        }
        // Read exactly as Rocket reads it, which knows more spellings of the name than one.
        let begin = std::str::from_utf8(data.peek(PEEKED).await).unwrap_or_default();
        let field = Form::values(begin).next().filter(|field| field.name == "_method");
        // A form that was really sent with the method that it names cannot be told from one that was posted.
        if field.and_then(|field| field.value.parse().ok()) == Some(request.method()) {
            request.set_method(Method::Post);
        }
    }
}
