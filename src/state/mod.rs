//! State that outlives a request: spent nonces (the replay store) and queued grades (the outbox).
//!
//! The gateway uses a store only through the traits [`Replay`] and [`Outbox`].

mod directory;
mod error;
mod grade;
mod limits;
mod outbox;
mod replay;
mod store;

pub use directory::{
    Directory, DirectoryOutbox, DirectoryReplay, Discarded, ListedGrade, OpenError, SharedBecause,
    Tightening, discard, inspect, list,
};
pub use error::StateError;
pub use grade::{Action, AttemptResult, FinishedGrade, Grade, QueuedGrade, Status, StoredGrade};
pub use limits::StateLimits;
pub use outbox::{ClaimLimits, Expiry, HostLimit, Outbox};
pub use replay::Replay;
pub use store::State;
