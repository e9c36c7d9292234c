//! The jobs of a database's thread.

use rocket::tokio::sync::oneshot;
use rusqlite::Connection;

use crate::state::error::StateError;

/// A job of the thread.
pub(super) trait Job: Send {
    /// Runs the job. On an error, the caller undoes its changes.
    fn run(&mut self, sqlite: &Connection) -> Result<(), StateError>;

    /// The message if the job ran, and could not read or write.
    fn failure(&self) -> Option<&str>;

    /// Sends the result of the job, after the result of the commit is known.
    fn finish(self: Box<Self>, committed: Result<(), StateError>);
}

/// A job with the receiver of its result.
pub(super) struct Task<F, T> {
    work: Option<F>,
    result: Option<Result<T, StateError>>,
    sender: oneshot::Sender<Result<T, StateError>>,
}

impl<F, T> Task<F, T> {
    /// A job that sends its result to `sender`.
    pub(super) fn new(work: F, sender: oneshot::Sender<Result<T, StateError>>) -> Self {
        Self { work: Some(work), result: None, sender }
    }
}

impl<F, T> Job for Task<F, T>
where
    F: FnOnce(&Connection) -> Result<T, StateError> + Send,
    T: Send,
{
    fn run(&mut self, sqlite: &Connection) -> Result<(), StateError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let result = work(sqlite);
        let outcome = result.as_ref().map(|_| ()).map_err(StateError::clone);
        self.result = Some(result);
        outcome
    }

    fn failure(&self) -> Option<&str> {
        match &self.result {
            Some(Err(StateError::Unavailable(why))) => Some(why),
            _ => None,
        }
    }

    fn finish(self: Box<Self>, committed: Result<(), StateError>) {
        let result = match (self.result, committed) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            // Unreachable: a commit follows only after every job has run.
            (None, Ok(())) => Err(StateError::Unavailable("the job did not run".to_owned())),
        };
        // The receiver may be gone.
        let _ = self.sender.send(result);
    }
}
