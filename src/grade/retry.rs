//! The retry policy: when the gateway retries, and when it gives up.

use crate::platform::{PlatformError, masked};
use crate::state::{AttemptResult, QueuedGrade, Status};

/// The age at which a queued grade expires, in seconds. Three days are longer than a weekend.
const MAX_AGE: u64 = 3 * 86_400;
/// The age at which the gateway stops sending a delivered grade again, in seconds. Later, it could
/// overwrite a teacher's change in the platform.
const MAX_AGE_DELIVERED: u64 = 3600;
/// The longest backoff, in seconds.
const MAX_BACKOFF: u64 = 30 * 60;
/// The longest `Retry-After` that the gateway respects, in seconds.
const MAX_RETRY_AFTER: u64 = 3600;

/// The result of a failed first attempt.
pub(super) fn after_first_attempt(
    error: &PlatformError,
    grade: &QueuedGrade,
    now: u64,
) -> AttemptResult {
    match error.is_refusal() {
        true => AttemptResult::Refused { message: message(error, grade) },
        false => retry(error, grade, now),
    }
}

/// The result of a failed retry.
pub(super) fn after_retry(error: &PlatformError, grade: &QueuedGrade, now: u64) -> AttemptResult {
    let max_age = match grade.status {
        Status::Delivered => MAX_AGE_DELIVERED,
        _ => MAX_AGE,
    };
    if error.is_final() {
        AttemptResult::Refused { message: message(error, grade) }
    } else if now >= grade.accepted.seconds() + max_age {
        AttemptResult::Expired { message: message(error, grade) }
    } else {
        retry(error, grade, now)
    }
}

/// Exponential backoff: the next wait is as long as the age of the grade, up to [`MAX_BACKOFF`].
/// Jitter makes the wait up to half longer or shorter, which spreads the retries when a platform
/// comes back.
fn retry(error: &PlatformError, grade: &QueuedGrade, now: u64) -> AttemptResult {
    let wait = now.saturating_sub(grade.accepted.seconds()).clamp(1, MAX_BACKOFF);
    let mut random = [0; 8];
    // Without randomness, the wait has no jitter.
    let _ = getrandom::fill(&mut random);
    let jitter = u64::from_be_bytes(random) % (wait + 1);
    let retry_after = match error {
        PlatformError::Unavailable { retry_after: Some(seconds), .. } => {
            (*seconds).min(MAX_RETRY_AFTER) + jitter
        }
        _ => 0,
    };
    let at = now + (wait / 2 + jitter).max(retry_after).max(1);
    AttemptResult::Retry { at, message: message(error, grade) }
}

/// The message of an error for an admin, with personal data masked.
fn message(error: &PlatformError, grade: &QueuedGrade) -> String {
    masked(&error.to_string(), grade.grade.place.learner_reference())
}

/// The error of an attempt that reached the tool's timeout.
pub(super) fn timed_out() -> PlatformError {
    PlatformError::Unreachable("it did not respond within the tool's `timeout`".to_owned())
}
