use crate::platform::{PlatformError, PlatformResponse};
use crate::state::StateError;

/// The result of sending a grade.
pub enum Sent {
    /// The platform accepted it.
    Delivered(PlatformResponse),
    /// A newer grade of this learner and resource link was delivered or queued first.
    Superseded,
    /// The platform cannot accept it yet. The gateway queued it.
    Queued {
        /// The id for the upstream.
        id: String,
        /// Why the platform cannot accept it yet.
        error: PlatformError,
    },
}

/// Why a grade is neither delivered nor queued, or why it cannot be read.
pub enum GradeError {
    /// The platform did not accept it, or did not return it.
    Platform(PlatformError),
    /// The platform did not respond within the tool's timeout.
    Slow,
    /// The outbox cannot store or read the grade. The gateway did not send it.
    State(StateError),
    /// The tool may not send grades, or its sender is no longer in `tools.toml`.
    NoSender,
    /// The gateway is shutting down.
    Stopped,
}

impl From<PlatformError> for GradeError {
    fn from(error: PlatformError) -> Self {
        Self::Platform(error)
    }
}
