//! The answer to a selection of links.

use serde_json::Value;

use super::link::CourseLink;
use super::selection::PendingSelection;

/// A verified answer.
pub struct SelectionAnswer {
    /// The request.
    pub selection: PendingSelection,
    /// The version of LTI.
    pub version: &'static str,
    /// The links, or the reasons why the course does not add them.
    pub links: Vec<Result<CourseLink, String>>,
    /// Everything that the tool sent.
    pub sent: Value,
}

/// Why an answer is not accepted.
#[derive(Debug, PartialEq, Eq)]
pub struct SelectionFault(pub String);
