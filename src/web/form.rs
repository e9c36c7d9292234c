//! The body of a form, before anybody is known who sent it: bounded in size and time.

use std::time::Duration;

use rocket::Data;
use rocket::data::ToByteUnit as _;
use rocket::tokio::time::timeout;

use super::refusal::Refusal;

/// How long a form may take to arrive, from its 15th byte on: for the first 14 Rocket itself waits, before any route,
/// and for ever.
const SLOWEST: Duration = Duration::from_secs(15);

/// Reads a form of at most `largest` bytes.
///
/// # Errors
/// [`Refusal::TooLarge`], or [`Refusal::Incomplete`] where it did not come in time or broke off.
pub(super) async fn read(data: Data<'_>, largest: u64) -> Result<Vec<u8>, Refusal> {
    match timeout(SLOWEST, data.open(largest.bytes()).into_bytes()).await {
        Ok(Ok(body)) if body.is_complete() => Ok(body.into_inner()),
        Ok(Ok(_)) => Err(Refusal::TooLarge),
        Ok(Err(_)) | Err(_) => Err(Refusal::Incomplete),
    }
}
