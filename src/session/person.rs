//! Tags of people: short keyed hashes in the names of cookies, which separate one person's cookies
//! from another's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lti::Secret;
use sha2::Sha256;

use super::field::Field;
use super::key::derive_key;
use super::session::Session;

/// The bytes of a tag. Few people use one browser, so 48 bits do not collide.
const BYTES: usize = 6;
/// The length of a tag, in characters of Base64 for URLs.
pub const TAG_LENGTH: usize = BYTES / 3 * 4;

/// Computes the tags of people. Its key is derived from the first `gateway.secret`.
pub struct PersonTags(Option<Hmac<Sha256>>);

impl PersonTags {
    /// Derives the key from the first secret.
    pub fn new(secrets: &[Secret]) -> Self {
        Self(secrets.first().and_then(|secret| {
            Hmac::new_from_slice(&derive_key(secret, "lti-gateway person 1")).ok()
        }))
    }

    /// The tag of a session's person at a tool: a keyed hash of tool, sender and user id. Without a
    /// user id, every launch is a person of its own. `None` only without a key.
    pub fn tag(&self, tool: &str, session: &Session) -> Option<String> {
        let (is_known, user) = match session.get(Field::UserId) {
            Some(id) => (1, id),
            None => (0, session.id.as_str()),
        };
        let mut mac = self.0.clone()?.chain_update([is_known]);
        // A migrated user stays the person that they were by LTI 1.1.
        let consumer = session.get(Field::UserConsumer);
        let sender = session.sender.parts().filter(|_| consumer.is_none());
        for part in std::iter::once(tool).chain(consumer).chain(sender).chain([user]) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Some(URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..BYTES]))
    }
}

/// Whether these bytes have the form of a tag.
pub fn is_tag(bytes: &[u8]) -> bool {
    bytes.len() == TAG_LENGTH
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use lti::{Roles, Sender};

    use super::*;

    fn session(key: &str, user: Option<&str>, id: &str) -> Session {
        Session {
            id: id.to_owned(),
            launch: 0,
            minted: 0,
            expires: 0,
            sender: Sender::Consumer(key.to_owned().into()),
            roles: Roles::from_bits(0),
            custom: Vec::new(),
            left_out: 0,
            values: user
                .map(|user| (Field::UserId.position(), user.to_owned()))
                .into_iter()
                .collect(),
        }
    }

    #[test]
    fn a_tag_belongs_to_a_tool_a_sender_and_a_user() {
        let tags = PersonTags::new(&[Secret::new("one")]);
        let tag = |tool, key, user, id| {
            let tag = tags.tag(tool, &session(key, user, id)).expect("a key");
            assert!(is_tag(tag.as_bytes()), "{tag}");
            tag
        };
        let ada = tag("nb", "key-1", Some("ada"), "a");
        assert_eq!(ada, tag("nb", "key-1", Some("ada"), "another link"));
        for other in [
            tag("nb", "key-1", Some("bob"), "a"),
            tag("nb", "key-2", Some("ada"), "a"),
            tag("lab", "key-1", Some("ada"), "a"),
            tag("nb", "key-1", None, "a"),
            tag("nb", "key-1", None, "ada"),
        ] {
            assert_ne!(ada, other);
        }
        assert_ne!(tag("nb", "key-1", None, "a"), tag("nb", "key-1", None, "b"));
        let rotated = PersonTags::new(&[Secret::new("two"), Secret::new("one")]);
        assert_ne!(Some(ada), rotated.tag("nb", &session("key-1", Some("ada"), "a")));
        assert_eq!(PersonTags::new(&[]).tag("nb", &session("key-1", None, "a")), None);
    }

    #[test]
    fn a_tag_has_eight_characters_of_base64_for_urls() {
        assert!(is_tag(b"aZ09-_aZ"));
        for other in [&b""[..], b"aZ09-_a", b"aZ09-_aZ0", b"aZ09-_a=", b"aZ09-_a~", b"aZ09-_a\xfc"]
        {
            assert!(!is_tag(other), "{other:?}");
        }
    }
}
