use std::sync::Arc;

use super::consumer::Consumers;
use crate::role::Roles;
use crate::secret::KnownSecrets;

/// What a tool asks of a launch.
#[derive(Clone, Debug)]
pub struct LaunchPolicy {
    /// Who may sign.
    pub consumers: Consumers,
    /// Who may launch; `None` for everyone.
    pub roles: Option<Roles>,
    /// The accepted distance of a timestamp from our clock, both ways, in seconds.
    pub clock_skew: u64,
    /// What must not be repeated when an unknown key is told of: the secrets of all tools.
    pub secrets: Arc<KnownSecrets>,
}
