//! Request bodies: a size limit, a timeout, and no override of the method by a form field.

use std::time::Duration;

use rocket::data::ToByteUnit as _;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::form::Form;
use rocket::http::Method;
use rocket::tokio::time::timeout;
use rocket::{Data, Request};

/// The timeout of a form, from its 15th byte on. Rocket waits for the first 14 bytes ([`PEEKED`])
/// itself, before any route and without a timeout.
pub(super) const FORM_TIMEOUT: Duration = Duration::from_secs(15);

/// The number of bytes that Rocket reads before it selects a route.
pub(super) const PEEKED: usize = "_method=delete".len();

/// Why a form could not be read.
#[derive(Debug)]
pub(super) enum BodyError {
    /// The form is larger than this limit, in bytes.
    TooLarge(u64),
    /// The form did not arrive within [`FORM_TIMEOUT`], or the connection broke.
    Incomplete,
}

/// Reads a form of at most `largest` bytes.
///
/// # Errors
/// [`BodyError::TooLarge`] or [`BodyError::Incomplete`].
pub(super) async fn read(data: Data<'_>, largest: u64) -> Result<Vec<u8>, BodyError> {
    match timeout(FORM_TIMEOUT, data.open(largest.bytes()).into_bytes()).await {
        Ok(Ok(body)) if body.is_complete() => Ok(body.into_inner()),
        Ok(Ok(_)) => Err(BodyError::TooLarge(largest)),
        Ok(Err(_)) | Err(_) => Err(BodyError::Incomplete),
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
