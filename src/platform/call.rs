use lti::oauth1::SigningKey;
use lti::{GradePlace, Score, Sender};

use crate::clock::Clock;

/// What to do with the result of one learner at one resource link.
#[derive(Clone, Copy)]
pub enum PlatformOperation<'a> {
    /// Set it.
    Replace {
        /// The score.
        score: &'a Score,
        /// A comment for the learner, if the platform accepts comments.
        comment: Option<&'a str>,
    },
    /// Read it.
    Read,
    /// Clear it.
    Delete,
}

/// An operation on a platform.
pub struct PlatformCall<'a> {
    /// Which result, and where.
    pub place: &'a GradePlace,
    /// Who sent the launch.
    pub sender: &'a Sender,
    /// The keys of the sender. During a rotation the platform may have any of them, so the gateway tries
    /// one after the other.
    pub signing_keys: &'a [SigningKey],
    /// What to do.
    pub operation: PlatformOperation<'a>,
    /// Each attempt is signed with its own timestamp.
    pub clock: &'a Clock,
}

/// The response of a platform that did what it was asked to do. It has no `Debug`, because it may name a
/// person.
#[derive(Default)]
pub struct PlatformResponse {
    /// The status of the response.
    pub status: u16,
    /// The platform's message. May be empty.
    pub description: String,
    /// The score as the platform wrote it, if it was read and there is one.
    pub score: Option<String>,
    /// The comment, if it was read and there is one.
    pub comment: Option<String>,
    /// Whether a comment was not sent, because the platform accepts none.
    pub comment_left_out: bool,
}
