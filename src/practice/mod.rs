//! The practice platform: a fictional course, its users, its gradebook and its services. The
//! directory of each LTI version has the version's own parts.

mod course;
mod gradebook;
mod line_item;
mod link;
mod person;
mod selection;
mod selection_answer;
mod service;
mod state;
pub mod v1p1;
pub mod v1p3;
mod visitor;

pub use course::{BLOCK, is_block};
pub use gradebook::{CourseGrade, Exchange, Gradebook, GradebookSlot};
pub use line_item::CourseLineItem;
pub use link::{CourseLink, LinkBlock, WantedLineItem};
pub use person::{PERSONS, Person};
pub use selection::{PendingSelection, PendingSelections};
pub use selection_answer::{SelectionAnswer, SelectionFault};
pub use service::{HOST, OutcomeServiceRequest, PATH, ServiceResponse, outcome_url};
pub use state::PracticeState;
