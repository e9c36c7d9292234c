use super::call::{PlatformCall, PlatformResponse};
use super::error::PlatformError;
use super::outcome;
use super::service::Platforms;

impl Platforms {
    /// Calls the grade service of LTI 1.1 or 2.0, and waits for the response. The caller sets the
    /// timeout.
    ///
    /// # Errors
    /// Any [`PlatformError`].
    pub async fn grade(&self, call: &PlatformCall<'_>) -> Result<PlatformResponse, PlatformError> {
        outcome::grade(self, call.service, call).await
    }
}
