use std::borrow::Cow;

use lti::Roles;
use serde::{Deserialize, Serialize};

use super::sealed_sender::SealedSender;
use super::session::Session;

/// The serialized session: launch, minted, expires, sender, roles, values, custom parameters, id,
/// left out.
#[derive(Serialize, Deserialize)]
pub struct SessionContent<'a>(
    u32,
    u64,
    u64,
    SealedSender<'a>,
    u8,
    Vec<(u8, Cow<'a, str>)>,
    Vec<(Cow<'a, str>, Cow<'a, str>)>,
    Cow<'a, str>,
    u32,
);

impl<'a> SessionContent<'a> {
    /// The content of a session. Omits the id if the seal is bound to it.
    pub fn of(session: &'a Session, bound_to: &str) -> Self {
        Self(
            session.launch,
            session.minted,
            session.expires,
            SealedSender::of(&session.sender),
            session.roles.bits(),
            session.values.iter().map(|(position, value)| (*position, value.into())).collect(),
            session.custom.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            if bound_to.is_empty() { session.id.as_str().into() } else { "".into() },
            session.left_out,
        )
    }

    /// The session. `bound_to` is the id that its seal was bound to, or empty.
    pub fn into_session(self, bound_to: &str) -> Session {
        let Self(launch, minted, expires, sender, roles, values, custom, id, left_out) = self;
        let owned = |(position, value): (u8, Cow<'_, str>)| (position, value.into_owned());
        Session {
            id: if bound_to.is_empty() { id.into_owned() } else { bound_to.to_owned() },
            launch,
            minted,
            expires,
            sender: sender.into_sender(),
            roles: Roles::from_bits(roles),
            custom: custom
                .into_iter()
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
            left_out,
            values: values.into_iter().map(owned).collect(),
        }
    }
}
