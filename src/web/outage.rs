//! The outage of an app that refuses connections, probably because it is starting.

use std::sync::{Mutex, PoisonError};

/// The time, in seconds, for which an app that refuses connections may be starting.
const START: u64 = 60;

/// The connections that an app refused since it last responded.
#[derive(Debug, Default)]
pub(super) struct Outage(Mutex<Option<RefusedConnections>>);

/// The running time of the first and of the last refused connection, in seconds.
#[derive(Clone, Copy, Debug)]
struct RefusedConnections {
    first: u64,
    last: u64,
}

impl Outage {
    /// Records a refused connection at this running time. Returns whether the app may be starting:
    /// the first refused connection was less than a minute ago. After a minute without an attempt,
    /// a new outage begins.
    pub(super) fn refused(&self, running: u64) -> bool {
        let mut outage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = outage.filter(|known| running.saturating_sub(known.last) < START);
        let first = known.map_or(running, |known| known.first);
        *outage = Some(RefusedConnections { first, last: running });
        running.saturating_sub(first) < START
    }

    /// Records a response: the app runs.
    pub(super) fn responded(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_may_be_starting_for_a_minute() {
        let outage = Outage::default();
        let check = |running, expected| assert_eq!(outage.refused(running), expected, "{running}");
        for (running, expected) in [(100, true), (103, true), (159, true), (160, false)] {
            check(running, expected);
        }
        // With an attempt in each minute, the outage is the same.
        check(219, false);
        check(278, false);
        // After a minute without an attempt, a new outage begins.
        check(338, true);
        check(397, true);
        check(398, false);
        // A response also ends an outage.
        outage.responded();
        check(399, true);
        check(458, true);
        check(459, false);
        assert!(!outage.refused(u64::MAX) || outage.refused(0), "no time overflows");
    }
}
