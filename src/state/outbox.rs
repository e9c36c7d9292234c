use std::collections::{HashMap, HashSet};

use async_trait::async_trait;

use super::error::StateError;
use super::grade::{AttemptResult, Grade, QueuedGrade, StoredGrade};
use crate::clock::{Millis, Moment};

/// The queue of grades. It stores each grade from before the first attempt until the platform
/// accepts or refuses it, or until it expires.
///
/// Timestamps are in seconds since the epoch, except for `accepted`. The running time is that of
/// all processes together, in seconds. No call takes longer than about ten seconds.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// The running time of the earlier processes. The caller adds its own.
    fn earlier_running(&self) -> u64;

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
        running: u64,
        first_attempt_until: u64,
    ) -> Result<QueuedGrade, StateError>;

    /// Stores the result of an attempt. If the grade is finished or deleted, nothing changes. An
    /// attempt counts only if it was sent to the platform.
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
        was_sent: bool,
        moment: Moment,
    ) -> Result<(), StateError>;

    /// Stores the timestamp of a grade's score, before the gateway sends it.
    ///
    /// # Errors
    /// [`StateError::Unavailable`] if the store cannot be written.
    async fn stamp(&self, grade: &QueuedGrade, timestamp: Millis) -> Result<(), StateError>;

    /// Stores that the attempt of a claimed grade did not begin. The grade comes due again when its
    /// lease ends.
    ///
    /// # Errors
    /// [`StateError::Unavailable`] if the store cannot be written. The attempt then counts as sent.
    async fn release(&self, grade: &QueuedGrade) -> Result<(), StateError>;

    /// Leases grades that are due at `now`, the longest due first. No other caller gets them before
    /// the lease ends at `until`. Returns only the newest grade of each slot. An earlier attempt
    /// without a result counts as sent.
    ///
    /// A grade that is due after `limits.latest` was queued by a clock that was ahead. It comes due
    /// at `until`.
    ///
    /// # Errors
    /// [`StateError::Unavailable`]. The outbox may have leased grades all the same, until `until`.
    async fn claim(
        &self,
        now: u64,
        until: u64,
        limits: ClaimLimits,
    ) -> Result<Vec<QueuedGrade>, StateError>;

    /// Expires grades of a host, without an attempt, up to a limit. A delivered grade that waits to
    /// be sent once more stays delivered. `message` is that of grades without a result of an
    /// attempt. Returns the number of dead letters.
    ///
    /// # Errors
    /// [`StateError::Unavailable`] if the store cannot be written.
    async fn expire(
        &self,
        host: &str,
        expiry: Expiry,
        message: &str,
        moment: Moment,
    ) -> Result<usize, StateError>;

    /// The number of queued grades for a host.
    ///
    /// # Errors
    /// [`StateError::Unavailable`].
    async fn count(&self, host: &str) -> Result<u64, StateError>;

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

/// How many grades of a host a claim may lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostLimit {
    /// Up to this number, the longest due first.
    Flow(usize),
    /// One: the grade with the fewest attempts. A grade that always fails cannot hide others.
    Probe,
    /// One: the longest due. New grades that always fail cannot hide an older one.
    ProbeLongestDue,
    /// None.
    Wait,
}

impl HostLimit {
    /// Whether the grade shows if its host works.
    pub fn is_probe(self) -> bool {
        matches!(self, Self::Probe | Self::ProbeLongestDue)
    }
}

/// The limits of a claim.
#[derive(Clone, Debug)]
pub struct ClaimLimits {
    /// The most grades.
    pub total: usize,
    /// The most probes among them.
    pub probes: usize,
    /// The limits of some hosts, by name.
    pub hosts: HashMap<String, HostLimit>,
    /// The limit of every other host.
    pub other_hosts: HostLimit,
    /// The slots with an attempt in progress. Their grades are not due, also if the clock jumps and
    /// their leases end early.
    pub busy_slots: HashSet<[u8; 16]>,
    /// The latest timestamp that a grade can be due at. A later one is of a clock that was ahead.
    pub latest: u64,
}

impl ClaimLimits {
    /// The limit of a host.
    pub fn of(&self, host: &str) -> HostLimit {
        self.hosts.get(host).copied().unwrap_or(self.other_hosts)
    }
}

/// When a queued grade expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// The age of a grade, in seconds of running time.
    pub age: u64,
    /// The age by the wall clock suffices after this number of attempts.
    pub tries: u32,
    /// Whether it applies to delivered grades that wait to be sent once more, or to all others.
    pub of_delivered: bool,
}

impl Expiry {
    /// Whether a grade of this acceptance and number of attempts expires now.
    ///
    /// A wall clock that jumped ahead alone expires nothing. One that was set back keeps nothing
    /// forever.
    pub fn is_reached(&self, accepted: Moment, tries: u32, moment: Moment) -> bool {
        let is_old = |from: u64, to: u64| to.saturating_sub(from) >= self.age;
        is_old(accepted.running, moment.running)
            || (tries >= self.tries && is_old(accepted.now, moment.now))
    }
}
