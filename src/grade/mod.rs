//! Delivery of grades: sends each grade at once, and with a durable state queues and retries it.
//!
//! With a durable state, the gateway stores a grade before the first attempt. After a crash, it
//! sends the unfinished grades again, unchanged; a repeated grade is idempotent. For each learner
//! at each resource link, it sends one grade at a time, and only the newest queued grade.

mod attempt;
mod delivery;
mod grades;
mod host_health;
mod no_token;
mod retry;
mod score;
mod send;
mod sent;
mod slot_lock;
mod supervisor;
mod timestamps;

pub use grades::Grades;
pub use no_token::NoGradeToken;
pub use sent::{GradeError, Sent};
