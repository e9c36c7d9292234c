//! The state of development that outlives a configuration.

use std::sync::OnceLock;

use super::dev_token::DevToken;

/// The state of a process in development that outlives its configuration.
#[derive(Default)]
pub struct DevProcess {
    /// The port on which the gateway listens, once it does.
    port: OnceLock<u16>,
    /// The token of `/dev`. A process that others can reach has one.
    token: Option<DevToken>,
}

impl DevProcess {
    /// A process with `dev_host`: `/dev` asks for this token.
    pub fn exposed(token: DevToken) -> Self {
        Self { port: OnceLock::new(), token: Some(token) }
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
}
