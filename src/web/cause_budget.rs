//! The budget of searches for causes. Anyone can send a launch with a wrong signature, and the
//! search for its cause costs many times as much as its verification.

#![deny(clippy::arithmetic_side_effects)]

use std::sync::{Mutex, PoisonError};

use crate::clock::Millis;

/// The searches per second of all tools together, and the most at once.
const SEARCHES: u64 = 50;
/// The units of one search. A millisecond adds [`SEARCHES`] units.
const UNITS: u64 = 1000;
/// The difference from which an earlier time means that the clock was set back, in milliseconds.
const OVERTAKEN: u64 = 1000;

/// A token bucket. It knows nothing about the launches that spend it, so that what is left shows
/// nothing about keys.
pub(super) struct CauseBudget(Mutex<Level>);

struct Level {
    units: u64,
    at: Millis,
}

impl CauseBudget {
    /// A full budget.
    pub(super) fn new(now: Millis) -> Self {
        Self(Mutex::new(Level { units: SEARCHES * UNITS, at: now }))
    }

    /// Spends one search; `false` if none is left.
    ///
    /// A clock that jumps ahead fills the budget once. One that was set back adds nothing for the
    /// time before, and adds again from its new time on. An earlier time within a second is of a
    /// request that was overtaken, and sets nothing back.
    pub(super) fn spend(&self, now: Millis) -> bool {
        let mut level = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = now.get().saturating_sub(level.at.get());
        let filled = level.units.saturating_add(elapsed.saturating_mul(SEARCHES));
        level.units = filled.min(SEARCHES * UNITS);
        let earlier_by = level.at.get().saturating_sub(now.get());
        if !(1..OVERTAKEN).contains(&earlier_by) {
            level.at = now;
        }
        match level.units.checked_sub(UNITS) {
            Some(left) => {
                level.units = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spends everything at `now`, and returns the number of searches.
    fn spent(budget: &CauseBudget, now: u64) -> usize {
        (0..1000).filter(|_| budget.spend(Millis::new(now))).count()
    }

    #[test]
    fn fifty_searches_a_second_are_left() {
        let budget = CauseBudget::new(Millis::new(0));
        for (now, expected) in [(0, 50), (0, 0), (19, 0), (20, 1), (40, 1), (1040, 50), (1540, 25)]
        {
            assert_eq!(spent(&budget, now), expected, "{now}");
        }
        assert!((0..1000).all(|search| budget.spend(Millis::new(2540 + 20 * search))));
    }

    /// Each request reads the clock, and then waits for the lock.
    #[test]
    fn requests_that_overtake_each_other_gain_nothing() {
        let budget = CauseBudget::new(Millis::new(1000));
        assert_eq!(spent(&budget, 1000), 50);
        let late = (0..10_000).map(|number| 1000 + 15 * (number % 2));
        assert_eq!(late.filter(|now| budget.spend(Millis::new(*now))).count(), 0);
        assert_eq!(spent(&budget, 1020), 1);
    }

    #[test]
    fn a_clock_that_jumps_neither_fills_the_budget_without_limit_nor_blocks_it() {
        let budget = CauseBudget::new(Millis::new(u64::MAX));
        let year = 365 * 86_400_000;
        for (now, expected) in [
            (u64::MAX, 50),
            // Set back: nothing for the time before, and then 50 a second.
            (year, 0),
            (year + 1000, 50),
            (0, 0),
            (20, 1),
            // Ahead: a full budget, once.
            (year, 50),
            (year, 0),
            (u64::MAX, 50),
            (u64::MAX, 0),
        ] {
            assert_eq!(spent(&budget, now), expected, "{now}");
        }
    }
}
