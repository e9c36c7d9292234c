//! `POST` to a tool's path: the launch, from its first byte to its line in the log.

mod answer;
mod call;
mod form;
mod open;
mod record;
mod v1p1;

pub(super) use answer::{answer, answer_get};
pub use form::LARGEST_FORM;
