//! The supervisor of the retries: if they end, it starts them again.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rocket::tokio::select;
use rocket::tokio::task::{JoinHandle, spawn};
use rocket::tokio::time::{Instant, sleep};

use super::grades::{Grades, LatestGrades};

/// The first and the longest wait before the retries start again.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Grades {
    /// Starts a task that retries queued grades until `stopped`. Interrupted grades stay queued.
    /// `latest` returns the delivery with the latest configuration; each attempt uses it.
    ///
    /// If the retries end early, for example with a panic, they start again.
    pub fn start_delivery(
        latest: impl Fn() -> Arc<Self> + Send + Sync + 'static,
        stopped: impl Future<Output = ()> + Send + 'static,
    ) -> JoinHandle<()> {
        let grades = latest();
        grades.is_delivering.store(true, Ordering::SeqCst);
        spawn(grades.supervise(Arc::new(latest), stopped))
    }

    /// Whether queued grades are retried. `true` without an outbox, which has no queued grades.
    pub fn is_delivering(&self) -> bool {
        self.outbox.is_none() || self.is_delivering.load(Ordering::SeqCst)
    }

    async fn supervise(self: Arc<Self>, latest: LatestGrades, stopped: impl Future<Output = ()>) {
        if self.outbox.is_none() {
            return;
        }
        let mut stopped = pin!(stopped);
        let mut wait = FIRST_WAIT;
        loop {
            let started = Instant::now();
            self.is_delivering.store(true, Ordering::SeqCst);
            let mut task = spawn(Self::deliver(Arc::clone(&latest)));
            let ended = select! {
                ended = &mut task => ended,
                () = &mut stopped => {
                    task.abort();
                    // The attempts end before the caller goes on.
                    let _ = task.await;
                    return;
                }
            };
            self.is_delivering.store(false, Ordering::SeqCst);
            if started.elapsed() > LONGEST_WAIT {
                wait = FIRST_WAIT;
            }
            let reason = if ended.is_err() { "it panicked" } else { "it returned" };
            tracing::error!(
                target: "grade", reason, again_in = wait.as_secs(),
                "the delivery of queued grades ended and starts again"
            );
            select! {
                () = sleep(wait) => {}
                () = &mut stopped => return,
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}
