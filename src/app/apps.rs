//! All apps of a gateway: they start and stop together.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::spawn;
#[cfg(target_os = "linux")]
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout_at};

use super::app::App;
use super::host::{AppHost, Order};
use super::supervisor::Supervisor;
use super::timing::AppTiming;

/// The pause after a panic of a supervisor.
const SUPERVISOR_PAUSE: Duration = Duration::from_secs(1);

/// The longest wait after SIGKILL for the end of the processes.
const KILL_TIME: Duration = Duration::from_secs(1);

/// The apps of a gateway, with the state that they share. It outlives a configuration.
pub struct Apps {
    host: Arc<AppHost>,
    is_started: AtomicBool,
    /// The number of supervisors.
    running: watch::Sender<usize>,
}

impl Apps {
    /// `starter` is the gateway's own program. Apps receive only a few variables of `environment`,
    /// by name: none of them contains a secret.
    pub fn new<'e>(
        starter: PathBuf,
        environment: impl IntoIterator<Item = (&'e str, &'e str)>,
        timing: AppTiming,
    ) -> Arc<Self> {
        Arc::new(Self {
            host: Arc::new(AppHost::new(starter, environment, timing)),
            is_started: AtomicBool::new(false),
            running: watch::Sender::new(0),
        })
    }

    /// Starts the programs of apps, and keeps them running. None of them gets the gateway's port.
    pub fn start(self: &Arc<Self>, apps: &[Arc<App>], port: u16) {
        self.host.ports.exclude(port);
        self.is_started.store(true, Ordering::SeqCst);
        #[cfg(target_os = "linux")]
        if !apps.is_empty() {
            spawn_blocking(super::leftover::report_leftovers);
        }
        for app in apps {
            self.run(Arc::clone(app), None);
        }
    }

    /// Another configuration takes the place of the current one: stops the apps that only `old`
    /// has, and starts those that only `new` has. An app of the same tool starts after its
    /// predecessor has stopped. Before [`Apps::start`], it does nothing.
    pub fn replace(self: &Arc<Self>, old: &[Arc<App>], new: &[Arc<App>]) {
        if !self.is_started.load(Ordering::SeqCst) {
            return;
        }
        let is_in =
            |apps: &[Arc<App>], app: &Arc<App>| apps.iter().any(|one| Arc::ptr_eq(one, app));
        old.iter().filter(|app| !is_in(new, app)).for_each(|app| app.retire());
        for app in new.iter().filter(|app| !is_in(old, app)) {
            let former = old.iter().find(|former| former.tool == app.tool).cloned();
            self.run(Arc::clone(app), former);
        }
    }

    /// From now on, an app that ends stays stopped.
    pub fn close(&self) {
        self.host.order.send_if_modified(|order| {
            let runs = *order == Order::Run;
            if runs {
                *order = Order::Close;
            }
            runs
        });
    }

    /// Stops all apps: SIGTERM now, SIGKILL after `grace`. Returns when all have ended.
    pub async fn stop(&self, grace: Duration) {
        let kill = Instant::now() + grace;
        self.host.order.send_replace(Order::Stop(kill));
        let mut running = self.running.subscribe();
        let _ = timeout_at(kill + KILL_TIME, running.wait_for(|count| *count == 0)).await;
    }

    /// Starts the supervisor of an app, after the end of its predecessor.
    fn run(self: &Arc<Self>, app: Arc<App>, former: Option<Arc<App>>) {
        let place = Running::enter(self);
        let host = Arc::clone(&self.host);
        spawn(async move {
            if let Some(former) = former {
                let _ = former.has_ended.subscribe().wait_for(|has_ended| *has_ended).await;
            }
            // A supervisor ends only as ordered. If it panics, its program ends with it.
            while spawn(Supervisor::new(Arc::clone(&host), Arc::clone(&app)).run()).await.is_err() {
                sleep(SUPERVISOR_PAUSE).await;
            }
            drop(place);
        });
    }
}

/// One supervisor, counted until it is dropped.
struct Running(Arc<Apps>);

impl Running {
    fn enter(apps: &Arc<Apps>) -> Self {
        apps.running.send_modify(|count| *count = count.saturating_add(1));
        Self(Arc::clone(apps))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.send_modify(|count| *count = count.saturating_sub(1));
    }
}
