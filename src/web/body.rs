//! Request bodies for routes: a size limit, a timeout, and no override of the method by a form
//! field.

use std::convert::Infallible;

use rocket::data::ToByteUnit as _;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::form::Form;
use rocket::http::Method;
use rocket::request::{FromRequest, Outcome};
use rocket::{Data, Request};

/// The number of bytes that Rocket reads before it selects a route.
const PEEKED: usize = "_method=delete".len();

/// Why a form could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// The form is larger than this limit, in bytes.
    TooLarge(u64),
    /// The form did not arrive within [`super::limit::FORM_TIMEOUT`], or the connection broke.
    Incomplete,
    /// The forms that are arriving use all the memory for forms.
    NoSpace,
}

/// Whether the form of a request has arrived: the listener reads it before Rocket sees the request.
#[derive(Clone, Copy, Default)]
pub(crate) struct Arrival(pub(crate) Option<BodyError>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Arrival {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Success(*request.local_cache(Self::default))
    }
}

/// Reads a form of at most `largest` bytes.
///
/// # Errors
/// Any [`BodyError`].
pub(super) async fn read(
    arrival: Arrival,
    data: Data<'_>,
    largest: u64,
) -> Result<Vec<u8>, BodyError> {
    if let Some(error) = arrival.0 {
        return Err(error);
    }
    match data.open(largest.bytes()).into_bytes().await {
        Ok(body) if body.is_complete() => Ok(body.into_inner()),
        Ok(_) => Err(BodyError::TooLarge(largest)),
        Err(_) => Err(BodyError::Incomplete),
    }
}

/// Restores the method of a `POST` whose form starts with a field such as `_method=put`.
///
/// Rocket replaces the method by the value of this field before it selects a route. A launch with
/// such a parameter would then be a 405.
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
        // Parse the field as Rocket does: it accepts several encodings of the name.
        let begin = std::str::from_utf8(data.peek(PEEKED).await).unwrap_or_default();
        let field = Form::values(begin).next().filter(|field| field.name == "_method");
        // A real `PUT` with a form and this field looks the same, and becomes a `POST` too.
        if field.and_then(|field| field.value.parse().ok()) == Some(request.method()) {
            request.set_method(Method::Post);
        }
    }
}
