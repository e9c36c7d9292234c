//! State in a directory on a local disk. Committed data survives a crash of the process.
//!
//! One serving process owns a directory and locks it. It is a lock of the operating system, which
//! releases it when the process dies. Listing the grades needs no lock.
//!
//! The files are SQLite databases: other processes can read them while the gateway serves, and
//! SQLite is well tested against interruptions.

mod access;
mod database;
#[allow(clippy::module_inception, reason = "the file of the type of this name")]
mod directory;
mod directory_lock;
mod discard;
mod file;
mod file_name;
mod grades_schema;
mod health;
mod inspection;
mod job;
mod known_file;
mod listed;
mod marker;
mod open_error;
mod outbox;
mod read;
mod replay;
mod sqlite;
mod watch;
mod worker;

pub use access::Tightening;
pub use directory::Directory;
pub use discard::{Discarded, discard};
pub use inspection::inspect;
pub use listed::{ListedGrade, list};
pub use open_error::{OpenError, SharedBecause};
pub use outbox::DirectoryOutbox;
pub use replay::DirectoryReplay;
