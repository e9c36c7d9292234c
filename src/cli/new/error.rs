//! The reasons why `new` adds no tool.

use std::path::Path;

use crate::config::{Fault, Location, Problem};

/// The reason why nothing was written, as the message for the terminal.
pub(super) enum NewError {
    /// The request is refused: exit code 1.
    Refused(String),
    /// A file cannot be read or written: exit code 2.
    Failed(String),
}

/// A refusal with the message of `check` for the fault.
pub(super) fn refused_with(path: &Path, fault: Fault) -> NewError {
    NewError::Refused(
        Problem { fault, location: Location::Whole(path.display().to_string()) }.to_string(),
    )
}
