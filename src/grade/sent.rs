use crate::platform::{PlatformError, PlatformResponse};
use crate::state::StateError;

/// What became of a grade that was not refused.
pub enum Sent {
    /// The platform accepted it.
    Delivered(PlatformResponse),
    /// A newer grade of this learner at this link was delivered or queued first.
    Superseded,
    /// The platform cannot accept it yet. The gateway queued it.
    Kept {
        /// The id under which the upstream finds it.
        id: String,
        /// Why the platform cannot accept it yet.
        error: PlatformError,
    },
}

/// Why a grade is neither delivered nor queued, or cannot be read.
pub enum GradeError {
    /// The platform did not accept it, or did not return it.
    Platform(PlatformError),
    /// The platform did not answer within the tool's timeout.
    Slow,
    /// The outbox could not store the grade, so it was not sent. Or the outbox cannot be read.
    State(StateError),
    /// The tool may send no grades, or its sender is no longer in the file.
    NoSender,
    /// The gateway is about to stop.
    Stopped,
}

impl From<PlatformError> for GradeError {
    fn from(error: PlatformError) -> Self {
        Self::Platform(error)
    }
}
