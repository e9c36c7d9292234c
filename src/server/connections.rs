//! All open connections, and the bounds on their number and memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::activity::{Activity, Phase};

/// The most bytes of all unfinished request heads together, beyond [`FREE_HEAD`] of each.
const MOST_HEAD_BYTES: usize = 16 * 1024 * 1024;
/// The bytes of a head that do not count: a browser's heads have 1 to 4 KiB.
const FREE_HEAD: usize = 8 * 1024;

/// The longest wait for the end of a connection that closes for a new one.
const CLOSING: Duration = Duration::from_millis(50);

/// All open connections.
pub(super) struct Connections {
    open: Mutex<HashMap<u64, Arc<Activity>>>,
    most: usize,
    next: AtomicU64,
    head_bytes: AtomicUsize,
    /// The number of dispatched requests, which may outlive their connections.
    dispatched: AtomicUsize,
    closed: Notify,
    /// The number of connections that are to close at once, but are not closed yet. Each still
    /// holds its file descriptor.
    closing: AtomicUsize,
}

/// The place of a connection in the list. Dropping the value leaves the list.
pub(super) struct Registration {
    connections: Arc<Connections>,
    number: u64,
    pub(super) activity: Arc<Activity>,
    /// The bytes of the current head that count in `head_bytes`.
    head: usize,
    charged: usize,
}

/// A dispatched request.
pub(super) struct Dispatched(Arc<Connections>);

impl Connections {
    /// A list of at most `most` connections.
    pub(super) fn new(most: usize) -> Self {
        Self {
            open: Mutex::default(),
            most,
            next: AtomicU64::new(0),
            head_bytes: AtomicUsize::new(0),
            dispatched: AtomicUsize::new(0),
            closed: Notify::new(),
            closing: AtomicUsize::new(0),
        }
    }

    /// Adds a connection. If the list is full, the most expendable one closes for it. `None` if no
    /// connection is expendable.
    pub(super) fn register(self: &Arc<Self>) -> Option<Registration> {
        let mut open = self.open();
        if open.len() >= self.most && !self.close_most_expendable(&mut open) {
            return None;
        }
        let activity = Arc::new(Activity::new());
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        open.insert(number, Arc::clone(&activity));
        Some(Registration { connections: Arc::clone(self), number, activity, head: 0, charged: 0 })
    }

    /// Closes the most expendable connection, for its file descriptor.
    pub(super) fn make_room(&self) {
        self.close_most_expendable(&mut self.open());
    }

    /// Waits until the connections that had to close are closed, but not for long. A burst of new
    /// connections would otherwise use up the file descriptors.
    pub(super) async fn room(&self) {
        let all_closed = async {
            loop {
                let closed = self.closed.notified();
                if self.closing.load(Ordering::Acquire) == 0 {
                    return;
                }
                closed.await;
            }
        };
        let _ = timeout(CLOSING, all_closed).await;
    }

    /// Lets every connection close after its current request.
    pub(super) fn end_all(&self) {
        self.open().values().for_each(|activity| activity.end());
    }

    /// Closes every connection at once. Returns how many requests that cuts.
    pub(super) fn close_all(&self) -> usize {
        let open = self.open();
        open.values().for_each(|activity| activity.close());
        open.values().filter(|activity| activity.phase() != Phase::Idle).count()
    }

    /// Counts a dispatched request until the value is dropped.
    pub(super) fn dispatch(self: &Arc<Self>) -> Dispatched {
        self.dispatched.fetch_add(1, Ordering::Relaxed);
        Dispatched(Arc::clone(self))
    }

    /// Waits until no connection is open and no request is in progress.
    pub(super) async fn all_closed(&self) {
        loop {
            let closed = self.closed.notified();
            if self.open().is_empty() && self.dispatched.load(Ordering::Acquire) == 0 {
                return;
            }
            closed.await;
        }
    }

    /// Closes the most expendable connection, and removes it from the list. `false` without an
    /// expendable one.
    fn close_most_expendable(&self, open: &mut HashMap<u64, Arc<Activity>>) -> bool {
        let candidates =
            open.iter().filter_map(|(number, activity)| Some((activity.expendability()?, *number)));
        let Some((_, number)) = candidates.min() else { return false };
        if let Some(activity) = open.remove(&number) {
            self.closing.fetch_add(1, Ordering::AcqRel);
            activity.close();
        }
        true
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registration {
    /// Counts bytes of a request head. `false` if all unfinished heads together are too large.
    pub(super) fn add_head_bytes(&mut self, bytes: usize) -> bool {
        self.head += bytes;
        let charge = self.head.saturating_sub(FREE_HEAD) - self.charged;
        self.charged += charge;
        let all = self.connections.head_bytes.fetch_add(charge, Ordering::Relaxed) + charge;
        charge == 0 || all <= MOST_HEAD_BYTES
    }

    /// Starts the count of the next head.
    pub(super) fn reset_head_bytes(&mut self) {
        self.connections.head_bytes.fetch_sub(self.charged, Ordering::Relaxed);
        (self.head, self.charged) = (0, 0);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.reset_head_bytes();
        // Otherwise it was removed in order to close.
        if self.connections.open().remove(&self.number).is_none() {
            self.connections.closing.fetch_sub(1, Ordering::AcqRel);
        }
        self.connections.closed.notify_waiters();
    }
}

impl Drop for Dispatched {
    fn drop(&mut self) {
        self.0.dispatched.fetch_sub(1, Ordering::AcqRel);
        self.0.closed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_next_connection_waits_until_the_one_that_it_replaces_is_closed() {
        let connections = Arc::new(Connections::new(1));
        let first = connections.register().expect("room");
        assert!(timeout(Duration::ZERO, connections.room()).await.is_ok(), "nothing closes");
        let second = connections.register().expect("the first is expendable");
        assert!(first.activity.must_close());
        assert!(timeout(CLOSING / 2, connections.room()).await.is_err(), "the first is open");
        // A connection that does not end delays the next one only for a short time.
        assert!(timeout(CLOSING * 2, connections.room()).await.is_ok());
        drop(first);
        assert!(timeout(Duration::ZERO, connections.room()).await.is_ok());
        drop(second);
        assert!(timeout(Duration::ZERO, connections.all_closed()).await.is_ok());
    }
}
