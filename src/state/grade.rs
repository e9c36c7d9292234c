use lti::{GradePlace, Progress, Score, Sender};

use crate::clock::Millis;

/// A grade for a platform. It has no `Debug`, because it names a learner.
#[derive(Clone, PartialEq, Eq)]
pub struct Grade {
    /// One learner at one link of one tool. Of the grades of a slot, the newest counts.
    pub slot: [u8; 16],
    /// The name of the tool.
    pub tool: String,
    /// The sender of the launch, which receives the grade.
    pub sender: Sender,
    /// The host of the grade's URL, with any port except that of https. The gateway limits
    /// concurrent attempts per host.
    pub host: String,
    /// The place of the grade at the platform.
    pub place: GradePlace,
    /// A hash of the learner's id for upstreams, by which an admin can discard the grade. `None` if
    /// it is not known.
    pub person: Option<[u8; 16]>,
    /// The change of the learner's result.
    pub action: Action,
}

/// A change of a learner's result.
#[derive(Clone, PartialEq, Eq)]
pub enum Action {
    /// Set the result.
    Replace {
        /// The score, with the digits of the upstream. `None` for a progress alone.
        score: Option<Score>,
        /// A comment for the learner.
        comment: Option<String>,
        /// The progress, if the upstream sent one. A platform of LTI 1.1 has none.
        progress: Option<Progress>,
    },
    /// Clear the result.
    Delete,
}

/// A stored grade that waits for an attempt. It has no `Debug`, because it names a learner.
#[derive(Clone, PartialEq, Eq)]
pub struct QueuedGrade {
    /// The id for the upstream: 128 random bits in 22 URL-safe characters.
    pub id: String,
    /// The position in the order of arrival. It increases with every grade, also after a restart.
    pub sequence: u64,
    /// The grade.
    pub grade: Grade,
    /// `Kept`, or `Delivered` if the platform accepted it and the gateway sends it once more.
    pub status: Status,
    /// When the gateway accepted the grade, by the wall clock.
    pub accepted: Millis,
    /// The running time of the gateway when it accepted the grade, in seconds.
    pub accepted_running: u64,
    /// The timestamp of its score, if it is not `accepted`.
    pub timestamp: Option<Millis>,
    /// The number of attempts that were sent to the platform. Includes an attempt that was
    /// interrupted, because it may have been sent.
    pub tries: u32,
    /// Whether the platform may have received the score in an earlier attempt. An attempt that
    /// ended without an access token did not send it.
    pub arrived: bool,
    /// When the grade comes due, in seconds since the epoch.
    pub next_try: u64,
    /// The platform's message at the last attempt, at most 500 characters. May be empty.
    pub message: String,
}

/// A stored grade that the gateway never sends again. It has no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinishedGrade {
    /// As for a queued grade.
    pub id: String,
    /// As for a queued grade.
    pub sequence: u64,
    /// As for the grade itself.
    pub slot: [u8; 16],
    /// As for the grade itself.
    pub tool: String,
    /// As for the grade itself.
    pub sender: Sender,
    /// As for the grade itself.
    pub host: String,
    /// Whether the grade cleared the learner's result.
    pub deletes: bool,
    /// The status. Never `Kept`.
    pub status: Status,
    /// When the gateway accepted the grade.
    pub accepted: Millis,
    /// As for a queued grade.
    pub tries: u32,
    /// The platform's message at the last attempt.
    pub message: String,
    /// When the grade was finished, in seconds since the epoch.
    pub finished: u64,
}

/// A grade of the outbox.
#[derive(Clone, PartialEq, Eq)]
pub enum StoredGrade {
    /// It waits for an attempt.
    Queued(QueuedGrade),
    /// The gateway never sends it again.
    Finished(FinishedGrade),
}

impl StoredGrade {
    /// The id for the upstream.
    pub fn id(&self) -> &str {
        match self {
            Self::Queued(grade) => &grade.id,
            Self::Finished(grade) => &grade.id,
        }
    }

    /// The learner, link and tool.
    pub fn slot(&self) -> [u8; 16] {
        match self {
            Self::Queued(grade) => grade.grade.slot,
            Self::Finished(grade) => grade.slot,
        }
    }

    /// The status.
    pub fn status(&self) -> Status {
        match self {
            Self::Queued(grade) => grade.status,
            Self::Finished(grade) => grade.status,
        }
    }

    /// When the gateway accepted the grade.
    pub fn accepted(&self) -> Millis {
        match self {
            Self::Queued(grade) => grade.accepted,
            Self::Finished(grade) => grade.accepted,
        }
    }

    /// The number of attempts that were sent, or may have been.
    pub fn tries(&self) -> u32 {
        match self {
            Self::Queued(grade) => grade.tries,
            Self::Finished(grade) => grade.tries,
        }
    }

    /// When the grade comes due, in seconds since the epoch. `None` if it is finished.
    pub fn next_try(&self) -> Option<u64> {
        match self {
            Self::Queued(grade) => Some(grade.next_try),
            Self::Finished(_) => None,
        }
    }

    /// The platform's message at the last attempt.
    pub fn message(&self) -> &str {
        match self {
            Self::Queued(grade) => &grade.message,
            Self::Finished(grade) => &grade.message,
        }
    }

    /// When the grade was finished, in seconds since the epoch. `None` if it is queued.
    pub fn finished(&self) -> Option<u64> {
        match self {
            Self::Queued(_) => None,
            Self::Finished(grade) => Some(grade.finished),
        }
    }
}

/// The status of a grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The gateway queued it and retries.
    Kept,
    /// The platform accepted it.
    Delivered,
    /// The platform refused it (dead letter).
    Refused,
    /// The platform could not accept it for too long (dead letter).
    Expired,
    /// A newer grade of its slot was delivered or queued.
    Superseded,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Kept, Self::Delivered, Self::Refused, Self::Expired, Self::Superseded];

    /// The name in responses, lists and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
        }
    }

    /// The status with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// The result of an attempt to deliver a grade. A message is the platform's, without secrets and
/// personal data, and has at most 500 characters.
#[derive(Clone, PartialEq, Eq)]
pub enum AttemptResult {
    /// The platform accepted the grade.
    Delivered,
    /// The platform refused the grade. It becomes a dead letter.
    Refused {
        /// The platform's message.
        message: String,
    },
    /// The platform cannot accept the grade yet. The gateway retries.
    Retry {
        /// When the gateway retries, in seconds since the epoch.
        at: u64,
        /// The platform's message.
        message: String,
        /// Whether the platform may have received the score.
        arrived: bool,
    },
    /// The platform could not accept the grade, which is too old for a retry. It becomes a dead
    /// letter.
    Expired {
        /// The platform's message.
        message: String,
    },
}
