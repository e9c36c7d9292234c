use lti::GradePlace;

use super::call::{PlatformCall, PlatformResponse};
use super::error::PlatformError;
use super::outcome;
use super::service::Platforms;

impl Platforms {
    /// Has a platform set, read or clear a result, in the protocol of the grade place. Waits for the
    /// response without a timeout.
    ///
    /// # Errors
    /// Any [`PlatformError`].
    pub async fn grade(&self, call: &PlatformCall<'_>) -> Result<PlatformResponse, PlatformError> {
        match call.place {
            GradePlace::Outcome(service) => outcome::grade(self, service, call).await,
        }
    }
}
