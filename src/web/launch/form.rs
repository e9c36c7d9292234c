//! The form of a launch: its media type, its size, and the protocol that it speaks.

use rocket::{Data, Request};

use crate::web::body;
use crate::web::refusal::Refusal;

/// The largest launch form, in bytes. Real ones have 2 to 8 KiB.
pub const LARGEST_FORM: u64 = 256 * 1024;

/// Reads the bytes of the form, bounded in size and time.
pub(super) async fn read(request: &Request<'_>, data: Data<'_>) -> Result<Vec<u8>, Refusal> {
    let headers = request.headers();
    let media_type = headers.get_one("Content-Type").and_then(|value| value.split(';').next());
    if !media_type
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
    {
        return Err(Refusal::NotForm);
    }
    let announced = headers.get_one("Content-Length").and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > LARGEST_FORM) {
        return Err(Refusal::TooLarge(LARGEST_FORM));
    }
    Ok(body::read(data, LARGEST_FORM).await?)
}
