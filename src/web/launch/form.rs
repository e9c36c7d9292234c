//! The form of a launch: its media type and its size.

use rocket::{Data, Request};

use crate::web::body;
use crate::web::refusal::Refusal;

/// The largest launch form, in bytes. Real forms have 2 to 8 KiB.
pub const LARGEST_FORM: u64 = 256 * 1024;

/// Reads the bytes of the form, with a size limit and a timeout.
///
/// # Errors
/// [`Refusal::NotForm`], [`Refusal::TooLarge`] or [`Refusal::Incomplete`].
pub(super) async fn read(request: &Request<'_>, data: Data<'_>) -> Result<Vec<u8>, Refusal> {
    let headers = request.headers();
    let media_type = headers.get_one("Content-Type").and_then(|value| value.split(';').next());
    if !media_type
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
    {
        return Err(Refusal::NotForm);
    }
    let content_length =
        headers.get_one("Content-Length").and_then(|length| length.parse::<u64>().ok());
    if content_length.is_some_and(|length| length > LARGEST_FORM) {
        return Err(Refusal::TooLarge(LARGEST_FORM));
    }
    Ok(body::read(data, LARGEST_FORM).await?)
}
