use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lti::oauth1::SigningKey;
use lti::{GradePlace, NoGradePlace, Sender};
use rocket::tokio::sync::Notify;
use rocket::tokio::time::{Instant, timeout};

use super::attempt::Attempt;
use super::host_health::HostHealth;
use super::no_token::NoGradeToken;
use super::retry::MAX_RETRY_AFTER;
use super::sent::GradeError;
use super::slot_lock::SlotLocks;
use super::timestamps::SlotTimestamps;
use crate::clock::{Clock, Moment};
use crate::config::{DeclaredLineItem, OutcomeRules, Senders, Target, Tool};
use crate::platform::{
    PlatformCall, PlatformError, PlatformOperation, PlatformResponse, Platforms, PracticePlatform,
    ServiceClients,
};
use crate::session::GradeToken;
use crate::state::{Action, AttemptResult, Grade, Outbox, QueuedGrade, StateError, StoredGrade};

/// How long a lease outlasts the timeout of its attempt, in seconds.
pub(super) const LEASE_MARGIN: u64 = 5;

/// The delivery of grades with the latest configuration.
pub(super) type LatestGrades = Arc<dyn Fn() -> Arc<Grades> + Send + Sync>;

/// The delivery of grades with one configuration. The outbox, and what is known about attempts and
/// hosts, outlive it.
pub struct Grades {
    pub(super) platforms: Platforms,
    pub(super) clients: Arc<ServiceClients>,
    pub(super) outbox: Option<Arc<dyn Outbox>>,
    /// By name.
    tools: HashMap<String, GradingTool>,
    pub(super) slot_locks: SlotLocks,
    pub(super) timestamps: SlotTimestamps,
    pub(super) clock: Clock,
    /// Wakes the retries when a grade waits for one, or when a host works again.
    pub(super) retry_queued: Arc<Notify>,
    pub(super) host_health: Arc<HostHealth>,
    /// Whether the retries run.
    pub(super) is_delivering: Arc<AtomicBool>,
}

/// A tool that may send grades.
struct GradingTool {
    senders: Senders,
    /// The timeout of a platform.
    timeout: Duration,
    /// The gradebook column that it declares.
    line_item: Option<DeclaredLineItem>,
}

impl Grades {
    /// Creates the delivery for these tools. Without an outbox, it queues no grade.
    pub fn new(
        platforms: Platforms,
        clients: Arc<ServiceClients>,
        outbox: Option<Arc<dyn Outbox>>,
        tools: &[Tool],
        clock: Clock,
    ) -> Self {
        let has_earlier = outbox.as_ref().is_some_and(|outbox| outbox.earlier_running() > 0);
        Self {
            platforms,
            clients,
            outbox,
            tools: grading_tools(tools),
            slot_locks: SlotLocks::default(),
            timestamps: SlotTimestamps::new(clock.clone(), has_earlier),
            clock,
            retry_queued: Arc::default(),
            host_health: Arc::default(),
            is_delivering: Arc::default(),
        }
    }

    /// The delivery with another configuration, of the same grades. An attempt in progress ends
    /// with its own configuration.
    ///
    /// # Errors
    /// The system's message if it has no certificates.
    pub fn reconfigured(
        &self,
        rules: OutcomeRules,
        with_tls: bool,
        clients: Arc<ServiceClients>,
        tools: &[Tool],
    ) -> Result<Self, String> {
        Ok(Self {
            platforms: self.platforms.reconfigured(rules, with_tls)?,
            clients,
            outbox: self.outbox.clone(),
            tools: grading_tools(tools),
            slot_locks: self.slot_locks.clone(),
            timestamps: self.timestamps.clone(),
            clock: self.clock.clone(),
            retry_queued: Arc::clone(&self.retry_queued),
            host_health: Arc::clone(&self.host_health),
            is_delivering: Arc::clone(&self.is_delivering),
        })
    }

    /// Wakes the retries, so that they use the latest configuration.
    pub fn wake(&self) {
        self.retry_queued.notify_one();
    }

