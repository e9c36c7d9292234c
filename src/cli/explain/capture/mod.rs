//! Captured launches, in the formats that browsers' developer tools write.

mod cmd;
mod curl;
mod fetch;
mod file;
mod form;
mod har;
mod launch;
mod lines;
mod powershell;
mod request;
mod shell;
mod text;

pub(super) use file::{not_understood, read};
pub(super) use launch::{Capture, CapturedUrl};
