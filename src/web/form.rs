//! The form of a launch or a login: its media type and its size.

use rocket::{Data, Request};

use crate::web::body::{self, Arrival};
use crate::web::refusal::Refusal;

/// The largest form of a launch or a login, in bytes. Real forms have 2 to 8 KiB.
pub const LARGEST_FORM: u64 = 256 * 1024;

/// Reads the bytes of the form, with a size limit and a timeout.
///
/// # Errors
/// [`Refusal::NotForm`], [`Refusal::TooLarge`], [`Refusal::Incomplete`] or
/// [`Refusal::TooManyForms`].
pub(super) async fn read(request: &Request<'_>, data: Data<'_>) -> Result<Vec<u8>, Refusal> {
    if !is_form(request.headers().get_one("Content-Type")) {
        return Err(Refusal::NotForm);
    }
    let arrival = *request.local_cache(Arrival::default);
    Ok(body::read(arrival, data, LARGEST_FORM).await?)
}

/// Whether a `Content-Type` is that of a form.
pub(super) fn is_form(content_type: Option<&str>) -> bool {
    content_type.and_then(|value| value.split(';').next()).is_some_and(|media_type| {
        media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}
