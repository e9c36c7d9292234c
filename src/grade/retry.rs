//! The retry policy: when the gateway retries, and when it gives up.

use crate::clock::Moment;
use crate::platform::{PlatformError, masked};
use crate::state::{AttemptResult, Expiry, QueuedGrade, Status};

/// When a queued grade expires. Three days are longer than a weekend. With [`MAX_BACKOFF`], 100
/// attempts take about two days.
pub(super) const EXPIRY: Expiry = Expiry { age: 3 * 86_400, tries: 100, of_delivered: false };
/// When the gateway stops sending a delivered grade again. Later, it could overwrite a teacher's
/// change in the platform. Ten attempts take a quarter of an hour.
pub(super) const EXPIRY_OF_DELIVERED: Expiry = Expiry { age: 3600, tries: 10, of_delivered: true };
/// The longest backoff, in seconds.
const MAX_BACKOFF: u64 = 30 * 60;
/// The longest `Retry-After` that the gateway respects, in seconds.
pub(super) const MAX_RETRY_AFTER: u64 = 3600;
/// The longest wait that [`retry_at`] returns, in seconds.
pub(super) const LONGEST_WAIT: u64 = MAX_RETRY_AFTER + MAX_BACKOFF;

/// The result of a failed first attempt.
pub(super) fn after_first_attempt(
    error: &PlatformError,
    grade: &QueuedGrade,
    arrived: bool,
    now: u64,
) -> AttemptResult {
    match error.is_refusal() {
        true => AttemptResult::Refused { message: message(error, grade) },
        false => retry(error, grade, grade.tries, arrived, now),
    }
}

/// The result of a failed retry.
pub(super) fn after_retry(
    error: &PlatformError,
    grade: &QueuedGrade,
    was_sent: bool,
    arrived: bool,
    moment: Moment,
) -> AttemptResult {
    let expiry = match grade.status {
        Status::Delivered => EXPIRY_OF_DELIVERED,
        _ => EXPIRY,
    };
    let accepted = Moment { now: grade.accepted.seconds(), running: grade.accepted_running };
    let tries = grade.tries.saturating_add(u32::from(was_sent));
    if error.is_final() {
        AttemptResult::Refused { message: message(error, grade) }
    } else if expiry.is_reached(accepted, tries, moment) {
        AttemptResult::Expired { message: message(error, grade) }
    } else {
        // A retry that was not sent waits for another `tools.toml`, or for another DNS entry.
        let tries = if was_sent { grade.tries } else { u32::MAX };
        retry(error, grade, tries, arrived, moment.now)
    }
}

/// The result of an attempt that panicked.
pub(super) fn after_panic(grade: &QueuedGrade, now: u64) -> AttemptResult {
    let message = "the attempt failed because of a fault of the gateway".to_owned();
    AttemptResult::Retry { at: retry_at(grade.tries, None, now), message, arrived: true }
}

fn retry(
    error: &PlatformError,
    grade: &QueuedGrade,
    tries: u32,
    arrived: bool,
    now: u64,
) -> AttemptResult {
    let retry_after = match error {
        PlatformError::Unavailable { retry_after, .. } => *retry_after,
        _ => None,
    };
    let (at, message) = (retry_at(tries, retry_after, now), message(error, grade));
    AttemptResult::Retry { at, message, arrived }
}

/// Exponential backoff: 1, 2, 4 … seconds, up to [`MAX_BACKOFF`], by the number of earlier
/// attempts. Jitter makes the wait up to half longer or shorter, which spreads the retries when a
/// platform comes back.
fn retry_at(tries: u32, retry_after: Option<u64>, now: u64) -> u64 {
    let wait = 1_u64.checked_shl(tries).unwrap_or(MAX_BACKOFF).min(MAX_BACKOFF);
    let mut random = [0; 8];
    // Without randomness, the wait has no jitter.
    let _ = getrandom::fill(&mut random);
    let jitter = u64::from_be_bytes(random) % (wait + 1);
    let retry_after = retry_after.map_or(0, |seconds| seconds.min(MAX_RETRY_AFTER) + jitter);
    now.saturating_add((wait / 2 + jitter).max(retry_after).max(1))
}

/// The message of an error for an admin, with personal data masked.
fn message(error: &PlatformError, grade: &QueuedGrade) -> String {
    masked(&error.to_string(), grade.grade.place.learner_reference())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backoff_depends_on_the_number_of_attempts_and_never_wraps() {
        let waits = [(0, 1), (1, 2), (2, 4), (5, 32), (10, 1024), (11, MAX_BACKOFF)];
        for (tries, wait) in waits.into_iter().chain([(63, 1800), (64, 1800), (u32::MAX, 1800)]) {
            for _ in 0..100 {
                let at = retry_at(tries, None, 1000);
                let (from, to) = ((wait / 2).max(1), wait / 2 + wait);
                assert!((1000 + from..=1000 + to.max(1)).contains(&at), "{tries}: {at}");
                assert!(at <= 1000 + LONGEST_WAIT);
                let at = retry_at(tries, Some(u64::MAX), 0);
                assert!((MAX_RETRY_AFTER..=LONGEST_WAIT).contains(&at), "{tries}: {at}");
            }
            for now in [u64::MAX, u64::MAX - 1] {
                assert_eq!(retry_at(tries, Some(3600), now), u64::MAX);
            }
        }
        assert_eq!(retry_at(0, None, 0), 1);
    }
}
