//! Sends what is kept, until it is delivered, refused for good, or too old.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rocket::tokio::task::{Id, JoinSet};
use rocket::tokio::time::{sleep, timeout};

use super::{Grades, LEASE};
use crate::platform::{PlatformError, masked};
use crate::state::{Fate, Grade, Kept, Outbox, Status};

/// How old a grade gets, in seconds: three days bridge a weekend.
const OLDEST: u64 = 3 * 86_400;
/// The same for one that the platform has and is sent once more. Later, somebody may have changed there what it set.
const OLDEST_DELIVERED: u64 = 3600;
/// The longest wait between two tries, in seconds.
const LONGEST_WAIT: u64 = 30 * 60;
/// The longest wait that a platform may ask for, in seconds.
const LONGEST_ASKED_FOR: u64 = 3600;
/// The most grades on their way at one time.
const MOST: usize = 64;
/// The most of one host that are claimed at one time, so that one that is silent does not hold up the others. A host of which so
/// many are on their way has no more claimed.
const MOST_PER_HOST: usize = 8;
/// How long nothing is looked for, at most and at least.
const LONGEST_PAUSE: u64 = 60;
const SHORTEST_PAUSE: u64 = 1;

impl Grades {
    /// Sends what is kept, until the future is dropped. What is on its way then is kept and sent again.
    pub async fn deliver(self: Arc<Self>) {
        let Some(outbox) = self.outbox.clone() else { return };
        let longest =
            self.tools.values().map(|tool| tool.timeout.as_secs()).max().unwrap_or_default();
        let mut on_their_way: JoinSet<()> = JoinSet::new();
        let mut hosts: HashMap<Id, String> = HashMap::new();
        loop {
            let now = self.clock.now();
            let room = MOST - on_their_way.len().min(MOST);
            let count = |host: &String| hosts.values().filter(|other| *other == host).count();
            let full: Vec<String> =
                hosts.values().filter(|host| count(host) >= MOST_PER_HOST).cloned().collect();
            // Waiting for a turn takes as long as a try, at most.
            let until = now + 2 * longest + LEASE;
            let claimed = outbox.claim(now, until, room, MOST_PER_HOST, &full).await;
            let next_due = outbox.next_due().await;
            let pause = match (&claimed, next_due) {
                (Ok(_), Ok(Some(due))) => {
                    due.saturating_sub(now).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
                }
                // A disk that is full is not there again in a second.
                _ => LONGEST_PAUSE,
            };
            match claimed {
                Ok(claimed) => {
                    for kept in claimed {
                        let host = kept.grade.host.clone();
                        let grades = Arc::clone(&self);
                        let task =
                            on_their_way.spawn(async move { grades.deliver_one(kept).await });
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

    /// Tries once more.
    async fn deliver_one(&self, kept: Kept) {
        let Some(outbox) = &self.outbox else { return };
        let patience =
            self.tools.get(&kept.grade.tool).map_or(Duration::from_secs(LEASE), |one| one.timeout);
        // A newer one is on its way: there will be news of this one when that has arrived.
        let Ok(_turn) = timeout(patience, self.turns.take(kept.grade.slot)).await else { return };
        match outbox.find(&kept.id).await {
            Ok(Some(found)) if found.next_try.is_some() => {}
            _ => return,
        }
        let outcome =
            timeout(patience, self.attempt(&kept.grade)).await.unwrap_or(Err(Self::slow()));
        let now = self.clock.now();
        let oldest = if kept.status == Status::Delivered { OLDEST_DELIVERED } else { OLDEST };
        let fate = match &outcome {
            Ok(_) => Fate::Delivered,
            Err(error) if error.is_final() => {
                Fate::Refused { words: Self::words(error, &kept.grade) }
            }
            Err(error) if now >= kept.accepted + oldest => {
                Fate::Expired { words: Self::words(error, &kept.grade) }
            }
            Err(error) => self.postponed(error, &kept),
        };
        tell(&kept, &fate, now);
        self.settle(outbox.as_ref(), &kept, fate).await;
    }

    /// Writes down what became of a try.
    pub(super) async fn settle(&self, outbox: &dyn Outbox, kept: &Kept, fate: Fate) {
        let wakes = fate != Fate::Delivered;
        // What could not be written down is sent again when its claim ends.
        if let Err(error) = outbox.settle(kept, fate, self.clock.now()).await {
            tracing::error!(target: "grade", id = kept.id, "what became of a grade cannot be written down: {error}");
        }
        if wakes {
            self.woken.notify_one();
        }
    }

    /// Until when a grade waits that could not be delivered: as long as it has waited already, so that waits double, up to half
    /// an hour; and half of it more or less, so that a platform that comes back does not get all of them at once.
    pub(super) fn postponed(&self, error: &PlatformError, kept: &Kept) -> Fate {
        let now = self.clock.now();
        let wait = now.saturating_sub(kept.accepted).clamp(1, LONGEST_WAIT);
        let mut random = [0; 8];
        // Without randomness all wait equally long, which is no reason to lose a grade.
        let _ = getrandom::fill(&mut random);
        let jitter = u64::from_be_bytes(random) % (wait + 1);
        let asked_for = match error {
            PlatformError::Unwell { retry_after: Some(seconds), .. } => {
                (*seconds).min(LONGEST_ASKED_FOR) + jitter
            }
            _ => 0,
        };
        let until = now + (wait / 2 + jitter).max(asked_for).max(1);
        Fate::Postponed { until, words: Self::words(error, &kept.grade) }
    }

    /// What an admin may read of an error.
    pub(super) fn words(error: &PlatformError, grade: &Grade) -> String {
        masked(&error.to_string(), grade.place.learner_reference())
    }

    /// What is said of a platform that does not answer.
    pub(super) fn slow() -> PlatformError {
        PlatformError::Unreachable("it did not answer within the tool's timeout".to_owned())
    }
}

/// Tells the log what became of a kept grade.
fn tell(kept: &Kept, fate: &Fate, now: u64) {
    let Grade { tool, sender, .. } = &kept.grade;
    let consumer = sender.log_name();
    let (id, tries) = (kept.id.as_str(), kept.tries + 1);
    if kept.status == Status::Delivered {
        tracing::info!(target: "grade", tool, consumer, outcome = "delivered", id, tries, "sent once more, after an older one");
        return;
    }
    match fate {
        Fate::Delivered => {
            tracing::info!(target: "grade", tool, consumer, outcome = "delivered", id, tries);
        }
        Fate::Postponed { until, words } => {
            let again_in = until.saturating_sub(now);
            tracing::warn!(target: "grade", tool, consumer, outcome = "kept", id, tries, again_in, reason = words);
        }
        Fate::Refused { words } => {
            tracing::warn!(target: "grade", tool, consumer, outcome = "refused", id, tries, reason = words);
        }
        Fate::Expired { words } => {
            tracing::error!(target: "grade", tool, consumer, outcome = "expired", id, tries, reason = words);
        }
    }
}
