//! A platform to practise with: what edX sends, from a course that does not exist, and the mistakes that platforms make.

mod edx;
mod gradebook;
mod mistake;
mod person;
mod service;

pub use edx::{BLOCK, edx_launch};
pub use gradebook::{Gradebook, Message, Slot};
pub use mistake::{Form, Mistake};
pub use person::{PERSONS, Person};
pub use service::{Answer, HOST, PATH, Question, outcome_url};
