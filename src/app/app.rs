//! One app: its state for requests, and its use.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use super::output::OutputLog;
use super::status::{AppPhase, AppStatus, Listening, NotReady};
use crate::config::AppCommand;

/// A program that the gateway starts and keeps running. It starts with [`Apps::start`].
///
/// [`Apps::start`]: super::apps::Apps::start
pub struct App {
    /// The name of its tool.
    pub(super) tool: String,
    pub(super) command: AppCommand,
    pub(super) status: watch::Sender<AppStatus>,
    /// Whether the configuration still has it.
    pub(super) is_retired: watch::Sender<bool>,
    /// Whether its supervisor has ended.
    pub(super) has_ended: watch::Sender<bool>,
    /// A request waits for a start.
    pub(super) wanted: Notify,
    pub(super) output: Arc<OutputLog>,
    uses: AtomicUsize,
    /// When it was used last, in milliseconds after `made`.
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

    /// Starts its program if it was stopped because nobody used it.
    pub fn wake(&self) {
        if matches!(self.status.borrow().phase, AppPhase::Stopped) {
            self.wanted.notify_one();
        }
    }

    /// Uses the app. While anything does, `idle` does not stop it.
    pub fn enter(self: &Arc<Self>) -> AppUse {
        self.uses.fetch_add(1, Ordering::SeqCst);
        AppUse(Arc::clone(self))
    }

    /// Where it listens. If it does not, its program starts, and the call waits for at most
    /// `longest`, as long as the app probably starts.
    ///
    /// # Errors
    /// [`NotReady`] if it does not listen then.
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

    /// The end of its program because the configuration no longer has it.
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
