//! The cause chain of a library's error.

use std::error::Error;
use std::iter::successors;

/// The error itself, then its cause, then the cause of that, and so on.
pub fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    successors(Some(error), |error: &&'e (dyn Error + 'static)| (*error).source())
}

/// The messages of the error and of all its causes, joined by `: `.
pub fn message_chain(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
