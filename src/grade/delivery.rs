//! The retries: sends queued grades until each is delivered, refused or expired.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rocket::tokio::task::{Id, JoinSet};
use rocket::tokio::time::{sleep, timeout};

use super::grades::{Grades, LEASE};
use super::retry::{after_retry, slow};
use crate::state::{Fate, Grade, QueuedGrade, Status, StoredGrade};

/// The most grades on their way at one time.
const MOST: usize = 64;
/// The most grades of one host that are claimed at one time, so that a silent host does not hold up the
/// others. A host that has so many on their way gets no more.
const MOST_PER_HOST: usize = 8;
/// The longest and the shortest pause between two claims, in seconds.
const LONGEST_PAUSE: u64 = 60;
const SHORTEST_PAUSE: u64 = 1;

impl Grades {
    /// Sends queued grades until the future is dropped. Grades that are on their way then stay queued.
    pub async fn deliver(self: Arc<Self>) {
        let Some(outbox) = self.outbox.clone() else { return };
        let longest = self.longest_timeout();
        let mut on_their_way: JoinSet<()> = JoinSet::new();
        let mut hosts: HashMap<Id, String> = HashMap::new();
        loop {
            let now = self.clock.now();
            let room = MOST - on_their_way.len().min(MOST);
            let count = |host: &String| hosts.values().filter(|other| *other == host).count();
            let full: Vec<String> =
                hosts.values().filter(|host| count(host) >= MOST_PER_HOST).cloned().collect();
            // A grade waits for its turn at most as long as for the platform.
            let until = now + 2 * longest + LEASE;
            let claimed = outbox.claim(now, until, room, MOST_PER_HOST, &full).await;
            let next_due = outbox.next_due().await;
            let pause = match (&claimed, next_due) {
                (Ok(_), Ok(Some(due))) => {
                    due.saturating_sub(now).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
                }
                // A full disk is not empty a second later.
                _ => LONGEST_PAUSE,
            };
            match claimed {
                Ok(claimed) => {
                    for queued in claimed {
                        let host = queued.grade.host.clone();
                        let grades = Arc::clone(&self);
                        let task =
                            on_their_way.spawn(async move { grades.deliver_one(queued).await });
                        hosts.insert(task.id(), host);
                    }
                }
                Err(error) => {
                    tracing::error!(target: "grade", "kept grades cannot be claimed: {error}")
                }
            }
            rocket::tokio::select! {
                Some(ended) = on_their_way.join_next_with_id() => {
                    hosts.remove(&ended.map_or_else(|error| error.id(), |(id, ())| id));
                }
                () = self.woken.notified() => {}
                () = sleep(Duration::from_secs(pause)) => {}
            }
        }
    }

    /// Makes one more attempt.
    async fn deliver_one(&self, queued: QueuedGrade) {
        let Some(outbox) = &self.outbox else { return };
        let patience =
            self.timeout(&queued.grade.tool).unwrap_or_else(|| Duration::from_secs(LEASE));
        // A newer grade is on its way. Its result decides about this one.
        let Ok(_turn) = timeout(patience, self.turns.take(queued.grade.slot)).await else { return };
        let Ok(Some(StoredGrade::Queued(_))) = outbox.find(&queued.id).await else { return };
        let outcome = timeout(patience, self.attempt(&queued.grade)).await.unwrap_or(Err(slow()));
        let now = self.clock.now();
        let fate = match &outcome {
            Ok(_) => Fate::Delivered,
            Err(error) => after_retry(error, &queued, now),
        };
        log(&queued, &fate, now);
        self.settle(outbox.as_ref(), &queued, fate).await;
    }
}

/// Logs the result of an attempt.
fn log(queued: &QueuedGrade, fate: &Fate, now: u64) {
    let Grade { tool, sender, .. } = &queued.grade;
    let consumer = sender.log_name();
    let (id, tries) = (queued.id.as_str(), queued.tries + 1);
    if queued.status == Status::Delivered {
        tracing::info!(target: "grade", tool, consumer, outcome = "delivered", id, tries, "sent once more, after an older one");
        return;
    }
    match fate {
        Fate::Delivered => {
            tracing::info!(target: "grade", tool, consumer, outcome = "delivered", id, tries);
        }
        Fate::Postponed { until, message } => {
            let again_in = until.saturating_sub(now);
            tracing::warn!(target: "grade", tool, consumer, outcome = "kept", id, tries, again_in, reason = message);
        }
        Fate::Refused { message } => {
            tracing::warn!(target: "grade", tool, consumer, outcome = "refused", id, tries, reason = message);
        }
        Fate::Expired { message } => {
            tracing::error!(target: "grade", tool, consumer, outcome = "expired", id, tries, reason = message);
        }
    }
}
