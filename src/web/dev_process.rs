//! The state of development that outlives a configuration.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lti::Secret;
use lti::jose::RsaKey;
use tokio::sync::OnceCell;
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
    /// The key of the practice platform, once a launch or the keyset needed it.
    practice_key: OnceCell<Arc<RsaKey>>,
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

    /// The key with which the practice platform signs. `None` only without randomness.
    ///
    /// It is random for each process: a key that everybody can derive would let others forge
    /// launches of a gateway that they reach through a tunnel.
    pub(super) async fn practice_key(&self) -> Option<Arc<RsaKey>> {
        let search = || async {
            spawn_blocking(|| {
                let mut random = [0; 32];
                getrandom::fill(&mut random).ok()?;
                let secret = Secret::new(BASE64_STANDARD.encode(random));
                Some(Arc::new(RsaKey::derive(&secret, &PRACTICE_PLATFORM.into())))
            })
            .await
            .ok()
            .flatten()
            .ok_or(())
        };
        self.practice_key.get_or_try_init(search).await.ok().cloned()
    }
}
