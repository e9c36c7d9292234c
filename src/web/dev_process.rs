//! The state of development that outlives a configuration.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lti::Secret;
use lti::jose::RsaKey;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::dev_token::DevToken;
use crate::config::PRACTICE_PLATFORM;

/// The state of a process in development that outlives its configuration.
#[derive(Default)]
pub struct DevProcess {
    /// The port on which the gateway listens, once it does.
    port: OnceLock<u16>,
    /// The token of `/dev`. A process that others can reach has one.
    token: Option<DevToken>,
    /// The keys of the practice platform, once a launch or the keyset needed one. The first signs;
    /// the second is of the last launch with rotated keys.
    practice_keys: Mutex<Vec<Arc<RsaKey>>>,
}

impl DevProcess {
    /// A process with `dev_host`: `/dev` asks for this token.
    pub fn exposed(token: DevToken) -> Self {
        Self { token: Some(token), ..Self::default() }
    }

    /// Sets the port on which the gateway listens.
    pub(super) fn listens_on(&self, port: u16) {
        let _ = self.port.set(port);
    }

    /// The port on which the gateway listens.
    pub(super) fn port(&self) -> Option<u16> {
        self.port.get().copied()
    }

    /// The token of `/dev`.
    pub(super) fn token(&self) -> Option<&DevToken> {
        self.token.as_ref()
    }

    /// The keys of the practice platform. The first one signs. Empty only without randomness.
    ///
    /// They are random for each process: a key that everybody can derive would let others forge
    /// launches of a gateway that they reach through a tunnel.
    pub(super) async fn practice_keys(&self) -> Vec<Arc<RsaKey>> {
        let mut keys = self.practice_keys.lock().await;
        if keys.is_empty() {
            keys.extend(new_key().await);
        }
        keys.clone()
    }

    /// Adds a new key to the keyset, for one launch. The first key goes on to sign all others: the
    /// gateway may not know the new one for a minute. `None` only without randomness.
    pub(super) async fn rotated_practice_key(&self) -> Option<Arc<RsaKey>> {
        let mut keys = self.practice_keys.lock().await;
        if keys.is_empty() {
            keys.extend(new_key().await);
        }
        let key = new_key().await?;
        keys.truncate(1);
        keys.push(Arc::clone(&key));
        Some(key)
    }
}

/// A random key.
async fn new_key() -> Option<Arc<RsaKey>> {
    let search = spawn_blocking(|| {
        let mut random = [0; 32];
        getrandom::fill(&mut random).ok()?;
        let secret = Secret::new(BASE64_STANDARD.encode(random));
        Some(Arc::new(RsaKey::derive(&secret, &PRACTICE_PLATFORM.into())))
    });
    search.await.ok().flatten()
}
