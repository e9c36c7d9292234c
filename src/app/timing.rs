//! The timeouts and waits of an app.

use std::time::Duration;

/// The timeouts and waits of an app. The docs name the defaults.
#[derive(Clone, Copy, Debug)]
pub struct AppTiming {
    /// The timeout of a start. A program that does not listen by then is stopped and restarted.
    pub start: Duration,
    /// The wait before the first restart. The wait doubles with each further restart.
    pub first_wait: Duration,
    /// The longest wait before a restart.
    pub longest_wait: Duration,
    /// If a program was ready for this long, its next restart counts as the first.
    pub settled: Duration,
    /// The time between SIGTERM and SIGKILL, unless the gateway stops.
    pub stop: Duration,
    /// The time between SIGTERM and SIGKILL for the remaining processes of a group whose first
    /// process has ended.
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
