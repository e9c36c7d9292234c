use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lti::{Launch, Secret, Selection};
use sha2::Sha256;

use super::key::derive_key;

/// The length of an id: 12 bytes in Base64.
const LENGTH: usize = 16;

/// Whether a text has the form of a session's id.
pub fn is_session_id(text: &str) -> bool {
    text.len() == LENGTH
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Computes the ids of sessions. Its key is derived from the first `gateway.secret`.
pub struct SessionIds(Option<Hmac<Sha256>>);

impl SessionIds {
    /// Derives the key from the first secret.
    pub fn new(secrets: &[Secret]) -> Self {
        Self(
            secrets.first().and_then(|secret| {
                Hmac::new_from_slice(&derive_key(secret, "lti-gateway id 1")).ok()
            }),
        )
    }

    /// The id of a launch's session, in 16 characters: a keyed hash of tool, sender, user, course
    /// and resource link. Without a user id, every launch has an id of its own. `None` only without
    /// a key.
    pub fn id(&self, tool: &str, launch: &Launch) -> Option<String> {
        self.hash(0, tool, launch, &launch.resource_link.id)
    }

    /// The id of the session in which a user picks links with an upstream's picker. It differs from
    /// the id of every launch.
    pub fn picker_id(&self, tool: &str, selection: &Selection) -> Option<String> {
        self.hash(2, tool, &selection.request, "picker")
    }

    fn hash(&self, kind: u8, tool: &str, launch: &Launch, link: &str) -> Option<String> {
        let user = match &launch.user.id {
            Some(id) => id.as_bytes(),
            None => &launch.fingerprint,
        };
        let context = launch.context.id.as_deref().unwrap_or_default();
        let mut mac = self.0.clone()?.chain_update([kind | u8::from(launch.user.id.is_some())]);
        let place = [user, context.as_bytes(), link.as_bytes()];
        let sender = launch.sender.parts().map(str::as_bytes);
        // The old id of a migrated user may be another user's id at the platform.
        let consumer = launch.user.consumer.iter().map(|key| key.as_str().as_bytes());
        for part in std::iter::once(tool.as_bytes()).chain(sender).chain(place).chain(consumer) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Some(URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..LENGTH / 4 * 3]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_16_characters_of_base64_for_urls() {
        for id in ["AAAAAAAAAAAAAAAA", "az09AZ-_az09AZ-_", "----------------"] {
            assert!(is_session_id(id), "{id}");
        }
        for other in [
            "",
            "login",
            "AAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAA=",
            "AAAAAAAAAAAAAA%41",
            "AAAAAAAAAAAAAAA~",
            "AAAAAAAAAAAAAAé",
            "AAAAAAAA AAAAAAA",
        ] {
            assert!(!is_session_id(other), "{other}");
        }
    }
}
