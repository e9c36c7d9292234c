//! State in a directory of a local disk. What was written survives the end of the process, however it
//! ends.
//!
//! One serving process owns a directory and holds a lock on it while it lives. The lock is the operating
//! system's, so a killed process leaves none behind. Listing the grades needs no lock.
//!
//! Why SQLite: other processes can read it while the gateway serves. Stores that give their file to one
//! process cannot do that. And no other store has been tested as much against interruptions.

mod database;
mod file;
mod folder;
mod grades_form;
mod listed;
mod open_error;
mod outbox;
mod read;
mod replay;

pub use folder::Directory;
pub use listed::{ListedGrade, list};
pub use open_error::OpenError;
pub use outbox::DirectoryOutbox;
pub use replay::DirectoryReplay;
