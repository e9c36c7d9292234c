//! A request's body before any route: bounded in size and time, and with the method as it was sent.

use std::time::Duration;

use rocket::data::ToByteUnit as _;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::form::Form;
use rocket::http::Method;
use rocket::tokio::time::timeout;
use rocket::{Data, Request};

/// How long a form may take to arrive, from its 15th byte on: for the first 14 ([`PEEKED`])
/// Rocket itself waits, before any route, and for ever.
pub(super) const FORM_TIMEOUT: Duration = Duration::from_secs(15);

/// How much of a body Rocket reads before any route is asked.
pub(super) const PEEKED: usize = "_method=delete".len();

/// Why a form could not be read.
#[derive(Debug)]
pub(super) enum BodyError {
    /// It is larger than this many bytes.
    TooLarge(u64),
    /// It did not arrive within [`FORM_TIMEOUT`], or broke off.
    Incomplete,
}

/// Reads a form of at most `largest` bytes.
///
/// # Errors
/// A [`BodyError`] if it is larger, late, or incomplete.
pub(super) async fn read(data: Data<'_>, largest: u64) -> Result<Vec<u8>, BodyError> {
    match timeout(FORM_TIMEOUT, data.open(largest.bytes()).into_bytes()).await {
        Ok(Ok(body)) if body.is_complete() => Ok(body.into_inner()),
        Ok(Ok(_)) => Err(BodyError::TooLarge(largest)),
        Ok(Err(_)) | Err(_) => Err(BodyError::Incomplete),
    }
}

/// A form's first field `_method=put` is a parameter like any other.
///
/// Rocket takes such a field for the method of the request, before any route sees it, and would answer
/// a launch that has one with 405.
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
