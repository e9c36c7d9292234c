use super::host_health::HostResult;
use crate::platform::{PlatformError, PlatformResponse};

/// An attempt to deliver a grade.
pub(super) struct Attempt {
    /// The response of the platform.
    pub(super) response: Result<PlatformResponse, PlatformError>,
    /// Whether it was sent to the platform.
    pub(super) was_sent: bool,
    /// Whether the platform may have received the score. An attempt that ended without an access
    /// token was sent, but has not arrived.
    pub(super) arrived: bool,
}

impl Attempt {
    /// The attempt with this response. A URL that the gateway does not use got no request.
    pub(super) fn new(response: Result<PlatformResponse, PlatformError>) -> Self {
        let was_sent =
            !matches!(response, Err(PlatformError::NotAllowed(_) | PlatformError::Removed));
        Self { response, was_sent, arrived: was_sent }
    }

    /// The same attempt, if the platform may have received the score only if `arrived`.
    pub(super) fn that_arrived(self, arrived: bool) -> Self {
        Self { arrived, ..self }
    }

    /// An attempt that did not begin.
    pub(super) fn not_sent(error: PlatformError) -> Self {
        Self { response: Err(error), was_sent: false, arrived: false }
    }

    /// An attempt that reached the tool's timeout.
    pub(super) fn timed_out() -> Self {
        Self::new(Err(timed_out()))
    }

    /// What it shows about the host.
    pub(super) fn host_result(&self) -> HostResult {
        match &self.response {
            _ if !self.was_sent => HostResult::Unknown,
            Ok(_) => HostResult::Works,
            Err(error) => HostResult::of(error),
        }
    }
}

/// The error of an attempt that reached the tool's timeout.
pub(super) fn timed_out() -> PlatformError {
    PlatformError::Unreachable("it did not respond within the tool's `timeout`".to_owned())
}
