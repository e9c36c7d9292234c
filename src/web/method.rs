//! A form's first field `_method=put` is a parameter like any other.
//!
//! Rocket takes such a field for the method of the request, before any route sees it; a launch that carries one would
//! be answered with 405.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Method;
use rocket::{Data, Request};

pub(super) struct MethodAsSent;

#[rocket::async_trait]
impl Fairing for MethodAsSent {
    fn info(&self) -> Info {
        Info { name: "method as sent", kind: Kind::Request }
    }

    async fn on_request(&self, request: &mut Request<'_>, data: &mut Data<'_>) {
        let form = request.content_type().is_some_and(|media_type| media_type.is_form());
        if form && data.peek(8).await == b"_method=" {
            request.set_method(Method::Post);
        }
    }
}
