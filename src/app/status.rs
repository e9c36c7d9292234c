//! The state of an app, which requests and `/ready` read.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::listener::KnownSockets;

/// After this number of failed starts in a row, pages no longer promise that the app starts.
const MOST_FAILURES: u32 = 3;

/// The state of an app.
#[derive(Clone, Debug)]
pub struct AppStatus {
    /// What its program does.
    pub phase: AppPhase,
    /// The number of failed runs in a row. A long run resets it.
    pub failures: u32,
    /// The total number of restarts after its program ended.
    pub restarts: u64,
}

/// What the program of an app does.
#[derive(Clone, Debug)]
pub enum AppPhase {
    /// It does not run: no user needs it, or the gateway stops.
    Stopped,
    /// It runs, but does not listen yet.
    Starting,
    /// It listens.
    Ready(Listening),
    /// It ended, and starts again after this time.
    Waiting {
        /// How it ended.
        end: Arc<str>,
        /// The time until the next start.
        wait: Duration,
    },
}

/// Where one run of an app's program listens.
#[derive(Clone, Debug)]
pub struct Listening {
    /// The number of the run, unique in this process and at least 1. Each run has its own
    /// connections.
    pub run: u64,
    /// The loopback address.
    pub address: SocketAddr,
    pub(super) sockets: Arc<KnownSockets>,
}

impl Listening {
    /// Whether the run of the app still listens there, and nothing else does.
    pub async fn is_own(&self) -> bool {
        KnownSockets::are_own(&self.sockets).await
    }

    /// Whether an open connection from `near`, a local address, leads to the run of the app.
    pub async fn accepts(&self, near: SocketAddr) -> bool {
        KnownSockets::accept(&self.sockets, near).await
    }
}

/// Why an app cannot answer a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotReady {
    /// Whether the app probably starts. `false` after several failures.
    pub may_start: bool,
    /// The fact, for the log.
    pub fact: String,
}

impl AppStatus {
    pub(super) fn starting() -> Self {
        Self { phase: AppPhase::Starting, failures: 0, restarts: 0 }
    }

    /// Whether the app probably starts, so that a request should wait.
    pub fn may_start(&self) -> bool {
        self.failures < MOST_FAILURES
    }

    /// Why the app cannot answer. `None` if it listens.
    pub fn not_ready(&self) -> Option<NotReady> {
        let fact = match &self.phase {
            AppPhase::Stopped => "does not run".to_owned(),
            AppPhase::Starting => "has started, and listens at no port yet".to_owned(),
            AppPhase::Ready(_) => return None,
            AppPhase::Waiting { end, .. } => format!("has ended ({end})"),
        };
        Some(NotReady { may_start: self.may_start(), fact })
    }
}

/// A word for `/ready`: no address, and nothing that the program printed.
impl fmt::Display for AppStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.phase {
            AppPhase::Stopped => "stopped",
            AppPhase::Starting => "starting",
            AppPhase::Ready(_) => "ready",
            AppPhase::Waiting { .. } => "ended",
        })?;
        match self.restarts {
            0 => Ok(()),
            1 => formatter.write_str(", 1 restart"),
            restarts => write!(formatter, ", {restarts} restarts"),
        }
    }
}
