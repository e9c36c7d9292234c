//! The time, as a value that is handed down.

use std::sync::Arc;

use rocket::time::OffsetDateTime;
use rocket::time::format_description::well_known::Rfc3339;

/// Tells the time in seconds since the epoch. The program hands in the machine's; tests their own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Clock {
    /// A clock that asks this function.
    pub fn new(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Seconds since the epoch.
    pub fn now(&self) -> u64 {
        (self.0)()
    }
}

/// A time in seconds since the epoch, as RFC 3339 writes it, in UTC; the number itself where no calendar goes that far.
pub fn instant(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| seconds.to_string())
}
