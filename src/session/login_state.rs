//! The sealed state of an LTI 1.3 login. The browser carries it to the platform and back. The
//! server stores nothing until the launch spends the nonce.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lti::{ClientId, PlatformName};
use serde::{Deserialize, Serialize};

use super::binding::BindingHash;

/// What the launch must match. It comes from our own login, never from the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginState {
    /// The platform.
    pub platform: PlatformName,
    /// The client.
    pub client: ClientId,
    /// The nonce that the token must repeat.
    pub nonce: String,
    /// The last second at which the state is valid, in seconds since the epoch.
    pub expires: u64,
    /// The browser.
    pub binding: BindingHash,
    /// The frame whose storage has the binding, if the browser stored no cookie.
    pub storage: Option<String>,
}

/// The serialized state: expires, platform, client, nonce, letters, hash, frame.
#[derive(Serialize, Deserialize)]
struct StateContent<'a>(
    u64,
    Cow<'a, str>,
    Cow<'a, str>,
    Cow<'a, str>,
    Cow<'a, str>,
    Cow<'a, str>,
    Option<Cow<'a, str>>,
);

impl LoginState {
    /// A random nonce. `None` only without randomness.
    pub fn nonce() -> Option<String> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).ok()?;
        Some(URL_SAFE_NO_PAD.encode(nonce))
    }

    pub(super) fn to_bytes(&self) -> Option<Vec<u8>> {
        let content = StateContent(
            self.expires,
            self.platform.as_str().into(),
            self.client.as_str().into(),
            self.nonce.as_str().into(),
            self.binding.letters.as_str().into(),
            URL_SAFE_NO_PAD.encode(self.binding.hash).into(),
            self.storage.as_deref().map(Cow::from),
        );
        serde_json::to_vec(&content).ok()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let StateContent(expires, platform, client, nonce, letters, hash, storage) =
            serde_json::from_slice(bytes).ok()?;
        Some(Self {
            platform: platform.into_owned().into(),
            client: client.into_owned().into(),
            nonce: nonce.into_owned(),
            expires,
            binding: BindingHash {
                letters: letters.into_owned(),
                hash: URL_SAFE_NO_PAD.decode(hash.as_bytes()).ok()?.try_into().ok()?,
            },
            storage: storage.map(Cow::into_owned),
        })
    }
}
