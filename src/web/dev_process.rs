//! The state of development that outlives a configuration.

use std::sync::OnceLock;

/// The state of a process in development that outlives its configuration.
#[derive(Default)]
pub struct DevProcess {
    /// The port on which the gateway listens, once it does.
    port: OnceLock<u16>,
}

impl DevProcess {
    /// Sets the port on which the gateway listens.
    pub(super) fn listens_on(&self, port: u16) {
        let _ = self.port.set(port);
    }

    /// The port on which the gateway listens.
    pub(super) fn port(&self) -> Option<u16> {
        self.port.get().copied()
    }
}
