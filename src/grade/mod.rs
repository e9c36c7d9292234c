//! Delivery of grades: sends each grade now, and with a durable state queues and retries it.
//!
//! With a durable state, the gateway stores a grade before it first sends it. A process that dies then
//! knows afterwards which grades the platform may have, and sends them again unchanged. Of one learner at
//! one resource link, one grade is on its way at a time, and only the newest queued grade is sent.

mod delivery;
mod grades;
mod retry;
mod send;
mod sent;
mod turn;

pub use grades::Grades;
pub use sent::{GradeError, Sent};
