use lti::oauth1::SigningKey;
use lti::{OutcomeService, Score, Sender};

use crate::clock::Clock;

/// An operation on the result of one learner at one resource link.
#[derive(Clone, Copy)]
pub enum PlatformOperation<'a> {
    /// Set the result.
    Replace {
        /// The score.
        score: &'a Score,
        /// A comment for the learner, if the platform accepts comments.
        comment: Option<&'a str>,
    },
    /// Read the result.
    Read,
    /// Clear the result.
    Delete,
}

/// A call of the grade service of LTI 1.1.
pub struct PlatformCall<'a> {
    /// The place of the result.
    pub service: &'a OutcomeService,
    /// The sender of the launch.
    pub sender: &'a Sender,
    /// The keys of the sender. During a rotation, the platform may have any of them, so the client
    /// tries one after the other.
    pub signing_keys: &'a [SigningKey],
    /// The operation.
    pub operation: PlatformOperation<'a>,
    /// The clock for the timestamp of each signature.
    pub clock: &'a Clock,
}

/// The response of a platform that performed the operation. It has no `Debug`, because it may
/// contain personal data.
#[derive(Default)]
pub struct PlatformResponse {
    /// The HTTP status.
    pub status: u16,
    /// The platform's message. May be empty.
    pub description: String,
    /// The score as the platform wrote it. `None` for other operations, or without a score.
    pub score: Option<String>,
    /// The comment. `None` for other operations, or without a comment.
    pub comment: Option<String>,
    /// Whether the client omitted a comment, because the platform accepts none.
    pub comment_left_out: bool,
}
