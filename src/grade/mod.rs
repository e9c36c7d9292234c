//! Grades on their way to platforms: sent now and, where there is a durable state, kept and sent again.
//!
//! With a durable state a grade is written down before it is first sent, so that a process that dies knows afterwards what
//! may have arrived; it is sent again as it was. Of one learner at one resource link, one grade is on its way at a time, and
//! only the newest that is kept is sent.

mod delivery;
mod turn;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lti::oauth1::SigningKey;
use lti::{GradePlace, Score, Sender};
use rocket::tokio::sync::Notify;
use rocket::tokio::task::spawn;
use rocket::tokio::time::{Instant, timeout, timeout_at};

use crate::clock::Clock;
use crate::config::{Senders, Target, Tool};
use crate::platform::{Answer, Call, Operation, OwnPlatform, PlatformError, Platforms};
use crate::session::GradeToken;
use crate::state::{Action, Fate, Grade, Kept, Outbox, StateError, Status};
use turn::Turns;

/// For how many seconds longer than a first try may take its grade is nobody else's.
const LEASE: u64 = 5;

/// What sends grades.
pub struct Grades {
    platforms: Platforms,
    outbox: Option<Arc<dyn Outbox>>,
    /// By the names of their tools.
    tools: HashMap<String, GradingTool>,
    turns: Turns,
    clock: Clock,
    /// Told when there is something new to send again.
    woken: Notify,
}

/// A tool that may send grades.
struct GradingTool {
    senders: Senders,
    /// How long a platform may take.
    timeout: Duration,
}

/// What became of a grade that was not refused.
pub enum Sent {
    /// The platform took it.
    Delivered(Answer),
    /// A newer grade of this learner at this link was taken, or is kept, before it was this one's turn.
    Superseded,
    /// The platform could not take it now. It is kept, and sent again.
    Kept {
        /// Under which name it can be asked for.
        id: String,
        /// Why it could not be taken.
        error: PlatformError,
    },
}

/// Why a grade is neither sent nor kept, or none can be told.
pub enum GradeError {
    /// The platform did not take it, or did not tell.
    Platform(PlatformError),
    /// The platform did not answer within the tool's timeout.
    Slow,
    /// It could not be written down, so that it was not sent; or it cannot be told what became of one.
    State(StateError),
    /// The tool may send no grades, or its consumer is not in the file any more.
    NoSender,
    /// The gateway is about to stop.
    Stopped,
}

impl From<PlatformError> for GradeError {
    fn from(error: PlatformError) -> Self {
        Self::Platform(error)
    }
}

impl Grades {
    /// For these tools. Without an outbox nothing is kept.
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

    /// Lets grades reach a platform in this very process. Only the first call counts.
    pub fn practise(&self, own: OwnPlatform) {
        self.platforms.practise(own);
    }

    /// Whether a launch of a tool that takes a grade there can be given one: the tool may send grades, and the address is one
    /// that they may be sent to.
    pub fn accepts(&self, tool: &str, place: &GradePlace) -> bool {
        self.tools.contains_key(tool) && self.platforms.may_reach(place.url())
    }

    /// Whether a token still counts: its tool may send grades, and its sender is in the file.
    pub fn admits(&self, token: &GradeToken) -> bool {
        self.sender(&token.tool, &token.sender).is_some()
    }

    /// The keys that sign for a sender of a tool that may send grades, and the timeout of its platform.
    fn sender(&self, tool: &str, sender: &Sender) -> Option<(&[SigningKey], Duration)> {
        let GradingTool { senders, timeout } = self.tools.get(tool)?;
        Some((senders.signing_keys(sender)?, *timeout))
    }

    /// Sends a grade, or keeps it to send it again.
    ///
    /// # Errors
    /// Any [`GradeError`]. Nothing is kept of it then; but of a [`GradeError::State`] or [`GradeError::Stopped`] it may still be,
    /// and be sent.
    pub async fn send(
        self: &Arc<Self>,
        token: &GradeToken,
        action: Action,
    ) -> Result<Sent, GradeError> {
        let grades = Arc::clone(self);
        let (_, patience) = self.sender(&token.tool, &token.sender).ok_or(GradeError::NoSender)?;
        let grade = Grade {
            slot: token.slot,
            host: self.platforms.host(token.place.url()),
            tool: token.tool.clone(),
            sender: token.sender.clone(),
            place: token.place.clone(),
            action,
        };
        // A task of its own: what is on its way ends with an entry in the outbox, also when the caller leaves.
        spawn(async move { grades.send_now(grade, patience).await })
            .await
            .unwrap_or(Err(GradeError::Stopped))
    }

