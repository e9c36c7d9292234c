//! A platform with a gradebook. It delays the scores that the test names, and completes a delayed
//! request also after the caller's timeout.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::*;

/// A shared handle to the gradebook. A deletion is an empty score.
#[derive(Clone, Default)]
pub(super) struct Gradebook(Arc<(Mutex<Pages>, Condvar)>);

#[derive(Default)]
struct Pages {
    /// The delayed scores.
    held: Vec<String>,
    arrived: Vec<String>,
    stored: Vec<String>,
}

impl Gradebook {
    /// A platform that writes into this gradebook.
    pub(super) fn platform(&self) -> Recorder {
        let book = self.clone();
        Recorder::with(move |request| {
            let score = element_if_any(request, "textString").unwrap_or_default();
            let mut pages = book.pages();
            pages.arrived.push(score.clone());
            while pages.held.contains(&score) {
                pages = book.0.1.wait(pages).expect("not poisoned");
            }
            pages.stored.push(score);
            success().into_bytes()
        })
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.0.lock().expect("not poisoned")
    }

    /// Delays the responses to these scores from now on.
    pub(super) fn hold(&self, scores: &[&str]) {
        self.pages().held = scores.iter().map(|score| (*score).to_owned()).collect();
    }

    /// Completes all delayed requests, in any order, and waits for that.
    #[track_caller]
    pub(super) fn release(&self) {
        self.hold(&[]);
        self.0.1.notify_all();
        wait_for(|| {
            let pages = self.pages();
            pages.arrived.len() == pages.stored.len()
        });
    }

    /// The scores in the order of arrival.
    pub(super) fn arrived(&self) -> Vec<String> {
        self.pages().arrived.clone()
    }

    /// The current score.
    pub(super) fn score(&self) -> Option<String> {
        self.pages().stored.last().cloned()
    }
}
