use async_trait::async_trait;

use super::error::StateError;
use super::grade::{Fate, Grade, QueuedGrade, StoredGrade};
use crate::clock::Millis;

/// Stores each grade from before the first attempt until the platform accepts or refuses it, or does
/// neither for days.
///
/// Timestamps are in seconds since the epoch, except for `accepted`. No call takes longer than a few
/// seconds.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Stores a grade. When this returns, the grade survives a crash. The caller sends it now and settles
    /// it by `first_try_until`. After that, anybody may claim it.
    ///
    /// # Errors
    /// `Full` if the store is full, `Unavailable` if it cannot be written. After `Unavailable` the grade
    /// may be stored or not.
    async fn write(
        &self,
        grade: Grade,
        accepted: Millis,
        first_try_until: u64,
    ) -> Result<QueuedGrade, StateError>;

    /// Stores the result of an attempt. If the grade is finished or gone, nothing changes.
    ///
    /// A delivered or postponed grade supersedes every older grade of its slot. A refused or expired one
    /// does not, so the older ones come due again.
    ///
    /// If an older grade ended a moment before this delivery, and an attempt to send it had failed, then
    /// the platform may still work on that attempt and overwrite this grade. This grade therefore comes
    /// due once more in five minutes. Its status is already `Delivered`.
    ///
    /// # Errors
    /// `Unavailable` if the store cannot be written. The grade comes due again then.
    async fn settle(&self, grade: &QueuedGrade, fate: Fate, now: u64) -> Result<(), StateError>;

    /// Claims up to `limit` grades that are due at `now`, the longest due first. Nobody else gets them
    /// before `until`. Of each slot, only the newest grade counts. At most `per_host` grades have the same
    /// host, and none has one of `full_hosts`.
    ///
    /// # Errors
    /// `Unavailable`. Nothing is claimed then, or only until `until`.
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
    /// `Unavailable`.
    async fn next_due(&self) -> Result<Option<u64>, StateError>;

    /// The grade with this id, if it is queued or was finished at most a few days ago.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn find(&self, id: &str) -> Result<Option<StoredGrade>, StateError>;

    /// Whether the store can be written now.
    async fn is_reachable(&self) -> bool;
}
