//! One app: its state for requests, and its use.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use super::output::OutputLog;
use super::status::{AppPhase, AppStatus, Listening, NotReady};
use crate::config::AppCommand;

/// A program that the gateway starts and keeps running. [`Apps::start`] starts it.
///
/// [`Apps::start`]: super::apps::Apps::start
pub struct App {
    /// The name of its tool.
    pub(super) tool: String,
    pub(super) command: AppCommand,
    pub(super) status: watch::Sender<AppStatus>,
    /// Whether the configuration no longer has it.
    pub(super) is_retired: watch::Sender<bool>,
    /// Whether its supervisor has ended.
    pub(super) has_ended: watch::Sender<bool>,
    /// Notified if a request waits for a start.
    pub(super) wanted: Notify,
    pub(super) output: Arc<OutputLog>,
    uses: AtomicUsize,
    /// The time of its last use, in milliseconds after `made`.
    last_use: AtomicU64,
    made: Instant,
}

/// A request, WebSocket or stream that uses an app, until it is dropped.
pub struct AppUse(Arc<App>);

impl App {
    /// The app of a tool. Its program does not run yet.
    pub fn new(tool: &str, command: AppCommand) -> Arc<Self> {
        Arc::new(Self {
            tool: tool.to_owned(),
            output: OutputLog::new(tool, &command),
            command,
            status: watch::Sender::new(AppStatus::starting()),
            is_retired: watch::Sender::new(false),
            has_ended: watch::Sender::new(false),
            wanted: Notify::new(),
            uses: AtomicUsize::new(0),
            last_use: AtomicU64::new(0),
            made: Instant::now(),
        })
    }

    /// The name of its tool.
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// Whether the gateway would start the same process for this command.
    pub fn runs(&self, command: &AppCommand) -> bool {
        self.command == *command
    }

    /// Its state.
    pub fn status(&self) -> AppStatus {
        self.status.borrow().clone()
    }

    /// Starts its program if `idle` has stopped it.
    pub fn wake(&self) {
        if matches!(self.status.borrow().phase, AppPhase::Stopped) {
            self.wanted.notify_one();
        }
    }

    /// Uses the app until the returned value is dropped. `idle` does not stop an app in use.
    pub fn enter(self: &Arc<Self>) -> AppUse {
        self.uses.fetch_add(1, Ordering::SeqCst);
        AppUse(Arc::clone(self))
    }

    /// Where it listens. Starts the program of a stopped app. Waits for at most `longest`, and only
    /// while the app probably starts.
    ///
    /// # Errors
    /// [`NotReady`] if it does not listen after the wait.
    pub async fn listening(&self, longest: Duration) -> Result<Listening, NotReady> {
        let mut status = self.status.subscribe();
        self.wake();
        let is_decided =
            |status: &AppStatus| matches!(status.phase, AppPhase::Ready(_)) || !status.may_start();
        let _ = timeout(longest, status.wait_for(is_decided)).await;
        let status = self.status();
        match (status.not_ready(), status.phase) {
            (None, AppPhase::Ready(listening)) => Ok(listening),
            (not_ready, _) => Err(not_ready.unwrap_or_default()),
        }
    }

    /// Ends its program, because the configuration no longer has the app.
    pub(super) fn retire(&self) {
        self.is_retired.send_replace(true);
    }

    /// Whether a request, WebSocket or stream uses it.
    pub fn is_used(&self) -> bool {
        self.uses.load(Ordering::SeqCst) > 0
    }

    /// The moment of its last use.
    pub(super) fn last_use(&self) -> Instant {
        self.made + Duration::from_millis(self.last_use.load(Ordering::SeqCst))
    }

    /// Records a use now.
    pub(super) fn touch(&self) {
        let now = u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_use.fetch_max(now, Ordering::SeqCst);
    }
}

impl Drop for AppUse {
    fn drop(&mut self) {
        self.0.touch();
        self.0.uses.fetch_sub(1, Ordering::SeqCst);
    }
}
