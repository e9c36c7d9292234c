//! One at a time for each learner at each link: two grades on their way together could overtake each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rocket::tokio::sync::{Mutex as Lock, OwnedMutexGuard};

/// A learner at a resource link of a tool.
type GradeSlot = [u8; 16];

/// Who has the turn, of all that want one now.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<GradeSlot, Arc<Lock<()>>>>>);

/// A turn. It ends with the value.
pub(super) struct Turn {
    slot: GradeSlot,
    guard: Option<OwnedMutexGuard<()>>,
    turns: Turns,
}

impl Turns {
    /// Waits for the turn. Who came first has it first.
    pub(super) async fn take(&self, slot: GradeSlot) -> Turn {
        // It is there before it is taken, so that also who gives up waiting leaves nothing behind.
        let mut turn = Turn { slot, guard: None, turns: self.clone() };
        let lock = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(slot).or_default())
        };
        turn.guard = Some(lock.lock_owned().await);
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.guard = None;
        // Nobody can come to hold it while the map is locked.
        if turns.get(&self.slot).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            turns.remove(&self.slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use rocket::futures::FutureExt as _;

    use super::*;

    #[test]
    fn of_one_slot_one_has_the_turn_and_the_next_is_the_one_who_waited_first() {
        let turns = Turns::default();
        let first = turns.take([1; 16]).now_or_never().expect("it is free");
        let mut second = Box::pin(turns.take([1; 16]));
        let mut third = Box::pin(turns.take([1; 16]));
        assert!((&mut second).now_or_never().is_none());
        assert!((&mut third).now_or_never().is_none());
        assert!(turns.take([2; 16]).now_or_never().is_some(), "another slot is free");
        drop(first);
        assert!((&mut third).now_or_never().is_none());
        let second = second.now_or_never().expect("its turn");
        assert!((&mut third).now_or_never().is_none());
        drop(second);
        assert!(third.now_or_never().is_some());
        assert!(turns.0.lock().expect("not poisoned").is_empty(), "nothing is left");
    }

    #[test]
    fn who_gives_up_waiting_leaves_nothing_behind() {
        let turns = Turns::default();
        let first = turns.take([1; 16]).now_or_never().expect("it is free");
        let mut second = Box::pin(turns.take([1; 16]));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        assert_eq!(turns.0.lock().expect("not poisoned").len(), 1, "somebody waits");
        drop(second);
        assert!(turns.0.lock().expect("not poisoned").is_empty());
    }
}
