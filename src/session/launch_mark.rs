use std::borrow::Cow;

use lti::Roles;
use serde::{Deserialize, Serialize};

use super::session::Session;

/// The launch to which a token of a course belongs. A newer launch that gives the same user other
/// roles ends the token, as it ends sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchMark {
    /// The id of the session.
    pub session: String,
    /// A part of the fingerprint of the launch.
    pub launch: u32,
    /// When the session was created, in seconds since the epoch.
    pub minted: u64,
    /// The user's roles in the course.
    pub roles: Roles,
}

/// The serialized mark: session, launch, minted, roles.
#[derive(Serialize, Deserialize)]
pub(super) struct MarkContent<'a>(Cow<'a, str>, u32, u64, u8);

impl LaunchMark {
    /// The mark of a session.
    pub(super) fn of(session: &Session) -> Self {
        Self {
            session: session.id.clone(),
            launch: session.launch,
            minted: session.minted,
            roles: session.roles,
        }
    }

    pub(super) fn content(&self) -> MarkContent<'_> {
        MarkContent(self.session.as_str().into(), self.launch, self.minted, self.roles.bits())
    }
}

impl MarkContent<'_> {
    pub(super) fn into_mark(self) -> LaunchMark {
        let Self(session, launch, minted, roles) = self;
        let (session, roles) = (session.into_owned(), Roles::from_bits(roles));
        LaunchMark { session, launch, minted, roles }
    }
}
