//! Retries: sends queued grades until each is delivered, refused or expired.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rocket::tokio::task::{Id, JoinError, JoinSet};
use rocket::tokio::time::{Instant, sleep, timeout};

use super::attempt::Attempt;
use super::grades::{Grades, LEASE_MARGIN, LatestGrades};
use super::host_health::HostResult;
use super::retry::{
    EXPIRY, EXPIRY_OF_DELIVERED, LONGEST_WAIT, MAX_RETRY_AFTER, after_panic, after_retry,
};
use crate::platform::masked;
use crate::state::{
    AttemptResult, ClaimLimits, Grade, HostLimit, Outbox, QueuedGrade, Status, StoredGrade,
};

/// The most concurrent retries.
const MAX_CONCURRENT: usize = 64;
/// The most concurrent probes of hosts that may fail, so that they do not delay hosts that work.
const MAX_CONCURRENT_PROBES: usize = 48;
/// The most concurrent retries to one host, so that a slow host does not block the others.
const MAX_CONCURRENT_PER_HOST: usize = 8;
/// The longest and the shortest pause between two claims, in seconds.
const LONGEST_PAUSE: u64 = 60;
const SHORTEST_PAUSE: u64 = 1;
/// The message of a grade that expired without a result of its own. The message of another grade
/// may contain personal data of another learner.
const NOT_TRIED: &str = "its platform failed until the grade was too old";

/// A claimed grade.
#[derive(Clone)]
struct Claimed {
    queued: QueuedGrade,
    /// Whether it shows if its host works.
    is_probe: bool,
}

/// The attempts in progress.
#[derive(Default)]
struct InProgress {
    tasks: JoinSet<()>,
    claimed: HashMap<Id, Claimed>,
}

impl InProgress {
    fn start(&mut self, grades: &Arc<Grades>, claimed: Claimed) {
        let (grades, one) = (Arc::clone(grades), claimed.clone());
        let task = self.tasks.spawn(async move { grades.deliver_one(one).await });
        self.claimed.insert(task.id(), claimed);
    }

    /// The next attempt that panicked. Attempts that end as they should are removed silently, and
    /// return `None`. Pending if no attempt is in progress.
    async fn join_next(&mut self) -> Option<Claimed> {
        match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => {
                self.claimed.remove(&id);
                None
            }
            Some(Err(error)) => {
                self.claimed.remove(&error.id()).filter(|_| JoinError::is_panic(&error))
            }
            None => std::future::pending().await,
        }
    }

    /// The number of attempts of each host.
    fn by_host(&self) -> HashMap<String, usize> {
        let mut counts = HashMap::new();
        for claimed in self.claimed.values() {
            *counts.entry(claimed.queued.grade.host.clone()).or_default() += 1;
        }
        counts
    }

    /// The number of probes.
    fn probes(&self) -> usize {
        self.claimed.values().filter(|claimed| claimed.is_probe).count()
    }
}

