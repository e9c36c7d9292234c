//! The times of an app's life.

use std::time::Duration;

/// The times of an app's life. The docs name the defaults.
#[derive(Clone, Copy, Debug)]
pub struct AppTiming {
    /// How long a program may take until it listens. After that it is stopped, and starts again.
    pub start: Duration,
    /// The wait before the first restart. It doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait before a restart.
    pub longest_wait: Duration,
    /// After this time in which it was ready, the next restart counts as the first.
    pub settled: Duration,
    /// The time between SIGTERM and SIGKILL, unless the gateway stops.
    pub stop: Duration,
    /// The time between SIGTERM and SIGKILL for what a program that has ended left in its group.
    pub remains: Duration,
}

impl Default for AppTiming {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(180),
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            settled: Duration::from_secs(60),
            stop: Duration::from_secs(10),
            remains: Duration::from_secs(2),
        }
    }
}
