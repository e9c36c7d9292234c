//! The first attempt, for which the upstream waits.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rocket::tokio::task::spawn;
use rocket::tokio::time::{Instant, timeout_at};

use super::attempt::{Attempt, timed_out};
use super::grades::{Grades, LEASE_MARGIN};
use super::retry::after_first_attempt;
use super::sent::{GradeError, Sent};
use crate::session::GradeToken;
use crate::state::{Action, AttemptResult, Grade, StateError, Status};

impl Grades {
    /// Sends a grade, or queues it.
    ///
    /// # Errors
    /// Any [`GradeError`]. The grade is then not queued, except that it may be after
    /// [`GradeError::State`] and [`GradeError::Stopped`].
    pub async fn send(
        self: &Arc<Self>,
        token: &GradeToken,
        action: Action,
    ) -> Result<Sent, GradeError> {
        let grades = Arc::clone(self);
        let (_, duration) = self.sender(&token.tool, &token.sender).ok_or(GradeError::NoSender)?;
        let grade = Grade {
            slot: token.slot,
            host: self.host(&token.place),
            tool: token.tool.clone(),
            sender: token.sender.clone(),
            place: token.place.clone(),
            person: token.person,
            action,
        };
        // A separate task: the outbox gets the result even if the caller disconnects.
        spawn(async move { grades.send_now(grade, duration).await }).await.unwrap_or_else(|error| {
            if error.is_panic() {
                // A stored grade comes due again when its lease ends.
                tracing::error!(target: "grade", "an attempt to deliver a grade panicked");
            }
            Err(GradeError::Stopped)
        })
    }

    async fn send_now(&self, grade: Grade, duration: Duration) -> Result<Sent, GradeError> {
        let until = Instant::now() + duration;
        let left = || until.saturating_duration_since(Instant::now());
        let Some(outbox) = &self.outbox else {
            let guard = timeout_at(until, self.slot_locks.lock(grade.slot)).await;
            let _guard = guard.map_err(|_| GradeError::Slow)?;
            let arrived = AtomicBool::new(false);
            let attempt = timeout_at(until, self.call(&grade, None, &arrived)).await;
            return Ok(Sent::Delivered(attempt.map_err(|_| GradeError::Slow)?.response?));
        };
        let accepted = self.clock.now_in_millis();
        let first_attempt_until =
            accepted.seconds().saturating_add(duration.as_secs()).saturating_add(LEASE_MARGIN);
        // Stored before it waits for its lock, so that the outbox has the order of arrival.
        let queued = outbox
            .write(grade, accepted, self.moment().running, first_attempt_until)
            .await
            .map_err(GradeError::State)?;
        let guard = timeout_at(until, self.slot_locks.lock(queued.grade.slot)).await;
        if guard.is_ok() {
            let found = outbox.find(&queued.id).await.map_err(GradeError::State)?;
            if found.is_none_or(|found| found.status() != Status::Kept) {
                return Ok(Sent::Superseded);
            }
        }
        let Attempt { response, was_sent, arrived } = match &guard {
            Ok(_) => self.attempt(&queued.grade, Some(&queued), left(), false).await,
            // An older grade held the lock all the time.
            Err(_) => Attempt::not_sent(timed_out()),
        };
        let result = match &response {
            Ok(_) => AttemptResult::Delivered,
            Err(error) => after_first_attempt(error, &queued, arrived, self.clock.now()),
        };
        let is_settled = self.settle(outbox.as_ref(), &queued, result, was_sent).await;
        match response {
            Ok(response) => Ok(Sent::Delivered(response)),
            Err(error) if error.is_refusal() => Err(error.into()),
            Err(error) => {
                // A full disk still has the grade. A directory that was removed during the attempt
                // does not.
                if !is_settled
                    && outbox.find(&queued.id).await.map_err(GradeError::State)?.is_none()
                {
                    let why = "the grade is no longer in its file".to_owned();
                    return Err(GradeError::State(StateError::Unavailable(why)));
                }
                Ok(Sent::Queued { id: queued.id, error })
            }
        }
    }
}
