use std::sync::Arc;

use lti::MemoryReplay;

use super::bounds::Bounds;
use super::directory::{Directory, OpenError};
use super::outbox::Outbox;
use super::replay::Replay;
use crate::config::StateLocation;

/// Everything that outlives a request.
pub struct State {
    /// The nonces that were spent.
    pub replay: Box<dyn Replay>,
    /// The queued grades. Without an outbox the gateway queues no grades.
    pub outbox: Option<Arc<dyn Outbox>>,
}

impl State {
    /// State in the memory of this process. It forgets nonces when it ends, and queues no grades.
    pub fn memory() -> Self {
        let Bounds { nonces, nonces_per_sender, .. } = Bounds::default();
        let replay = MemoryReplay::new(nonces, nonces_per_sender);
        Self { replay: Box::new(replay), outbox: None }
    }

    /// State at the configured location. `now` is in seconds since the epoch.
    ///
    /// # Errors
    /// Why the directory cannot be used.
    pub fn open(location: &StateLocation, now: u64) -> Result<Self, OpenError> {
        match location {
            StateLocation::Memory => Ok(Self::memory()),
            StateLocation::Directory(path) => {
                let Directory { replay, outbox } = Directory::open(path, now, Bounds::default())?;
                Ok(Self { replay: Box::new(replay), outbox: Some(Arc::new(outbox)) })
            }
        }
    }
}
