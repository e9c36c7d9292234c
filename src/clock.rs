//! The time, as a value that is handed down.

use std::sync::Arc;

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
