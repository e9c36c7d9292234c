//! Why `new` adds no tool.

use std::path::Path;

use crate::config::{Fault, Location, Problem};

/// Why nothing was written, in words for a terminal.
pub(super) enum NewError {
    /// What was asked for is refused.
    Refused(String),
    /// The machine does not let it be done.
    Prevented(String),
}

/// A refusal in the words that `check` has for the fault.
pub(super) fn refused_with(path: &Path, fault: Fault) -> NewError {
    NewError::Refused(
        Problem { fault, location: Location::Whole(path.display().to_string()) }.to_string(),
    )
}
