//! Reloads: another configuration takes the place of the current one.
//!
//! Today only development has a source of configurations.

use std::sync::Arc;
use std::time::Duration;

use rocket::fairing::AdHoc;
use rocket::{Build, Rocket};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::current::CurrentGateway;
use super::gateway::Gateway;

/// The pause between two looks for changes.
const PAUSE: Duration = Duration::from_secs(1);
/// The pause before another look at a change that may not be complete.
const SHORT_PAUSE: Duration = Duration::from_millis(100);

/// A source of configurations. `cli` implements it: only that layer reads files.
pub trait ConfigurationSource: Send + 'static {
    /// Looks for a change since the last one, and prepares a configuration to take the place of
    /// `current`. It may block.
    ///
    /// With `waits_for_end`, a change that may not be complete, such as a file that an editor is
    /// writing, is [`Look::Unsettled`].
    fn look(&mut self, current: &Gateway, waits_for_end: bool) -> Look;
}

/// What a source has found.
pub enum Look {
    /// No change.
    Same,
    /// A change that may not be complete. The next look decides.
    Unsettled,
    /// A change.
    Changed(Change),
}

/// A change of the configuration.
pub struct Change {
    /// The new configuration. `None` if the current one stays.
    pub gateway: Option<Box<Gateway>>,
    /// The message for the log, if there is a new configuration.
    pub message: String,
    /// In development, why the newest files are not in use. Empty if they are.
    pub notice: String,
}

/// Replaces the current configuration with those of a source.
pub(crate) struct Reloader {
    current: Arc<CurrentGateway>,
    source: Arc<Mutex<dyn ConfigurationSource>>,
}

/// The same server, which reloads its configuration from this source.
///
/// It looks for a change once a second, and before it answers a request of its own pages or a
/// launch.
pub fn reloading(rocket: Rocket<Build>, source: impl ConfigurationSource) -> Rocket<Build> {
    let Some(current) = rocket.state::<Arc<CurrentGateway>>().map(Arc::clone) else {
        return rocket;
    };
    let reloader = Arc::new(Reloader { current, source: Arc::new(Mutex::new(source)) });
    rocket.manage(Arc::clone(&reloader)).attach(AdHoc::on_liftoff("reload", |rocket| {
        let stopped = rocket.shutdown();
        Box::pin(async move {
            tokio::spawn(async move {
                tokio::select! {
                    () = reloader.watch() => {}
                    () = stopped => {}
                }
            });
        })
    }))
}

impl Reloader {
    /// Applies the changes until now.
    pub(crate) async fn refresh(&self) {
        self.look(false).await;
    }

    /// Applies each change soon after it.
    async fn watch(&self) {
        loop {
            let is_settled = self.look(true).await;
            sleep(if is_settled { PAUSE } else { SHORT_PAUSE }).await;
        }
    }

    /// Looks for a change, and applies it. Returns whether it is complete.
    async fn look(&self, waits_for_end: bool) -> bool {
        // One look at a time. The task owns the lock: a client that disconnects ends no look.
        let mut source = Arc::clone(&self.source).lock_owned().await;
        let current = Arc::clone(&self.current);
        let look = spawn_blocking(move || match source.look(&current.load(), waits_for_end) {
            Look::Same => true,
            Look::Unsettled => false,
            Look::Changed(change) => {
                current.apply(change);
                true
            }
        });
        // A look that panicked has changed nothing.
        look.await.unwrap_or(true)
    }
}

impl CurrentGateway {
    /// Applies a change: requests that arrive from now on find it.
    fn apply(&self, Change { gateway, message, notice }: Change) {
        if let Some(development) = &self.load().development {
            development.set_notice(notice);
        }
        if let Some(gateway) = gateway {
            self.replace(*gateway);
            tracing::info!(target: "gateway", "{message}");
        }
    }
}
