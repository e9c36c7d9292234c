use std::sync::Arc;

use lti::MemoryReplay;

use super::directory::{Directory, OpenError};
use super::limits::StateLimits;
use super::outbox::Outbox;
use super::replay::Replay;
use crate::config::StateLocation;

/// The state of the gateway: everything that outlives a request.
pub struct State {
    /// The replay store.
    pub replay: Box<dyn Replay>,
    /// The queued grades. Without an outbox, the gateway queues no grades.
    pub outbox: Option<Arc<dyn Outbox>>,
}

impl State {
    /// State in the memory of this process. A restart forgets the nonces, and no grade is queued.
    pub fn memory() -> Self {
        let replay = MemoryReplay::new(StateLimits::default().nonces);
        Self { replay: Box::new(replay), outbox: None }
    }

    /// Opens the state at the configured location. `now` is in seconds since the epoch.
    ///
    /// # Errors
    /// Any [`OpenError`] except `Missing` if the directory cannot be used.
    pub fn open(location: &StateLocation, now: u64) -> Result<Self, OpenError> {
        match location {
            StateLocation::Memory => Ok(Self::memory()),
            StateLocation::Directory(path) => {
                let Directory { replay, outbox } =
                    Directory::open(path, now, StateLimits::default())?;
                Ok(Self { replay: Box::new(replay), outbox: Some(Arc::new(outbox)) })
            }
        }
    }
}