    async fn send_now(&self, grade: Grade, patience: Duration) -> Result<Sent, GradeError> {
        let until = Instant::now() + patience;
        let Some(outbox) = &self.outbox else {
            let turn = timeout_at(until, self.turns.take(grade.slot)).await;
            let _turn = turn.map_err(|_| GradeError::Slow)?;
            let answer =
                timeout_at(until, self.attempt(&grade)).await.map_err(|_| GradeError::Slow)?;
            return Ok(Sent::Delivered(answer?));
        };
        let now = self.clock.now();
        let first_try_until = now + patience.as_secs() + LEASE;
        // Before its turn, so that what is written down has the order in which it came.
        let kept = outbox.write(grade, now, first_try_until).await.map_err(GradeError::State)?;
        let turn = timeout_at(until, self.turns.take(kept.grade.slot)).await;
        if turn.is_ok() {
            let found = outbox.find(&kept.id).await.map_err(GradeError::State)?;
            if found.is_none_or(|found| found.status != Status::Kept) {
                return Ok(Sent::Superseded);
            }
        }
        let outcome = match &turn {
            Ok(_) => {
                timeout_at(until, self.attempt(&kept.grade)).await.unwrap_or(Err(Self::slow()))
            }
            // One before it is on its way all the time.
            Err(_) => Err(Self::slow()),
        };
        let fate = match &outcome {
            Ok(_) => Fate::Delivered,
            Err(error) if error.is_no() => Fate::Refused { words: Self::words(error, &kept.grade) },
            Err(error) => self.postponed(error, &kept),
        };
        self.settle(outbox.as_ref(), &kept, fate).await;
        match outcome {
            Ok(answer) => Ok(Sent::Delivered(answer)),
            Err(error) if error.is_no() => Err(error.into()),
            Err(error) => Ok(Sent::Kept { id: kept.id, error }),
        }
    }

    /// The result that the platform has.
    ///
    /// # Errors
    /// [`GradeError::Platform`], [`GradeError::Slow`] or [`GradeError::NoSender`].
    pub async fn read(&self, token: &GradeToken) -> Result<Answer, GradeError> {
        let (signing_keys, patience) =
            self.sender(&token.tool, &token.sender).ok_or(GradeError::NoSender)?;
        let call = Call {
            place: &token.place,
            sender: &token.sender,
            signing_keys,
            operation: Operation::Read,
            clock: &self.clock,
        };
        timeout(patience, self.platforms.grade(&call))
            .await
            .map_err(|_| GradeError::Slow)?
            .map_err(Into::into)
    }

    /// What became of a grade that was kept, of the token's learner and link.
    ///
    /// # Errors
    /// [`StateError`] where that cannot be told.
    pub async fn find(&self, token: &GradeToken, id: &str) -> Result<Option<Kept>, StateError> {
        let Some(outbox) = &self.outbox else { return Ok(None) };
        Ok(outbox.find(id).await?.filter(|kept| kept.grade.slot == token.slot))
    }

    /// Whether what could not be delivered can be kept now, as far as it is to be kept.
    pub async fn is_reachable(&self) -> bool {
        match &self.outbox {
            Some(outbox) => outbox.is_reachable().await,
            None => true,
        }
    }

    /// Sends a grade once.
    async fn attempt(&self, grade: &Grade) -> Result<Answer, PlatformError> {
        let Some((signing_keys, _)) = self.sender(&grade.tool, &grade.sender) else {
            return Err(PlatformError::Unreachable(
                "its tool or consumer is not in the file any more".to_owned(),
            ));
        };
        let score = match &grade.action {
            // It was one when it was taken.
            Action::Replace { score, .. } => Some(Score::parse(score).map_err(|fault| {
                PlatformError::Unintelligible { status: 0, fault: fault.to_string() }
            })?),
            Action::Delete => None,
        };
        let operation = match (&grade.action, &score) {
            (Action::Replace { comment, .. }, Some(score)) => {
                Operation::Replace { score, comment: comment.as_deref() }
            }
            _ => Operation::Delete,
        };
        self.platforms
            .grade(&Call {
                place: &grade.place,
                sender: &grade.sender,
                signing_keys,
                operation,
                clock: &self.clock,
            })
            .await
    }
}
