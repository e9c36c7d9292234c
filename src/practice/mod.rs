//! A platform to practise with: a course that does not exist, its people, its gradebook and its grade services.
//! What depends on a version of LTI is in the version's folder.

mod course;
mod gradebook;
mod person;
mod service;
pub mod v1p1;

pub use course::BLOCK;
pub use gradebook::{Exchange, Gradebook, GradebookSlot};
pub use person::{PERSONS, Person};
pub use service::{HOST, PATH, ServiceRequest, ServiceResponse, outcome_url};
