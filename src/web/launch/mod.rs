//! `POST` to a tool's launch path: a launch, from its first byte to its log line.

mod answer;
mod call;
mod form;
mod open;
mod own_form;
mod record;
mod v1p1;

pub(super) use answer::{answer, answer_get, refuse};
pub use form::LARGEST_FORM;
pub(super) use form::is_form;
pub(super) use v1p1::oauth_credentials;