impl Grades {
    /// Retries queued grades until the future is dropped, each attempt with the latest
    /// configuration. Interrupted grades stay queued.
    pub(super) async fn deliver(latest: LatestGrades) {
        let mut in_progress = InProgress::default();
        loop {
            let grades = latest();
            let Some(outbox) = &grades.outbox else { return };
            let now = grades.clock.now();
            let longest = grades.longest_timeout().saturating_mul(2).saturating_add(LEASE_MARGIN);
            // A retry may wait for its lock as long as for the platform.
            let until = now.saturating_add(longest);
            let limits = grades.limits(&in_progress, now.saturating_add(longest.max(LONGEST_WAIT)));
            let claimed = outbox.claim(now, until, limits.clone()).await;
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
                        let is_probe = limits.of(&queued.grade.host).is_probe();
                        in_progress.start(&grades, Claimed { queued, is_probe });
                    }
                }
                Err(error) => {
                    tracing::error!(target: "grade", "queued grades cannot be read: {error}")
                }
            }
            rocket::tokio::select! {
                panicked = in_progress.join_next() => {
                    if let Some(claimed) = panicked {
                        grades.settle_panicked(outbox.as_ref(), &claimed).await;
                    }
                }
                () = grades.retry_queued.notified() => {}
                () = sleep(Duration::from_secs(pause)) => {}
            }
        }
    }

    /// The limits of the next claim. `latest` is the latest timestamp that a grade can be due at.
    fn limits(&self, in_progress: &InProgress, latest: u64) -> ClaimLimits {
        ClaimLimits {
            total: MAX_CONCURRENT.saturating_sub(in_progress.claimed.len()),
            probes: MAX_CONCURRENT_PROBES.saturating_sub(in_progress.probes()),
            hosts: self.host_health.limits(
                &in_progress.by_host(),
                MAX_CONCURRENT_PER_HOST,
                Instant::now(),
            ),
            other_hosts: HostLimit::Probe,
            busy_slots: {
                let mut slots = self.slot_locks.held();
                slots.extend(in_progress.claimed.values().map(|one| one.queued.grade.slot));
                slots
            },
            latest,
        }
    }

    /// Retries a grade once.
    async fn deliver_one(&self, Claimed { queued, is_probe }: Claimed) {
        let Some(outbox) = &self.outbox else { return };
        let duration =
            self.timeout(&queued.grade.tool).unwrap_or_else(|| Duration::from_secs(LEASE_MARGIN));
        // After the timeout, a newer grade still holds the lock. Its result decides about this one.
        let Ok(_guard) = timeout(duration, self.slot_locks.lock(queued.grade.slot)).await else {
            // Without this note, the next attempt counts this one. That does no harm.
            let _ = outbox.release(&queued).await;
            return;
        };
        let Ok(Some(StoredGrade::Queued(_))) = outbox.find(&queued.id).await else { return };
        let attempt = self.attempt(&queued.grade, Some(&queued), duration, is_probe).await;
        let moment = self.moment();
        let result = match &attempt.response {
            Ok(_) => AttemptResult::Delivered,
            Err(error) => after_retry(error, &queued, attempt.was_sent, attempt.arrived, moment),
        };
        self.log(outbox.as_ref(), &queued, &result, &attempt, moment.now).await;
        let reason = match &result {
            AttemptResult::Retry { .. } | AttemptResult::Expired { .. } => {
                log_reason(&queued, &attempt)
            }
            _ => None,
        };
        self.settle(outbox.as_ref(), &queued, result, attempt.was_sent).await;
        // While the host works, each grade has its own attempts.
        let is_failing = is_probe && self.host_health.is_failing(&queued.grade.host);
        if let Some(reason) = reason.filter(|_| is_failing) {
            self.expire_waiting(outbox.as_ref(), &queued.grade, &reason).await;
        }
    }

    /// Expires the grades that wait for a host that failed just now.
    async fn expire_waiting(&self, outbox: &dyn Outbox, grade: &Grade, reason: &str) {
        for expiry in [EXPIRY, EXPIRY_OF_DELIVERED] {
            let expired = outbox.expire(&grade.host, expiry, NOT_TRIED, self.moment()).await;
            // After an error, the next failure does the same.
            if let Ok(grades @ 1..) = expired {
                tracing::error!(
                    target: "grade", outcome = "expired", grades, reason,
                    "grades waited too long for their platform"
                );
            }
        }
    }

    /// Makes a grade whose attempt panicked come due again.
    async fn settle_panicked(&self, outbox: &dyn Outbox, claimed: &Claimed) {
        let Claimed { queued, is_probe } = claimed;
        tracing::error!(
            target: "grade", id = queued.id, "an attempt to deliver a grade panicked"
        );
        let failed = HostResult::Failed(None);
        let host = &queued.grade.host;
        self.host_health.record(host, failed, *is_probe, MAX_RETRY_AFTER, Instant::now());
        // The platform may have received it.
        self.settle(outbox, queued, after_panic(queued, self.clock.now()), true).await;
    }

    /// Logs the result of an attempt.
    async fn log(
        &self,
        outbox: &dyn Outbox,
        queued: &QueuedGrade,
        result: &AttemptResult,
        attempt: &Attempt,
        now: u64,
    ) {
        let Grade { tool, sender, host, .. } = &queued.grade;
        let consumer = sender.log_name();
        let id = queued.id.as_str();
        let tries = queued.tries.saturating_add(u32::from(attempt.was_sent));
        let omitted = match result {
            AttemptResult::Retry { .. } => match self.host_health.line(host, Instant::now()) {
                Some(omitted) => (omitted > 0).then_some(omitted),
                None => return,
            },
            _ => None,
        };
        if queued.status == Status::Delivered {
            tracing::info!(
                target: "grade", tool, consumer, outcome = "delivered", id, tries, omitted,
                "sent again after an older grade"
            );
            return;
        }
        let reason = log_reason(queued, attempt);
        match result {
            AttemptResult::Delivered => {
                tracing::info!(target: "grade", tool, consumer, outcome = "delivered", id, tries);
            }
            AttemptResult::Retry { at, .. } => {
                let again_in = at.saturating_sub(now);
                let waiting = match attempt.host_result() {
                    HostResult::Failed(_) => outbox.count(host).await.ok(),
                    _ => None,
                };
                tracing::warn!(
                    target: "grade", tool, consumer, outcome = "kept", id, tries, again_in,
                    waiting, omitted, reason
                );
            }
            AttemptResult::Refused { .. } => {
                tracing::warn!(
                    target: "grade", tool, consumer, outcome = "refused", id, tries, reason
                );
            }
            AttemptResult::Expired { .. } => {
                tracing::error!(
                    target: "grade", tool, consumer, outcome = "expired", id, tries, reason
                );
            }
        }
    }
}

/// The reason of a failed attempt for the log, without a platform's free text.
fn log_reason(queued: &QueuedGrade, attempt: &Attempt) -> Option<String> {
    let error = attempt.response.as_ref().err()?;
    Some(masked(&error.log_reason(), queued.grade.place.learner_reference()))
}
