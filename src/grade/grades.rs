use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lti::oauth1::SigningKey;
use lti::{GradePlace, Sender};
use rocket::tokio::sync::Notify;
use rocket::tokio::time::timeout;

use super::sent::GradeError;
use super::turn::Turns;
use crate::clock::Clock;
use crate::config::{Senders, Target, Tool};
use crate::platform::{
    OwnPlatform, PlatformCall, PlatformError, PlatformOperation, PlatformResponse, Platforms,
};
use crate::session::GradeToken;
use crate::state::{Action, Fate, Grade, Outbox, QueuedGrade, StateError, StoredGrade};

/// For how many seconds after the timeout of an attempt its grade stays claimed.
pub(super) const LEASE: u64 = 5;

/// Sends grades.
pub struct Grades {
    platforms: Platforms,
    pub(super) outbox: Option<Arc<dyn Outbox>>,
    /// By name.
    tools: HashMap<String, GradingTool>,
    pub(super) turns: Turns,
    pub(super) clock: Clock,
    /// Notified when a grade waits for a retry.
    pub(super) woken: Notify,
}

/// A tool that may send grades.
struct GradingTool {
    senders: Senders,
    /// The timeout of a platform.
    timeout: Duration,
}

impl Grades {
    /// For these tools. Without an outbox, no grade is queued.
    pub fn new(
        platforms: Platforms,
        outbox: Option<Arc<dyn Outbox>>,
        tools: &[Tool],
        clock: Clock,
    ) -> Self {
        let grading = |tool: &Tool| match &tool.target {
            Target::Upstream(upstream) if upstream.grades => Some((
                tool.name.clone(),
                GradingTool { senders: tool.senders.clone(), timeout: upstream.timeout },
            )),
            _ => None,
        };
        Self {
            platforms,
            outbox,
            tools: tools.iter().filter_map(grading).collect(),
            turns: Turns::default(),
            clock,
            woken: Notify::new(),
        }
    }

    /// Lets grades reach the practice platform of this process. Only the first call counts.
    pub fn practise(&self, own: OwnPlatform) {
        self.platforms.practise(own);
    }

    /// Whether a launch of a tool can send a grade to a place: the tool may send grades, and they may go to
    /// its URL.
    pub fn accepts(&self, tool: &str, place: &GradePlace) -> bool {
        self.tools.contains_key(tool) && self.platforms.may_reach(place.url())
    }

    /// Whether a token still counts: its tool may send grades, and its sender is in the file.
    pub fn admits(&self, token: &GradeToken) -> bool {
        self.sender(&token.tool, &token.sender).is_some()
    }

    /// The keys that sign for a sender of a tool that may send grades, and the timeout of its platform.
    pub(super) fn sender(&self, tool: &str, sender: &Sender) -> Option<(&[SigningKey], Duration)> {
        let GradingTool { senders, timeout } = self.tools.get(tool)?;
        Some((senders.signing_keys(sender)?, *timeout))
    }

    /// The timeout of a tool's platforms, if the tool may send grades.
    pub(super) fn timeout(&self, tool: &str) -> Option<Duration> {
        self.tools.get(tool).map(|tool| tool.timeout)
    }

    /// The longest timeout of all tools, in seconds.
    pub(super) fn longest_timeout(&self) -> u64 {
        self.tools.values().map(|tool| tool.timeout.as_secs()).max().unwrap_or_default()
    }

    /// The host that a grade place leads to.
    pub(super) fn host(&self, place: &GradePlace) -> String {
        self.platforms.host(place.url())
    }

    /// The learner's result at the platform.
    ///
    /// # Errors
    /// [`GradeError::Platform`], [`GradeError::Slow`] or [`GradeError::NoSender`].
    pub async fn read(&self, token: &GradeToken) -> Result<PlatformResponse, GradeError> {
        let (signing_keys, patience) =
            self.sender(&token.tool, &token.sender).ok_or(GradeError::NoSender)?;
        let call = PlatformCall {
            place: &token.place,
            sender: &token.sender,
            signing_keys,
            operation: PlatformOperation::Read,
            clock: &self.clock,
        };
        timeout(patience, self.platforms.grade(&call))
            .await
            .map_err(|_| GradeError::Slow)?
            .map_err(Into::into)
    }

    /// A stored grade of the token's learner and link.
    ///
    /// # Errors
    /// [`StateError`] if the outbox cannot be read.
    pub async fn find(
        &self,
        token: &GradeToken,
        id: &str,
    ) -> Result<Option<StoredGrade>, StateError> {
        let Some(outbox) = &self.outbox else { return Ok(None) };
        Ok(outbox.find(id).await?.filter(|grade| grade.slot() == token.slot))
    }

    /// Whether the gateway can queue grades now, if it queues any.
    pub async fn is_reachable(&self) -> bool {
        match &self.outbox {
            Some(outbox) => outbox.is_reachable().await,
            None => true,
        }
    }

    /// Sends a grade once.
    pub(super) async fn attempt(&self, grade: &Grade) -> Result<PlatformResponse, PlatformError> {
        let Some((signing_keys, _)) = self.sender(&grade.tool, &grade.sender) else {
            return Err(PlatformError::Unreachable(
                "its tool or consumer is not in the file any more".to_owned(),
            ));
        };
        let operation = match &grade.action {
            Action::Replace { score, comment } => {
                PlatformOperation::Replace { score, comment: comment.as_deref() }
            }
            Action::Delete => PlatformOperation::Delete,
        };
        self.platforms
            .grade(&PlatformCall {
                place: &grade.place,
                sender: &grade.sender,
                signing_keys,
                operation,
                clock: &self.clock,
            })
            .await
    }

    /// Stores the result of an attempt.
    pub(super) async fn settle(&self, outbox: &dyn Outbox, grade: &QueuedGrade, fate: Fate) {
        let wakes = fate != Fate::Delivered;
        // If the result cannot be stored, the grade is sent again when its claim ends.
        if let Err(error) = outbox.settle(grade, fate, self.clock.now()).await {
            tracing::error!(target: "grade", id = grade.id, "what became of a grade cannot be written down: {error}");
        }
        if wakes {
            self.woken.notify_one();
        }
    }
}
