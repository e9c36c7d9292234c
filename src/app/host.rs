//! The state that all apps of a gateway share: how they start, their ports, and the order to stop.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;
use tokio::time::Instant;

use super::port::Ports;
use super::timing::AppTiming;

/// The variables of the gateway that an app also receives, if they are set. A name that ends with
/// `_` is the start of names.
const PASSED: [&str; 11] = [
    "PATH",
    "HOME",
    "LANG",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONUNBUFFERED",
    "GEM_PATH",
    "LC_",
];

/// The limit of open files, if the system does not report it.
const USUAL_OPEN_FILES: u64 = 1024;

/// The state that the supervisors of all apps share.
pub(super) struct AppHost {
    /// The gateway's own program, which becomes an app's.
    pub(super) starter: PathBuf,
    /// The variables of the gateway that apps receive.
    pub(super) environment: Vec<(String, String)>,
    /// The limit of open files at the start of the gateway, which then raises its own.
    pub(super) open_files: u64,
    pub(super) timing: AppTiming,
    pub(super) ports: Ports,
    pub(super) order: watch::Sender<Order>,
    last_run: AtomicU64,
}

/// The order for all apps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Run.
    Run,
    /// Run, but never start again: the gateway stops after its requests in progress.
    Close,
    /// Stop, with SIGKILL at this moment.
    Stop(Instant),
}

impl AppHost {
    pub(super) fn new<'e>(
        starter: PathBuf,
        environment: impl IntoIterator<Item = (&'e str, &'e str)>,
        timing: AppTiming,
    ) -> Self {
        let passed = environment.into_iter().filter(|(name, _)| is_passed(name));
        Self {
            starter,
            environment: passed.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            open_files: rlimit::getrlimit(rlimit::Resource::NOFILE)
                .map_or(USUAL_OPEN_FILES, |(soft, _)| soft),
            timing,
            ports: Ports::default(),
            order: watch::Sender::new(Order::Run),
            last_run: AtomicU64::new(0),
        }
    }

    /// The number of the next run.
    pub(super) fn next_run(&self) -> u64 {
        self.last_run.fetch_add(1, Ordering::Relaxed).saturating_add(1)
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
