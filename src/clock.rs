//! Time as a value: callers pass a clock down as an argument.

#![deny(clippy::arithmetic_side_effects)]

use std::sync::Arc;
use std::time::Instant;

use rocket::time::OffsetDateTime;
use rocket::time::format_description::well_known::Rfc3339;

/// A timestamp in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(u64);

impl Millis {
    /// The timestamp at this many milliseconds since the epoch.
    pub const fn new(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// The timestamp at this many seconds since the epoch.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub fn get(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }
}

/// A moment on two clocks: an admin can set the first, and nobody can set the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock, in seconds since the epoch. It may jump in both directions.
    pub now: u64,
    /// The running time, in seconds: how long the process has run, or all processes together.
    pub running: u64,
}

/// A source of the current time. The program passes the machine's clock, tests pass their own.
#[derive(Clone)]
pub struct Clock {
    wall: Arc<dyn Fn() -> Millis + Send + Sync>,
    running: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl Clock {
    /// A clock of whole seconds. `now` returns seconds since the epoch.
    pub fn new(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self::precise(move || Millis::from_seconds(now()))
    }

    /// A clock of milliseconds. Its running time starts now.
    pub fn precise(now: impl Fn() -> Millis + Send + Sync + 'static) -> Self {
        let start = Instant::now();
        Self { wall: Arc::new(now), running: Arc::new(move || start.elapsed().as_secs()) }
    }

    /// The same wall clock with another running time. `running` returns seconds.
    pub fn with_running(self, running: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self { running: Arc::new(running), ..self }
    }

    /// The current time in seconds since the epoch.
    pub fn now(&self) -> u64 {
        self.now_in_millis().seconds()
    }

    /// The current time in milliseconds since the epoch.
    pub fn now_in_millis(&self) -> Millis {
        (self.wall)()
    }

    /// How long the process has run, in whole seconds. No change of the wall clock affects it, and
    /// it stands still while the machine sleeps.
    pub fn running(&self) -> u64 {
        (self.running)()
    }
}

/// Formats a timestamp in seconds since the epoch as RFC 3339, in UTC. Returns the plain number for
/// a timestamp after the year 9999.
pub fn rfc3339(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| seconds.to_string())
}

/// Parses an RFC 3339 timestamp, with or without fractions of a second, into whole seconds since
/// the epoch. Returns `None` for an invalid timestamp and for one before the epoch.
pub fn parse_rfc3339(timestamp: &str) -> Option<u64> {
    let time = OffsetDateTime::parse(timestamp, &Rfc3339).ok()?;
    u64::try_from(time.unix_timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_returns_whole_seconds_and_milliseconds() {
        let clock = Clock::precise(|| Millis::new(1_700_000_000_999));
        assert_eq!((clock.now(), clock.now_in_millis().get()), (1_700_000_000, 1_700_000_000_999));
        let clock = Clock::new(|| 1_700_000_000);
        assert_eq!(clock.now_in_millis(), Millis::from_seconds(1_700_000_000));
        assert_eq!(clock.clone().with_running(|| 7).running(), 7);
        assert_eq!(clock.with_running(|| 7).now(), 1_700_000_000);
    }

    #[test]
    fn rfc3339_timestamps_are_formatted_and_parsed() {
        assert_eq!(rfc3339(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(parse_rfc3339("2023-11-14T22:13:20Z"), Some(1_700_000_000));
        assert_eq!(parse_rfc3339("2023-11-14T23:13:20.999+01:00"), Some(1_700_000_000));
        for bad in ["", "1700000000", "2023-11-14", "1969-12-31T23:59:59Z"] {
            assert_eq!(parse_rfc3339(bad), None, "{bad}");
        }
    }
}
