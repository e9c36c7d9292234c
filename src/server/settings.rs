//! The listener's settings.

use std::net::SocketAddr;
use std::time::Duration;

use rocket::Config;

/// What the listener reads of Rocket's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens. Port 0 is any free port.
    pub address: SocketAddr,
    /// How long an idle keep-alive connection waits for its next request (`keep_alive`). `None`
    /// closes a connection after each response.
    pub idle: Option<Duration>,
    /// How long requests may go on after a signal to stop (`shutdown.grace`).
    pub grace: Duration,
    /// How long the gateway then waits for launches and grades (`shutdown.mercy`).
    pub mercy: Duration,
}

impl Settings {
    /// The settings of this `Rocket.toml`.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Self {
            address: (config.address, config.port).into(),
            idle: (config.keep_alive > 0).then(|| seconds(config.keep_alive)),
            grace: seconds(config.shutdown.grace),
            mercy: seconds(config.shutdown.mercy),
        }
    }
}
