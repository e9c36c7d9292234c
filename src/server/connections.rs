//! All open connections, and the bounds on their number and memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::activity::{Activity, Phase};

/// The most bytes of all unfinished request heads together, beyond [`FREE_HEAD`] of each.
const MOST_HEAD_BYTES: usize = 16 * 1024 * 1024;
/// The bytes of a head that do not count: a browser's heads have 1 to 4 KiB.
const FREE_HEAD: usize = 8 * 1024;

/// All open connections.
pub(super) struct Connections {
    open: Mutex<HashMap<u64, Arc<Activity>>>,
    most: usize,
    next: AtomicU64,
    head_bytes: AtomicUsize,
    /// The number of dispatched requests, which may outlive their connections.
    dispatched: AtomicUsize,
    closed: Notify,
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
        }
    }

    /// Adds a connection. If the list is full, the most expendable one closes for it. `None` if no
    /// connection is expendable.
    pub(super) fn register(self: &Arc<Self>) -> Option<Registration> {
        let mut open = self.open();
        if open.len() >= self.most && !close_most_expendable(&mut open) {
            return None;
        }
        let activity = Arc::new(Activity::new());
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        open.insert(number, Arc::clone(&activity));
        Some(Registration { connections: Arc::clone(self), number, activity, head: 0, charged: 0 })
    }

    /// Closes the most expendable connection, for its file descriptor.
    pub(super) fn make_room(&self) {
        close_most_expendable(&mut self.open());
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

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the most expendable connection, and removes it from the list. `false` if no connection is
/// expendable.
fn close_most_expendable(open: &mut HashMap<u64, Arc<Activity>>) -> bool {
    let candidates =
        open.iter().filter_map(|(number, activity)| Some((activity.expendability()?, *number)));
    let Some((_, number)) = candidates.min() else { return false };
    if let Some(activity) = open.remove(&number) {
        activity.close();
    }
    true
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
        self.connections.open().remove(&self.number);
        self.connections.closed.notify_waiters();
    }
}

impl Drop for Dispatched {
    fn drop(&mut self) {
        self.0.dispatched.fetch_sub(1, Ordering::AcqRel);
        self.0.closed.notify_waiters();
    }
}
