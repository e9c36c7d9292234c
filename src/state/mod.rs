//! State that outlives a request: the nonces that were spent, and the grades on their way.
//!
//! The traits [`Replay`] and [`Outbox`] are all that the gateway knows of a store.

mod bounds;
mod directory;
mod error;
mod grade;
mod outbox;
mod replay;
mod store;

pub use bounds::Bounds;
pub use directory::{Directory, DirectoryOutbox, DirectoryReplay, ListedGrade, OpenError, list};
pub use error::StateError;
pub use grade::{Action, Fate, FinishedGrade, Grade, QueuedGrade, Status, StoredGrade};
pub use outbox::Outbox;
pub use replay::Replay;
pub use store::State;
