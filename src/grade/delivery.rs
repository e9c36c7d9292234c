//! Retries: sends queued grades until each is delivered, refused or expired.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rocket::tokio::task::{Id, JoinSet};
use rocket::tokio::time::{sleep, timeout};

use super::grades::{Grades, LEASE_MARGIN};
use super::retry::{after_retry, timed_out};
use crate::state::{AttemptResult, Grade, QueuedGrade, Status, StoredGrade};

/// The most concurrent retries.
const MAX_CONCURRENT: usize = 64;
/// The most concurrent retries to one host, so that a slow host does not block the others.
const MAX_CONCURRENT_PER_HOST: usize = 8;
/// The longest and the shortest pause between two claims, in seconds.
const LONGEST_PAUSE: u64 = 60;
const SHORTEST_PAUSE: u64 = 1;

impl Grades {
    /// Retries queued grades until the future is dropped. Interrupted grades stay queued.
    pub async fn deliver(self: Arc<Self>) {
        let Some(outbox) = self.outbox.clone() else { return };
        let longest = self.longest_timeout();
        let mut in_progress: JoinSet<()> = JoinSet::new();
        let mut hosts: HashMap<Id, String> = HashMap::new();
        loop {
            let now = self.clock.now();
            let free = MAX_CONCURRENT - in_progress.len().min(MAX_CONCURRENT);
            let count = |host: &String| hosts.values().filter(|other| *other == host).count();
            let full: Vec<String> = hosts
                .values()
                .filter(|host| count(host) >= MAX_CONCURRENT_PER_HOST)
                .cloned()
                .collect();
            // A retry may wait for its lock as long as for the platform.
            let until = now + 2 * longest + LEASE_MARGIN;
            let claimed = outbox.claim(now, until, free, MAX_CONCURRENT_PER_HOST, &full).await;
            let next_due = outbox.next_due().await;
            let pause = match (&claimed, next_due) {
                (Ok(_), Ok(Some(due))) => {
                    due.saturating_sub(now).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
                }
                // After an error, such as a full disk, a retry within a second is useless.
                _ => LONGEST_PAUSE,
            };
            match claimed {
                Ok(claimed) => {
                    for queued in claimed {
                        let host = queued.grade.host.clone();
                        let grades = Arc::clone(&self);
                        let task =
                            in_progress.spawn(async move { grades.deliver_one(queued).await });
                        hosts.insert(task.id(), host);
                    }
                }
                Err(error) => {
                    tracing::error!(target: "grade", "queued grades cannot be read: {error}")
                }
            }
            rocket::tokio::select! {
                Some(ended) = in_progress.join_next_with_id() => {
                    hosts.remove(&ended.map_or_else(|error| error.id(), |(id, ())| id));
                }
                () = self.retry_queued.notified() => {}
                () = sleep(Duration::from_secs(pause)) => {}
            }
        }
    }

    /// Retries a grade once.
    async fn deliver_one(&self, queued: QueuedGrade) {
        let Some(outbox) = &self.outbox else { return };
        let duration =
            self.timeout(&queued.grade.tool).unwrap_or_else(|| Duration::from_secs(LEASE_MARGIN));
        // After the timeout, a newer grade still holds the lock. Its result decides about this one.
        let Ok(_guard) = timeout(duration, self.slot_locks.lock(queued.grade.slot)).await else {
            return;
        };
        let Ok(Some(StoredGrade::Queued(_))) = outbox.find(&queued.id).await else { return };
        let response =
            timeout(duration, self.attempt(&queued.grade)).await.unwrap_or(Err(timed_out()));
        let now = self.clock.now();
        let result = match &response {
            Ok(_) => AttemptResult::Delivered,
            Err(error) => after_retry(error, &queued, now),
        };
        log(&queued, &result, now);
        self.settle(outbox.as_ref(), &queued, result).await;
    }
}

/// Logs the result of an attempt.
fn log(queued: &QueuedGrade, result: &AttemptResult, now: u64) {
    let Grade { tool, sender, .. } = &queued.grade;
    let consumer = sender.log_name();
    let (id, tries) = (queued.id.as_str(), queued.tries + 1);
    if queued.status == Status::Delivered {
        tracing::info!(
            target: "grade", tool, consumer, outcome = "delivered", id, tries,
            "sent again after an older grade"
        );
        return;
    }
    match result {
        AttemptResult::Delivered => {
            tracing::info!(target: "grade", tool, consumer, outcome = "delivered", id, tries);
        }
        AttemptResult::Retry { at, message } => {
            let again_in = at.saturating_sub(now);
            tracing::warn!(
                target: "grade", tool, consumer, outcome = "kept", id, tries, again_in,
                reason = message
            );
        }
        AttemptResult::Refused { message } => {
            tracing::warn!(
                target: "grade", tool, consumer, outcome = "refused", id, tries, reason = message
            );
        }
        AttemptResult::Expired { message } => {
            tracing::error!(
                target: "grade", tool, consumer, outcome = "expired", id, tries, reason = message
            );
        }
    }
}
