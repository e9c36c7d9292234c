//! The time, as a value that is handed down.

use std::sync::Arc;

use rocket::time::OffsetDateTime;
use rocket::time::format_description::well_known::Rfc3339;

/// A timestamp in milliseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(u64);

impl Millis {
    /// So many milliseconds since the epoch.
    pub const fn new(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// So many seconds since the epoch.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// The milliseconds since the epoch.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The whole seconds since the epoch.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }
}

/// Tells the time. The program hands in the machine's clock, tests hand in their own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Millis + Send + Sync>);

impl Clock {
    /// A clock that asks this function for whole seconds since the epoch.
    pub fn new(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self::precise(move || Millis::from_seconds(now()))
    }

    /// A clock that asks this function.
    pub fn precise(now: impl Fn() -> Millis + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Seconds since the epoch.
    pub fn now(&self) -> u64 {
        self.now_in_millis().seconds()
    }

    /// Milliseconds since the epoch.
    pub fn now_in_millis(&self) -> Millis {
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

/// The seconds since the epoch of a time as [`instant`] writes it, with or without fractions of a second. `None` where it is
/// none, or before the epoch.
pub fn seconds(instant: &str) -> Option<u64> {
    let time = OffsetDateTime::parse(instant, &Rfc3339).ok()?;
    u64::try_from(time.unix_timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_tells_whole_seconds_and_milliseconds() {
        let clock = Clock::precise(|| Millis::new(1_700_000_000_999));
        assert_eq!((clock.now(), clock.now_in_millis().get()), (1_700_000_000, 1_700_000_000_999));
        let clock = Clock::new(|| 1_700_000_000);
        assert_eq!(clock.now_in_millis(), Millis::from_seconds(1_700_000_000));
    }

    #[test]
    fn an_instant_is_read_as_it_is_written() {
        assert_eq!(instant(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(seconds("2023-11-14T22:13:20Z"), Some(1_700_000_000));
        assert_eq!(seconds("2023-11-14T23:13:20.999+01:00"), Some(1_700_000_000));
        for bad in ["", "1700000000", "2023-11-14", "1969-12-31T23:59:59Z"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
