//! The practice platform: a fictional course, its users, its gradebook and its grade services. The
//! directory of each LTI version has the version's own parts.

mod course;
mod gradebook;
mod person;
mod service;
pub mod v1p1;
pub mod v1p3;

pub use course::BLOCK;
pub use gradebook::{CourseGrade, Exchange, Gradebook, GradebookSlot};
pub use person::{PERSONS, Person};
pub use service::{HOST, PATH, ServiceRequest, ServiceResponse, outcome_url};
