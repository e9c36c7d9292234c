//! `POST` to a tool's launch path: a launch, from its first byte to its log line.

mod answer;
mod call;
mod open;
mod own_form;
mod record;
mod v1p1;
mod v1p3;
mod verified;

pub(super) use answer::{answer, answer_get, refuse};
pub(super) use v1p1::oauth_credentials;
