use lti::Sender;
use sha2::{Digest as _, Sha256};

/// One learner at one resource link of one tool. Of the grades of a slot, the newest counts,
/// whether the learner's launch or the course staff sent it.
pub(super) struct GradeSlot<'a> {
    pub(super) tool: &'a str,
    pub(super) sender: &'a Sender,
    /// The platform's own id of the learner. A migrated user's old id may be another user's id at
    /// the platform.
    pub(super) learner: &'a str,
    /// The course. May be empty.
    pub(super) context: &'a str,
    /// The resource link.
    pub(super) link: &'a str,
}

impl GradeSlot<'_> {
    /// The first 16 bytes of a SHA-256 digest.
    pub(super) fn hash(&self) -> [u8; 16] {
        let Self { tool, sender, learner, context, link } = *self;
        let mut digest = Sha256::new();
        for part in std::iter::once(tool).chain(sender.parts()).chain([learner, context, link]) {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let mut hash = [0; 16];
        hash.copy_from_slice(&digest.finalize()[..16]);
        hash
    }
}
