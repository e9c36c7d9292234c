//! Whether a file could be written the last time.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The result of the last write to a file. Reading it costs no write.
///
/// It logs each reason once until the next success, however many requests fail in between.
pub(super) struct FileHealth {
    /// The file's name, for the log.
    file: String,
    /// The reasons of the failures since the last success.
    reasons: Mutex<Vec<String>>,
}

/// The most reasons that are remembered and logged until the next success.
const REASONS: usize = 8;

impl FileHealth {
    /// The health of a file that was just opened, and so written.
    pub(super) fn new(file: String) -> Self {
        Self { file, reasons: Mutex::default() }
    }

    /// Whether the last write succeeded.
    pub(super) fn is_good(&self) -> bool {
        self.reasons().is_empty()
    }

    /// Records a success.
    pub(super) fn succeeded(&self) {
        let mut reasons = self.reasons();
        if !reasons.is_empty() {
            reasons.clear();
            tracing::info!(
                target: "state", file = self.file, "the state file can be used again"
            );
        }
    }

    /// Records a failure.
    pub(super) fn failed(&self, why: &str) {
        let mut reasons = self.reasons();
        if reasons.len() < REASONS && reasons.iter().all(|reason| reason != why) {
            reasons.push(why.to_owned());
            tracing::error!(
                target: "state", file = self.file, why, "the state file cannot be used"
            );
        }
    }

    fn reasons(&self) -> MutexGuard<'_, Vec<String>> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_success_ends_a_failure() {
        let health = FileHealth::new("test.sqlite".to_owned());
        assert!(health.is_good());
        health.succeeded();
        assert!(health.is_good());
        for number in 0..100 {
            health.failed(&format!("reason {}", number % 20));
            assert!(!health.is_good());
        }
        assert_eq!(health.reasons().len(), REASONS);
        health.succeeded();
        assert!(health.is_good());
    }
}
