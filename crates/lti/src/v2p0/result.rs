//! The Result service of LTI 2.0 as edX has it (xblock-lti-consumer, `result_service_handler`): `PUT`, `GET` and `DELETE`
//! of one person's score and comment, in JSON.
//!
//! A `PUT` or `DELETE` that was taken answers `{}`, so that its status alone counts.

use std::fmt;

use crate::Score;

/// The content type of every request, also of those without a body: edX refuses any other with 401.
pub const CONTENT_TYPE: &str = "application/vnd.ims.lis.v2.result+json";

/// The most bytes of an answer that are read.
pub const LARGEST_ANSWER: usize = 64 * 1024;

/// What the platform has.
///
/// `Debug` shows nothing, because it is a person's.
#[derive(Clone, PartialEq, Eq)]
pub struct GradeResult {
    /// `resultScore` as the platform wrote it. edX scales it by the problem's weight, and leaves out a zero.
    pub score: Option<String>,
    /// `comment`, if there is one.
    pub comment: Option<String>,
}

/// Why an answer cannot be read. No variant holds anything of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFault {
    /// It is larger than [`LARGEST_ANSWER`].
    TooLarge,
    /// It is no JSON object with the types of a result.
    NotAResult,
}

/// The address of the result behind an outcome URL of edX; `None` for any other platform's.
pub fn address(outcome_url: &str, sourcedid: &str) -> Option<String> {
    let _ = (outcome_url, sourcedid);
    None
}

/// The body of a `PUT`.
pub fn body(score: &Score, comment: &str) -> String {
    let _ = (score, comment);
    String::new()
}

/// Reads the body of the answer to a `GET`.
///
/// # Errors
/// An [`AnswerFault`].
pub fn read_answer(body: &[u8]) -> Result<GradeResult, AnswerFault> {
    if body.len() > LARGEST_ANSWER { Err(AnswerFault::TooLarge) } else { Err(AnswerFault::NotAResult) }
}

impl fmt::Debug for GradeResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GradeResult(…)")
    }
}

impl fmt::Display for AnswerFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLarge => "the platform's answer is larger than 64 KiB",
            Self::NotAResult => "the platform's answer is not a result in JSON",
        })
    }
}

impl std::error::Error for AnswerFault {}