    /// The client for platforms.
    pub fn platforms(&self) -> &Platforms {
        &self.platforms
    }

    /// Makes the practice platform of this process reachable. Later calls have no effect.
    pub fn set_practice_platform(&self, practice: PracticePlatform) {
        self.platforms.set_practice_platform(practice);
    }

    /// Why a launch of a tool with this grade place has no token. `None` if it has one.
    pub fn missing_token(&self, place: &Result<GradePlace, NoGradePlace>) -> Option<NoGradeToken> {
        NoGradeToken::find(place, |url| self.platforms.unreachable(url))
    }

    /// Whether `tools.toml` still permits a token: its tool may send grades, and has its sender.
    pub fn admits(&self, token: &GradeToken) -> bool {
        self.sender(&token.tool, &token.sender).is_some()
    }

    /// The keys that sign for a sender of a tool that may send grades, and the timeout of its
    /// platform. A platform of LTI 1.3 needs no such keys.
    pub(super) fn sender(&self, tool: &str, sender: &Sender) -> Option<(&[SigningKey], Duration)> {
        let GradingTool { senders, timeout, .. } = self.tools.get(tool)?;
        let keys = match sender {
            Sender::Consumer(_) => senders.signing_keys(sender)?,
            Sender::Platform { .. } if senders.contains(sender) => &[],
            Sender::Platform { .. } => return None,
        };
        Some((keys, *timeout))
    }

    /// The gradebook column that a tool declares.
    pub(super) fn line_item(&self, tool: &str) -> Option<&DeclaredLineItem> {
        self.tools.get(tool)?.line_item.as_ref()
    }

    /// The timeout of a tool's platforms, if the tool may send grades.
    pub(super) fn timeout(&self, tool: &str) -> Option<Duration> {
        self.tools.get(tool).map(|tool| tool.timeout)
    }

    /// The longest timeout of all tools, in seconds.
    pub(super) fn longest_timeout(&self) -> u64 {
        self.tools.values().map(|tool| tool.timeout.as_secs()).max().unwrap_or_default()
    }

    /// The host of a grade place, after `outcome_url_rewrite`.
    pub(super) fn host(&self, place: &GradePlace) -> String {
        self.platforms.host(place.url())
    }

    /// Reads the learner's result from the platform.
    ///
    /// # Errors
    /// [`GradeError::Platform`], [`GradeError::Slow`] or [`GradeError::NoSender`].
    pub async fn read(&self, token: &GradeToken) -> Result<PlatformResponse, GradeError> {
        let (signing_keys, duration) =
            self.sender(&token.tool, &token.sender).ok_or(GradeError::NoSender)?;
        let read = async {
            match &token.place {
                GradePlace::Outcome(service) => {
                    let call = PlatformCall {
                        service,
                        sender: &token.sender,
                        signing_keys,
                        operation: PlatformOperation::Read,
                        clock: &self.clock,
                    };
                    self.platforms.grade(&call).await
                }
                GradePlace::LineItem(item) => {
                    let call = self.line_item_call(item, &token.tool, &token.sender)?;
                    self.platforms.read_result(&call).await
                }
            }
        };
        timeout(duration, read).await.map_err(|_| GradeError::Slow)?.map_err(Into::into)
    }

    /// The stored grade with this id, if it is of the token's learner and resource link.
    ///
    /// # Errors
    /// [`StateError::Unavailable`] if the outbox cannot be read.
    pub async fn find(
        &self,
        token: &GradeToken,
        id: &str,
    ) -> Result<Option<StoredGrade>, StateError> {
        let Some(outbox) = &self.outbox else { return Ok(None) };
        Ok(outbox.find(id).await?.filter(|grade| grade.slot() == token.slot))
    }

    /// Whether the outbox could be written the last time, and queued grades are retried. `true`
    /// without an outbox.
    pub async fn is_reachable(&self) -> bool {
        match &self.outbox {
            Some(outbox) => self.is_delivering() && outbox.is_reachable().await,
            None => true,
        }
    }

