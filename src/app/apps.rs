//! What all apps of a gateway share: how they start, their ports, and the order to stop.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::spawn;
#[cfg(target_os = "linux")]
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::app::App;
use super::port::Ports;
use super::supervisor::Supervisor;
use super::timing::AppTiming;

/// The variables of the gateway that an app also receives, if they are set.
const PASSED: [&str; 10] = [
    "PATH",
    "HOME",
    "LANG",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "PYTHONHOME",
    "PYTHONPATH",
    "GEM_PATH",
    "LC_",
];

/// The time after SIGKILL until the system has ended a process.
const KILL_TIME: Duration = Duration::from_secs(1);

/// What the apps of a gateway share. It outlives a configuration.
pub struct Apps {
    /// The gateway's own program, which becomes an app's.
    pub(super) starter: PathBuf,
    pub(super) environment: Vec<(String, String)>,
    pub(super) timing: AppTiming,
    pub(super) ports: Ports,
    pub(super) order: watch::Sender<Order>,
    is_started: AtomicBool,
    /// The number of supervisors.
    running: watch::Sender<usize>,
    last_run: AtomicU64,
}

/// What all apps have to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Run.
    Run,
    /// Run, but start no more: the gateway stops after its requests in progress.
    Close,
    /// Stop, with SIGKILL at this moment.
    Stop(Instant),
}

impl Apps {
    /// `starter` is the gateway's own program. Apps receive only those variables of `environment`
    /// that no secret is in.
    pub fn new<'e>(
        starter: PathBuf,
        environment: impl IntoIterator<Item = (&'e str, &'e str)>,
        timing: AppTiming,
    ) -> Arc<Self> {
        let passed = environment.into_iter().filter(|(name, _)| is_passed(name));
        Arc::new(Self {
            starter,
            environment: passed.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            timing,
            ports: Ports::default(),
            order: watch::Sender::new(Order::Run),
            is_started: AtomicBool::new(false),
            running: watch::Sender::new(0),
            last_run: AtomicU64::new(0),
        })
    }

    /// Starts the programs of apps, and keeps them running. None of them gets the gateway's port.
    pub fn start(self: &Arc<Self>, apps: &[Arc<App>], port: u16) {
        self.ports.exclude(port);
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
        self.order.send_if_modified(|order| {
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
        self.order.send_replace(Order::Stop(kill));
        let mut running = self.running.subscribe();
        let _ = timeout_at(kill + KILL_TIME, running.wait_for(|count| *count == 0)).await;
    }

    /// The number of another run.
    pub(super) fn next_run(&self) -> u64 {
        self.last_run.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Starts the supervisor of an app, after the end of its predecessor.
    fn run(self: &Arc<Self>, app: Arc<App>, former: Option<Arc<App>>) {
        let place = Running::enter(self);
        let supervisor = Supervisor::new(Arc::clone(self), app);
        spawn(async move {
            if let Some(former) = former {
                let _ = former.has_ended.subscribe().wait_for(|has_ended| *has_ended).await;
            }
            supervisor.run().await;
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

/// Whether an app receives a variable of the gateway.
fn is_passed(name: &str) -> bool {
    PASSED.iter().any(|passed| match passed.ends_with('_') {
        true => name.starts_with(passed),
        false => name == *passed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apps_receive_exactly_these_variables() {
        for name in ["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "PYTHONPATH"] {
            assert!(is_passed(name), "{name}");
        }
        for name in ["", "LTI_SECRET", "PATHS", "XPATH", "PORT", "DATABASE_URL", "LC", "path"] {
            assert!(!is_passed(name), "{name}");
        }
    }
}
