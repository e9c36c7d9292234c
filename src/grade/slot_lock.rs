//! One grade at a time for each learner and resource link: concurrent grades could overtake each
//! other.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use rocket::tokio::sync::{Mutex as Lock, OwnedMutexGuard};

/// One learner at one resource link of one tool.
type GradeSlot = [u8; 16];

/// Fair locks by slot. A slot without a holder and without waiters takes no memory.
#[derive(Clone, Default)]
pub(super) struct SlotLocks(Arc<Mutex<HashMap<GradeSlot, Arc<Lock<()>>>>>);

/// A held lock of a slot. Its drop releases the lock.
pub(super) struct SlotGuard {
    slot: GradeSlot,
    guard: Option<OwnedMutexGuard<()>>,
    locks: SlotLocks,
}

impl SlotLocks {
    /// Waits for the lock of a slot. The longest waiter gets it first.
    pub(super) async fn lock(&self, slot: GradeSlot) -> SlotGuard {
        // Created before the wait: a waiter that gives up then removes its entry too.
        let mut guard = SlotGuard { slot, guard: None, locks: self.clone() };
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(slot).or_default())
        };
        guard.guard = Some(lock.lock_owned().await);
        guard
    }

    /// The slots whose lock is held.
    pub(super) fn held(&self) -> HashSet<GradeSlot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }
}

impl Drop for SlotGuard {
    fn drop(&mut self) {
        let mut locks = self.locks.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.guard = None;
        // No task can get a new reference to the lock while the map is locked.
        if locks.get(&self.slot).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use rocket::futures::FutureExt as _;

    use super::*;

    #[test]
    fn waiters_of_a_slot_get_the_lock_in_their_order() {
        let locks = SlotLocks::default();
        let first = locks.lock([1; 16]).now_or_never().expect("it is free");
        let mut second = Box::pin(locks.lock([1; 16]));
        let mut third = Box::pin(locks.lock([1; 16]));
        assert!((&mut second).now_or_never().is_none());
        assert!((&mut third).now_or_never().is_none());
        assert!(locks.lock([2; 16]).now_or_never().is_some(), "another slot is free");
        assert_eq!(locks.held(), HashSet::from([[1; 16]]));
        drop(first);
        assert!((&mut third).now_or_never().is_none());
        let second = second.now_or_never().expect("the lock is free");
        assert!((&mut third).now_or_never().is_none());
        drop(second);
        assert!(third.now_or_never().is_some());
        assert!(locks.0.lock().expect("not poisoned").is_empty(), "no entry is left");
    }

    #[test]
    fn a_waiter_that_gives_up_leaves_no_entry() {
        let locks = SlotLocks::default();
        let first = locks.lock([1; 16]).now_or_never().expect("it is free");
        let mut second = Box::pin(locks.lock([1; 16]));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        assert_eq!(locks.0.lock().expect("not poisoned").len(), 1, "one task waits");
        drop(second);
        assert!(locks.0.lock().expect("not poisoned").is_empty());
    }
}
