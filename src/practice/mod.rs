//! A platform to practise with: what edX sends, from a course that does not exist, and the mistakes that platforms make.

mod edx;
mod mistake;
mod person;

pub use edx::{BLOCK, edx_launch};
pub use mistake::{Form, Mistake};
pub use person::{PERSONS, Person};
