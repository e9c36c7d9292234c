//! The timestamps of scores: each is at least a second later than the one before of its slot, and
//! none is in the future.
//!
//! Platforms refuse a score with the timestamp of the one that they have, or an older one. Moodle
//! compares whole seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rocket::tokio::time::sleep;

use crate::clock::{Clock, Millis};

/// The shortest difference of two timestamps of a slot, in milliseconds.
const STEP: u64 = 1000;
/// The longest time until the clock is read again. An admin may set it.
const LONGEST_SLEEP: Duration = Duration::from_millis(250);
/// The number of slots at which those with an old timestamp are removed.
const SWEEP: usize = 1024;

/// The latest timestamp of each slot that the platform may have. The holder of a slot's lock is the
/// only one who uses its timestamp.
#[derive(Clone)]
pub(super) struct SlotTimestamps {
    latest: Arc<Mutex<HashMap<[u8; 16], Millis>>>,
    clock: Clock,
    /// When this process started, if an earlier one may have sent scores until then.
    start: Option<Millis>,
}

impl SlotTimestamps {
    /// Without a timestamp of this process. `has_earlier`: whether an earlier process may have sent
    /// scores.
    pub(super) fn new(clock: Clock, has_earlier: bool) -> Self {
        let start = has_earlier.then(|| clock.now_in_millis());
        Self { latest: Arc::default(), clock, start }
    }

    /// The timestamp of the next score of a slot: `from`, or a second after the one before. Waits
    /// until it is not in the future.
    pub(super) async fn next(&self, slot: [u8; 16], from: Millis) -> Millis {
        let now = self.clock.now_in_millis();
        let next = self.earliest(slot, now).max(from.min(now));
        loop {
            let now = self.clock.now_in_millis();
            let Some(wait) = next.get().checked_sub(now.get()).filter(|wait| *wait > 0) else {
                return next;
            };
            sleep(Duration::from_millis(wait).min(LONGEST_SLEEP)).await;
        }
    }

    /// The earliest timestamp that is late enough for a slot.
    fn earliest(&self, slot: [u8; 16], now: Millis) -> Millis {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match latest.get(&slot) {
            Some(before) => *before,
            None => match self.start {
                // A clock that was set back shows nothing about the earlier process.
                Some(start) if start <= now => start,
                _ => return Millis::new(0),
            },
        };
        Millis::new(before.get().saturating_add(STEP))
    }

    /// Remembers that the platform may have a score with this timestamp.
    pub(super) fn record(&self, slot: [u8; 16], timestamp: Millis) {
        let now = self.clock.now_in_millis().get();
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.len() >= SWEEP {
            // Every later timestamp is at least a second after these.
            latest.retain(|_, before| before.get().saturating_add(STEP) > now);
        }
        let before = latest.entry(slot).or_insert(timestamp);
        *before = timestamp.max(*before);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use rocket::futures::FutureExt as _;

    use super::*;

    const START: u64 = 1_700_000_000_250;

    fn clock() -> (Clock, Arc<AtomicU64>) {
        let now = Arc::new(AtomicU64::new(START));
        let shared = Arc::clone(&now);
        (Clock::precise(move || Millis::new(shared.load(Ordering::SeqCst))), now)
    }

    /// The next timestamp, if it needs no wait.
    fn at_once(timestamps: &SlotTimestamps, from: u64) -> Option<u64> {
        timestamps.next([1; 16], Millis::new(from)).now_or_never().map(Millis::get)
    }

    #[rocket::async_test]
    async fn each_timestamp_is_a_second_after_the_one_before_and_never_in_the_future() {
        let (clock, now) = clock();
        let timestamps = SlotTimestamps::new(clock.clone(), false);
        assert_eq!(at_once(&timestamps, START), Some(START));
        let timestamps = SlotTimestamps::new(clock, true);
        assert_eq!(at_once(&timestamps, START), None, "an earlier process may have sent one");
        now.store(START + 1000, Ordering::SeqCst);
        assert_eq!(at_once(&timestamps, START), Some(START + 1000));
        now.store(START + 5000, Ordering::SeqCst);
        assert_eq!(at_once(&timestamps, START + 3000), Some(START + 3000), "the acceptance");
        timestamps.record([1; 16], Millis::new(START + 5000));
        assert_eq!(at_once(&timestamps, START + 5000), None);
        assert!(timestamps.next([2; 16], Millis::new(START + 5000)).now_or_never().is_some());
        now.store(START + 5999, Ordering::SeqCst);
        assert_eq!(at_once(&timestamps, START + 5000), None);
        now.store(START + 6000, Ordering::SeqCst);
        assert_eq!(at_once(&timestamps, START + 5000), Some(START + 6000));
        // A grade that was accepted by a clock that was ahead.
        assert_eq!(at_once(&timestamps, u64::MAX), Some(START + 6000));
    }

    #[rocket::async_test]
    async fn a_clock_that_was_set_back_waits_only_for_the_slots_own_timestamp() {
        let (clock, now) = clock();
        let timestamps = SlotTimestamps::new(clock, true);
        timestamps.record([1; 16], Millis::new(START));
        now.store(START - 3_600_000, Ordering::SeqCst);
        assert_eq!(at_once(&timestamps, START), None);
        let other = timestamps.next([2; 16], Millis::new(START)).now_or_never();
        assert_eq!(other, Some(Millis::new(START - 3_600_000)));
    }
}
