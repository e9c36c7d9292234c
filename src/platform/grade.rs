use lti::GradePlace;

use super::call::{PlatformCall, PlatformResponse};
use super::error::PlatformError;
use super::outcome;
use super::service::Platforms;

impl Platforms {
    /// Calls a platform in the protocol of the grade place, and waits for the response. The caller
    /// sets the timeout.
    ///
    /// # Errors
    /// Any [`PlatformError`].
    pub async fn grade(&self, call: &PlatformCall<'_>) -> Result<PlatformResponse, PlatformError> {
        match call.place {
            GradePlace::Outcome(service) => outcome::grade(self, service, call).await,
            GradePlace::LineItem(_) => {
                Err(PlatformError::NotAllowed("the gateway sends no grades to line items"))
            }
        }
    }
}
