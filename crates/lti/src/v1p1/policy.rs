use std::sync::Arc;

use super::consumer::Consumers;
use crate::role::Roles;
use crate::secret::KnownSecrets;

/// The requirements of a tool for a launch.
#[derive(Clone, Debug)]
pub struct LaunchPolicy {
    /// The consumers that may sign.
    pub consumers: Consumers,
    /// The roles that may launch; `None` for everyone.
    pub roles: Option<Roles>,
    /// The accepted difference between a timestamp and the gateway's clock, in both directions, in
    /// seconds.
    pub clock_skew: u64,
    /// The secrets of all tools. The log omits an unknown key that contains one.
    pub secrets: Arc<KnownSecrets>,
}
