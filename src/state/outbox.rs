use async_trait::async_trait;

use super::error::StateError;
use super::grade::{AttemptResult, Grade, QueuedGrade, StoredGrade};
use crate::clock::Millis;

/// The queue of grades. It stores each grade from before the first attempt until the platform
/// accepts or refuses it, or until it expires.
///
/// Timestamps are in seconds since the epoch, except for `accepted`. No call takes longer than
/// about ten seconds.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Stores a grade. When this returns, the grade survives a crash. The caller sends it now and
    /// settles it by `first_attempt_until`. After that, every caller of [`Outbox::claim`] may get
    /// it.
    ///
    /// # Errors
    /// [`StateError::Full`] if the store is full, [`StateError::Unavailable`] if it cannot be
    /// written. After `Unavailable`, the grade may be stored or not.
    async fn write(
        &self,
        grade: Grade,
        accepted: Millis,
        first_attempt_until: u64,
    ) -> Result<QueuedGrade, StateError>;

    /// Stores the result of an attempt. If the grade is finished or deleted, nothing changes.
    ///
    /// A grade with the result `Delivered` or `Retry` supersedes every older grade of its slot.
    /// After `Refused` or `Expired`, the older grades stay queued.
    ///
    /// The platform may still be processing a failed attempt of an older grade, and may then
    /// overwrite this one. If such an attempt ended shortly before this delivery, the delivered
    /// grade comes due once more in five minutes. Its status is already `Delivered`.
    ///
    /// # Errors
    /// [`StateError::Unavailable`] if the store cannot be written. The grade then comes due again.
    async fn settle(
        &self,
        grade: &QueuedGrade,
        result: AttemptResult,
        now: u64,
    ) -> Result<(), StateError>;

    /// Leases up to `limit` grades that are due at `now`, the longest due first. No other caller
    /// gets them before the lease ends at `until`. Returns only the newest grade of each slot, at
    /// most `per_host` grades of one host, and none of `full_hosts`.
    ///
    /// # Errors
    /// [`StateError::Unavailable`]. The outbox may have leased grades all the same, until `until`.
    async fn claim(
        &self,
        now: u64,
        until: u64,
        limit: usize,
        per_host: usize,
        full_hosts: &[String],
    ) -> Result<Vec<QueuedGrade>, StateError>;

    /// When the next grade of any host comes due. `None` if no grade is queued.
    ///
    /// # Errors
    /// [`StateError::Unavailable`].
    async fn next_due(&self) -> Result<Option<u64>, StateError>;

    /// The grade with this id, if it is queued or was finished in the last seven days.
    ///
    /// # Errors
    /// [`StateError::Unavailable`].
    async fn find(&self, id: &str) -> Result<Option<StoredGrade>, StateError>;

    /// Whether the store could be written the last time. Writes nothing.
    async fn is_reachable(&self) -> bool;
}
