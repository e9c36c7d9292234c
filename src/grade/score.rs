//! Scores for the line items of LTI 1.3.

use std::sync::atomic::{AtomicBool, Ordering};

use lti::{LineItem, Progress, Sender};

use super::grades::Grades;
use crate::clock::Millis;
use crate::platform::{LineItemCall, PlatformError, PlatformResponse, ScoreCall};
use crate::state::{Action, Grade, QueuedGrade};

/// Remembers the timestamp of a score at the end of its attempt, also if it reaches its timeout.
struct TimestampRecorder<'a> {
    grades: &'a Grades,
    slot: [u8; 16],
    timestamp: Millis,
    /// Whether the platform may have received the score.
    arrived: &'a AtomicBool,
}

impl Drop for TimestampRecorder<'_> {
    fn drop(&mut self) {
        if self.arrived.load(Ordering::SeqCst) {
            self.grades.timestamps.record(self.slot, self.timestamp);
        }
    }
}

impl Grades {
    /// The line item of a sender, and the rights to use it.
    ///
    /// # Errors
    /// [`PlatformError::Removed`] if the sender may not launch the tool any more.
    pub(super) fn line_item_call<'a>(
        &'a self,
        item: &'a LineItem,
        tool: &'a str,
        sender: &Sender,
    ) -> Result<LineItemCall<'a>, PlatformError> {
        let client = self.clients.of(sender);
        let client = client.filter(|_| self.sender(tool, sender).is_some());
        Ok(LineItemCall {
            item,
            client: client.ok_or(PlatformError::Removed)?,
            tool,
            declared: self.line_item(tool),
            clock: &self.clock,
        })
    }

    /// Sends a score once. Sets `arrived` while the platform may have received it.
    ///
    /// A platform that has a newer score refuses an older one. After an attempt that may have
    /// arrived, this shows that it has arrived. Otherwise the gateway sends the score once more,
    /// with the current time.
    pub(super) async fn send_score(
        &self,
        grade: &Grade,
        item: &LineItem,
        queued: Option<&QueuedGrade>,
        arrived: &AtomicBool,
    ) -> Result<PlatformResponse, PlatformError> {
        let line_item = self.line_item_call(item, &grade.tool, &grade.sender)?;
        let (score, comment, progress) = match &grade.action {
            Action::Replace { score, comment, progress } => {
                (score.as_ref(), comment.as_deref(), progress.unwrap_or(Progress::GRADED))
            }
            Action::Delete => (None, None, Progress::CLEARED),
        };
        let send = |timestamp, is_retry| {
            let recorder = TimestampRecorder { grades: self, slot: grade.slot, timestamp, arrived };
            let call =
                ScoreCall { line_item, score, comment, progress, timestamp, is_retry, arrived };
            async move {
                let _recorder = recorder;
                self.platforms.send_score(&call).await
            }
        };
        if let Some(queued) = queued.filter(|queued| queued.arrived) {
            let timestamp = queued.timestamp.unwrap_or(queued.accepted);
            return match send(timestamp, true).await {
                Err(PlatformError::Conflict { status, description }) => {
                    Ok(PlatformResponse { status, description, ..PlatformResponse::default() })
                }
                response => response,
            };
        }
        let accepted = queued.map_or_else(|| self.clock.now_in_millis(), |queued| queued.accepted);
        let timestamp = self.next_timestamp(grade, queued, accepted).await?;
        match send(timestamp, false).await {
            Err(PlatformError::Conflict { .. }) => {
                self.timestamps.record(grade.slot, timestamp);
                let now = self.clock.now_in_millis();
                let timestamp = self.next_timestamp(grade, queued, now).await?;
                send(timestamp, false).await
            }
            response => response,
        }
    }

    /// The timestamp of a score that the platform has not received: `from`, or a second after the
    /// score before. It is stored before the score is sent, because a retry must have the same.
    async fn next_timestamp(
        &self,
        grade: &Grade,
        queued: Option<&QueuedGrade>,
        from: Millis,
    ) -> Result<Millis, PlatformError> {
        let timestamp = self.timestamps.next(grade.slot, from).await;
        if let (Some(outbox), Some(queued)) = (&self.outbox, queued)
            && timestamp != queued.timestamp.unwrap_or(queued.accepted)
        {
            let stamped = outbox.stamp(queued, timestamp).await;
            stamped.map_err(|error| PlatformError::Unreachable(error.to_string()))?;
        }
        Ok(timestamp)
    }
}
