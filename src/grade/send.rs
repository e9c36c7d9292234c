//! The first attempt: while the upstream waits.

use std::sync::Arc;
use std::time::Duration;

use rocket::tokio::task::spawn;
use rocket::tokio::time::{Instant, timeout_at};

use super::grades::{Grades, LEASE};
use super::retry::{after_first_attempt, slow};
use super::sent::{GradeError, Sent};
use crate::session::GradeToken;
use crate::state::{Action, Fate, Grade, Status};

impl Grades {
    /// Sends a grade, or queues it.
    ///
    /// # Errors
    /// Any [`GradeError`]. The grade is not queued then. After [`GradeError::State`] or
    /// [`GradeError::Stopped`] it may be queued all the same.
    pub async fn send(
        self: &Arc<Self>,
        token: &GradeToken,
        action: Action,
    ) -> Result<Sent, GradeError> {
        let grades = Arc::clone(self);
        let (_, patience) = self.sender(&token.tool, &token.sender).ok_or(GradeError::NoSender)?;
        let grade = Grade {
            slot: token.slot,
            host: self.host(&token.place),
            tool: token.tool.clone(),
            sender: token.sender.clone(),
            place: token.place.clone(),
            action,
        };
        // A task of its own, so that the attempt ends with an entry in the outbox even if the caller leaves.
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
        let accepted = self.clock.now_in_millis();
        let first_try_until = accepted.seconds() + patience.as_secs() + LEASE;
        // Before its turn, so that the outbox has the order of arrival.
        let queued =
            outbox.write(grade, accepted, first_try_until).await.map_err(GradeError::State)?;
        let turn = timeout_at(until, self.turns.take(queued.grade.slot)).await;
        if turn.is_ok() {
            let found = outbox.find(&queued.id).await.map_err(GradeError::State)?;
            if found.is_none_or(|found| found.status() != Status::Kept) {
                return Ok(Sent::Superseded);
            }
        }
        let outcome = match &turn {
            Ok(_) => timeout_at(until, self.attempt(&queued.grade)).await.unwrap_or(Err(slow())),
            // An older grade was on its way all the time.
            Err(_) => Err(slow()),
        };
        let fate = match &outcome {
            Ok(_) => Fate::Delivered,
            Err(error) => after_first_attempt(error, &queued, self.clock.now()),
        };
        self.settle(outbox.as_ref(), &queued, fate).await;
        match outcome {
            Ok(answer) => Ok(Sent::Delivered(answer)),
            Err(error) if error.is_refusal() => Err(error.into()),
            Err(error) => Ok(Sent::Kept { id: queued.id, error }),
        }
    }
}
