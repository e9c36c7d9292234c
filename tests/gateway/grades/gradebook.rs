//! A platform that has what it was told last, and takes its time with what the test names: until then it says nothing, and
//! it goes on working when nobody waits any more.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::*;

/// What arrives and what becomes of it, also at other hands. A deletion is an empty score.
#[derive(Clone, Default)]
pub(super) struct Gradebook(Arc<(Mutex<Pages>, Condvar)>);

#[derive(Default)]
struct Pages {
    /// The scores that it takes its time with.
    held: Vec<String>,
    arrived: Vec<String>,
    taken: Vec<String>,
}

impl Gradebook {
    /// A platform that writes into this.
    pub(super) fn platform(&self) -> Recorder {
        let book = self.clone();
        Recorder::with(move |request| {
            let score = element_if_any(request, "textString").unwrap_or_default();
            let mut pages = book.pages();
            pages.arrived.push(score.clone());
            while pages.held.contains(&score) {
                pages = book.0.1.wait(pages).expect("not poisoned");
            }
            pages.taken.push(score);
            good().into_bytes()
        })
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.0.lock().expect("not poisoned")
    }

    /// Says nothing to these scores from now on.
    pub(super) fn hold(&self, scores: &[&str]) {
        self.pages().held = scores.iter().map(|score| (*score).to_owned()).collect();
    }

    /// Takes all that it was holding, in any order, and returns when it did.
    #[track_caller]
    pub(super) fn release(&self) {
        self.hold(&[]);
        self.0.1.notify_all();
        patiently(|| {
            let pages = self.pages();
            pages.arrived.len() == pages.taken.len()
        });
    }

    /// The scores in the order in which they arrived.
    pub(super) fn arrived(&self) -> Vec<String> {
        self.pages().arrived.clone()
    }

    /// The score that it has.
    pub(super) fn score(&self) -> Option<String> {
        self.pages().taken.last().cloned()
    }
}
