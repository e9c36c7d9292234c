//! What must not be forgotten: each nonce that was spent, and each grade that a platform has not taken yet.
//!
//! The two traits are what the gateway knows of it, and what another store (Redis, for several processes) would join.

mod directory;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use lti::{GradePlace, MemoryReplay, Nonce, Sender, Spent};

use crate::config::StateLocation;
pub use directory::{Bounds, Directory, DirectoryOutbox, DirectoryReplay, Listed, OpenError, list};

/// All that must not be forgotten.
pub struct State {
    /// Which nonces were spent.
    pub replay: Box<dyn Replay>,
    /// The grades on their way. Without it none is kept.
    pub outbox: Option<Arc<dyn Outbox>>,
}

impl State {
    /// In this process's memory: nonces are forgotten when it ends, and grades are not kept.
    pub fn memory() -> Self {
        let Bounds { nonces, nonces_per_consumer, .. } = Bounds::default();
        let replay = MemoryReplay::new(nonces, nonces_per_consumer);
        Self { replay: Box::new(replay), outbox: None }
    }

    /// Where the configuration says, at `now` (seconds since the epoch).
    ///
    /// # Errors
    /// What is wrong with the directory.
    pub fn open(location: &StateLocation, now: u64) -> Result<Self, OpenError> {
        match location {
            StateLocation::Memory => Ok(Self::memory()),
            StateLocation::Directory(path) => {
                let Directory { replay, outbox } = Directory::open(path, now, Bounds::default())?;
                Ok(Self { replay: Box::new(replay), outbox: Some(Arc::new(outbox)) })
            }
        }
    }
}

/// Remembers which nonces were spent (RFC 5849 §3.3).
#[async_trait]
pub trait Replay: Send + Sync {
    /// Spends a nonce at `now` (seconds since the epoch). `Now` is said once, and only when it will be remembered.
    async fn spend(&self, nonce: &Nonce, now: u64) -> Spent;

    /// Whether nonces could be spent now.
    async fn is_reachable(&self) -> bool;
}

#[async_trait]
impl Replay for MemoryReplay {
    async fn spend(&self, nonce: &Nonce, now: u64) -> Spent {
        Self::spend(self, nonce, now)
    }

    async fn is_reachable(&self) -> bool {
        true
    }
}

/// Keeps each grade from before it is first sent until the platform has taken it, refused it, or had days to take it.
///
/// Times are seconds since the epoch. Nothing in here waits longer than a few seconds.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Writes a grade down; when this returns, it survives a crash. The caller sends it now, and settles it by
    /// `first_try_until`, after which anybody may claim it.
    ///
    /// # Errors
    /// `Full` if too many are kept, `Unavailable` if it could not be written. After an `Unavailable` it may still have
    /// been.
    async fn write(&self, grade: Grade, now: u64, first_try_until: u64)
    -> Result<Kept, StateError>;

    /// Writes down what became of a try. Of a grade that is finished or gone, it changes nothing.
    ///
    /// Delivered or postponed, the grade takes the place of all that its slot kept before it. Refused or expired, it does
    /// not, and they come due again.
    ///
    /// Where an older one that had been tried in vain ended a moment before this one was delivered, the platform may still be at
    /// work at that try, and put it over this one. Then this one comes due once more in five minutes, with the status that it has: delivered.
    ///
    /// # Errors
    /// `Unavailable` if it could not be written. The grade comes due again then.
    async fn settle(&self, kept: &Kept, fate: Fate, now: u64) -> Result<(), StateError>;

    /// Up to `limit` grades that are due at `now`, the longest due first, each claimed: nobody else gets it before
    /// `until`. Of each slot only the newest that is kept; at most `per_host` of one host, and none of `full_hosts`.
    ///
    /// # Errors
    /// `Unavailable`; nothing is claimed then, or is claimed again after `until`.
    async fn claim(
        &self,
        now: u64,
        until: u64,
        limit: usize,
        per_host: usize,
        full_hosts: &[String],
    ) -> Result<Vec<Kept>, StateError>;

    /// When the next one comes due, of whichever host; `None` if nothing is kept.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn next_due(&self) -> Result<Option<u64>, StateError>;

    /// The grade of this id: kept, or finished a few days ago at most.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn find(&self, id: &str) -> Result<Option<Kept>, StateError>;

    /// Whether grades could be written now.
    async fn is_reachable(&self) -> bool;
}

/// A grade on its way to a platform. It names a learner, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Grade {
    /// One learner at one link of one tool: of one slot, the newest grade counts.
    pub slot: [u8; 16],
    /// The tool's name.
    pub tool: String,
    /// Who sent the launch, and so takes the grade.
    pub sender: Sender,
    /// The host of the address where it goes, by which tries are shared out.
    pub host: String,
    /// Where it goes. Its URL and the learner's reference are empty once it is finished.
    pub place: GradePlace,
    /// What is to be done.
    pub action: Action,
}

/// What a grade does to what stands in the platform's book.
#[derive(Clone, PartialEq, Eq)]
pub enum Action {
    /// Puts this there.
    Replace {
        /// The decimal, as the upstream wrote it. Empty once it is finished.
        score: String,
        /// What the learner reads beside it. `None` once it is finished.
        comment: Option<String>,
    },
    /// Takes away what is there.
    Delete,
}

/// A grade that was written down. It names a learner, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// Names it to whoever sent it: 128 random bits, 22 characters that fit a URL.
    pub id: String,
    /// Its place in the order of arrival: a later one has a greater number, also after a restart.
    pub sequence: u64,
    /// The grade itself; without personal data once it is finished.
    pub grade: Grade,
    /// Where it stands.
    pub status: Status,
    /// When it was written down.
    pub accepted: u64,
    /// How often it was sent: those whose outcome is known, and one where nobody knows.
    pub tries: u32,
    /// When it comes due; `None` once nothing more is to be done for it.
    pub next_try: Option<u64>,
    /// The platform's own words at the last try, at most 500 characters; empty if it had none.
    pub words: String,
    /// When it was finished.
    pub finished: Option<u64>,
}

/// Where a grade stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is on its way.
    Kept,
    /// The platform took it.
    Delivered,
    /// The platform refused it for good.
    Refused,
    /// The platform could not take it for too long.
    Expired,
    /// A newer one of its slot was taken or kept instead.
    Superseded,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Kept, Self::Delivered, Self::Refused, Self::Expired, Self::Superseded];

    /// Its name in answers, lists and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
        }
    }

    /// The status of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// What became of a try to deliver a grade. `words` are the platform's, without secrets and personal data, at most 500
/// characters.
#[derive(Clone, PartialEq, Eq)]
pub enum Fate {
    /// The platform took it.
    Delivered,
    /// The platform refused it for good.
    Refused {
        /// The platform's words.
        words: String,
    },
    /// The platform could not take it now.
    Postponed {
        /// When it is tried again.
        until: u64,
        /// The platform's words.
        words: String,
    },
    /// The platform could not take it, and it is too old to be tried again.
    Expired {
        /// The platform's words.
        words: String,
    },
}

/// Why something could not be remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    /// As much is kept as may be.
    Full,
    /// The store cannot be read or written: its own words, without anything that was to be remembered.
    Unavailable(String),
}

impl fmt::Display for StateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => formatter.write_str("as much is kept as may be"),
            Self::Unavailable(words) => formatter.write_str(words),
        }
    }
}

impl std::error::Error for StateError {}
