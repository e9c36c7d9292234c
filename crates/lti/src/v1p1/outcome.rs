//! Basic Outcomes 1.0 (LTI 1.1 §6): a grade goes to the platform as "plain old XML", and its answer is XML, too.

use std::fmt;

use crate::Score;

/// The request's content type. Canvas and Sakai compare the whole header, so that there is no charset.
pub const CONTENT_TYPE: &str = "application/xml";

/// The most bytes of an answer that are read.
pub const LARGEST_ANSWER: usize = 64 * 1024;

/// What the platform is asked to do with the grade of one person at one link.
#[derive(Clone, Copy)]
pub enum Operation<'a> {
    /// To take this score in place of what it has.
    Replace(&'a Score),
    /// To tell the score that it has.
    Read,
    /// To forget the score that it has.
    Delete,
}

impl Operation<'_> {
    /// What the operation is called in the request and in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Replace(_) => "replaceResult",
            Self::Read => "readResult",
            Self::Delete => "deleteResult",
        }
    }
}

/// What a platform answered.
///
/// `Debug` shows the code only, since platforms put names and scores into descriptions.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// What became of the request.
    pub code: CodeMajor,
    /// `imsx_description`, word for word; may be empty.
    pub description: String,
    /// The score as the platform wrote it; `None` if empty or absent, which means that there is none yet.
    pub score: Option<String>,
}

/// `imsx_codeMajor`: what became of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeMajor {
    /// It was done.
    Success,
    /// It was accepted and will be done.
    Processing,
    /// It was not done.
    Failure,
    /// The platform cannot do it.
    Unsupported,
}

/// Why an answer cannot be read. No variant holds anything of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFault {
    /// It is larger than [`LARGEST_ANSWER`].
    TooLarge,
    /// It is not well-formed XML, or not all of it.
    NotXml,
    /// It has a document type, which can define entities and name other files.
    DocumentType,
    /// Its elements are nested too deeply.
    TooDeep,
    /// It has no `imsx_codeMajor`.
    NoStatus,
    /// Its `imsx_codeMajor` is none that Basic Outcomes knows.
    UnknownStatus,
}

/// The body of a request. `message_identifier` is to be unique for each message.
pub fn request(operation: &Operation<'_>, sourcedid: &str, message_identifier: &str) -> String {
    let _ = (operation, sourcedid, message_identifier);
    String::new()
}

/// Reads the body of an answer.
///
/// # Errors
/// An [`AnswerFault`].
pub fn read_answer(body: &[u8]) -> Result<Answer, AnswerFault> {
    if body.len() > LARGEST_ANSWER { Err(AnswerFault::TooLarge) } else { Err(AnswerFault::NotXml) }
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Answer").field("code", &self.code).finish_non_exhaustive()
    }
}

impl fmt::Display for AnswerFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLarge => "the platform's answer is larger than 64 KiB",
            Self::NotXml => "the platform's answer is not XML, or not all of it",
            Self::DocumentType => {
                "the platform's answer has a document type, as a page has and an outcome has not"
            }
            Self::TooDeep => "the platform's answer is nested too deeply",
            Self::NoStatus => "the platform's answer has no imsx_codeMajor",
            Self::UnknownStatus => "the platform's answer has an imsx_codeMajor that is not known",
        })
    }
}

impl std::error::Error for AnswerFault {}