    /// The current time. Its running time is that of all processes that used the outbox.
    pub(super) fn moment(&self) -> Moment {
        let earlier = self.outbox.as_ref().map_or(0, |outbox| outbox.earlier_running());
        Moment { now: self.clock.now(), running: earlier.saturating_add(self.clock.running()) }
    }

    /// Sends a grade once, with a timeout. Records what this shows about the host.
    pub(super) async fn attempt(
        &self,
        grade: &Grade,
        queued: Option<&QueuedGrade>,
        duration: Duration,
        is_probe: bool,
    ) -> Attempt {
        let arrived = AtomicBool::new(false);
        let attempt = timeout(duration, self.call(grade, queued, &arrived)).await;
        let attempt = attempt.unwrap_or_else(|_| Attempt::timed_out());
        let attempt = match grade.place {
            GradePlace::Outcome(_) => attempt,
            GradePlace::LineItem(_) => attempt.that_arrived(arrived.load(Ordering::SeqCst)),
        };
        let works_again = self.host_health.record(
            &grade.host,
            attempt.host_result(),
            is_probe,
            MAX_RETRY_AFTER,
            Instant::now(),
        );
        if works_again {
            self.retry_queued.notify_one();
        }
        attempt
    }

    /// Sends a grade once, without a timeout. Sets `arrived` while the platform may have received
    /// the score of a line item.
    pub(super) async fn call(
        &self,
        grade: &Grade,
        queued: Option<&QueuedGrade>,
        arrived: &AtomicBool,
    ) -> Attempt {
        let service = match &grade.place {
            GradePlace::Outcome(service) => service,
            GradePlace::LineItem(item) => {
                return Attempt::new(self.send_score(grade, item, queued, arrived).await);
            }
        };
        let Some((signing_keys, _)) = self.sender(&grade.tool, &grade.sender) else {
            return Attempt::not_sent(PlatformError::Unreachable(
                "its tool or consumer is no longer in tools.toml".to_owned(),
            ));
        };
        let operation = match &grade.action {
            Action::Replace { score: Some(score), comment, .. } => {
                PlatformOperation::Replace { score, comment: comment.as_deref() }
            }
            // LTI 1.1 has no progress.
            Action::Replace { score: None, .. } => {
                return Attempt::new(Ok(PlatformResponse::default()));
            }
            Action::Delete => PlatformOperation::Delete,
        };
        let call = PlatformCall {
            service,
            sender: &grade.sender,
            signing_keys,
            operation,
            clock: &self.clock,
        };
        Attempt::new(self.platforms.grade(&call).await)
    }

    /// Stores the result of an attempt. Returns whether it is stored.
    pub(super) async fn settle(
        &self,
        outbox: &dyn Outbox,
        grade: &QueuedGrade,
        result: AttemptResult,
        was_sent: bool,
    ) -> bool {
        let retries = result != AttemptResult::Delivered;
        // Without a stored result, the gateway sends the grade again when its lease ends.
        let settled = outbox.settle(grade, result, was_sent, self.moment()).await;
        if let Err(error) = &settled {
            tracing::error!(
                target: "grade", id = grade.id, "the result of a grade cannot be stored: {error}"
            );
        }
        if retries {
            self.retry_queued.notify_one();
        }
        settled.is_ok()
    }
}

/// The tools that may send grades, by name.
fn grading_tools(tools: &[Tool]) -> HashMap<String, GradingTool> {
    let grading = |tool: &Tool| match &tool.target {
        Target::Upstream(upstream) if upstream.grades.is_on() => Some((
            tool.name.clone(),
            GradingTool {
                senders: tool.senders.clone(),
                timeout: upstream.timeout,
                line_item: upstream.line_item.clone(),
            },
        )),
        _ => None,
    };
    tools.iter().filter_map(grading).collect()
}
