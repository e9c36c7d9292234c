//! When the gateway tries again, and when it gives up.

use crate::platform::{PlatformError, masked};
use crate::state::{Fate, QueuedGrade, Status};

/// The age at which a grade expires, in seconds. Three days bridge a weekend.
const OLDEST: u64 = 3 * 86_400;
/// The same for a grade that the platform has and that is sent once more. Later, somebody may have changed
/// it there.
const OLDEST_DELIVERED: u64 = 3600;
/// The longest wait between two attempts, in seconds.
const LONGEST_WAIT: u64 = 30 * 60;
/// The longest wait that a platform may ask for, in seconds.
const LONGEST_ASKED_FOR: u64 = 3600;

/// The fate of a grade that could not be delivered at its first attempt.
pub(super) fn after_first_attempt(error: &PlatformError, grade: &QueuedGrade, now: u64) -> Fate {
    match error.is_refusal() {
        true => Fate::Refused { message: message(error, grade) },
        false => postponed(error, grade, now),
    }
}

/// The fate of a grade that could not be delivered at a later attempt.
pub(super) fn after_retry(error: &PlatformError, grade: &QueuedGrade, now: u64) -> Fate {
    let oldest = match grade.status {
        Status::Delivered => OLDEST_DELIVERED,
        _ => OLDEST,
    };
    if error.is_final() {
        Fate::Refused { message: message(error, grade) }
    } else if now >= grade.accepted.seconds() + oldest {
        Fate::Expired { message: message(error, grade) }
    } else {
        postponed(error, grade, now)
    }
}

/// Exponential backoff: a grade waits as long as it has waited already, up to half an hour. A jitter of
/// half the wait in both directions spreads the attempts when a platform comes back.
fn postponed(error: &PlatformError, grade: &QueuedGrade, now: u64) -> Fate {
    let wait = now.saturating_sub(grade.accepted.seconds()).clamp(1, LONGEST_WAIT);
    let mut random = [0; 8];
    // Without randomness all grades wait equally long, which is no reason to lose one.
    let _ = getrandom::fill(&mut random);
    let jitter = u64::from_be_bytes(random) % (wait + 1);
    let asked_for = match error {
        PlatformError::Unavailable { retry_after: Some(seconds), .. } => {
            (*seconds).min(LONGEST_ASKED_FOR) + jitter
        }
        _ => 0,
    };
    let until = now + (wait / 2 + jitter).max(asked_for).max(1);
    Fate::Postponed { until, message: message(error, grade) }
}

/// The message of an error for an admin, without personal data.
fn message(error: &PlatformError, grade: &QueuedGrade) -> String {
    masked(&error.to_string(), grade.grade.place.learner_reference())
}

/// The error of a platform that does not answer in time.
pub(super) fn slow() -> PlatformError {
    PlatformError::Unreachable("it did not answer within the tool's timeout".to_owned())
}
