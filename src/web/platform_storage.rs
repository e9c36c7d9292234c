//! The storage that a platform offers to pages in its frames (1EdTech `lti-cs-pm` and
//! `lti-cs-oidc`), for browsers that store no cookie there.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::url::UrlParts;

/// The longest name of a frame, in characters. Canvas's has 23.
const LONGEST_FRAME: usize = 64;

/// Where a page stores the binding of a login, or reads it.
#[derive(Serialize)]
pub(super) struct PlatformStorage {
    /// The name of the frame: `_parent`, or a frame of the parent.
    frame: String,
    /// The only origin that receives the message, and whose response counts.
    origin: String,
    /// The key of the value.
    key: String,
    /// The id of the message. The response must have the same.
    message_id: String,
}

impl PlatformStorage {
    /// The storage in this frame of the platform with this `auth_url`, for a login with this state.
    /// `None` only without randomness, or if the URL has no origin.
    pub(super) fn new(frame: &str, auth_url: &str, state: &str) -> Option<Self> {
        let url = UrlParts::of_web(auth_url)?;
        let mut random = [0; 16];
        getrandom::fill(&mut random).ok()?;
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(state));
        Some(Self {
            frame: frame.to_owned(),
            // As browsers write it: in lower case, without the default port.
            origin: format!("{}://{}", url.scheme.to_ascii_lowercase(), url.host_header()),
            key: format!("lti_state_{}", hash.get(..16)?),
            message_id: URL_SAFE_NO_PAD.encode(random),
        })
    }
}

/// Whether a text can be the name of the frame.
pub(super) fn is_frame(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    !text.is_empty() && text.len() <= LONGEST_FRAME && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_that_of_the_platform_as_browsers_write_it() {
        for (auth_url, origin) in [
            ("https://sso.canvaslms.com/api/lti/authorize_redirect", "https://sso.canvaslms.com"),
            ("HTTPS://LMS.Example:443/auth?a=b", "https://lms.example"),
            ("https://lms.example:8443", "https://lms.example:8443"),
            ("http://localhost:8000/auth", "http://localhost:8000"),
        ] {
            let storage = PlatformStorage::new("_parent", auth_url, "state").expect("a storage");
            assert_eq!(storage.origin, origin);
        }
    }

    #[test]
    fn each_state_has_a_key_and_each_page_a_message_of_its_own() {
        let storage = |state| {
            let storage = PlatformStorage::new("_parent", "https://lms.example/auth", state);
            storage.map(|storage| (storage.key, storage.message_id)).expect("a storage")
        };
        let ((key, id), (same_key, other_id)) = (storage("a"), storage("a"));
        assert_eq!(key.len(), "lti_state_".len() + 16);
        assert_eq!(key, same_key);
        assert_ne!(id, other_id);
        assert_ne!(key, storage("b").0);
    }

    #[test]
    fn only_plain_names_are_frames() {
        for frame in ["_parent", "post_message_forwarding", "a-b.c"] {
            assert!(is_frame(frame), "{frame}");
        }
        for other in ["", "a b", "a\"b", "<a>", "ä", &"a".repeat(65)] {
            assert!(!is_frame(other), "{other}");
        }
    }
}
