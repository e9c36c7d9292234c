//! What a connection is doing, and since when.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Waker;
use std::time::Duration;

use rocket::futures::task::AtomicWaker;
use tokio::time::Instant;

use crate::web::HEAD_TIMEOUT;

/// The longest time for which a client takes nothing of a response.
const READER_TIMEOUT: Duration = Duration::from_secs(300);
/// The duration for which a new or idle connection counts as one with a part of a head: its request
/// may be on its way. Unfinished heads of an attacker would otherwise shut it out.
const FRESH: Duration = Duration::from_secs(1);
/// The bits of the phase, and the position of the number above them.
const PHASE: u64 = 0b111;
const NUMBER: u32 = 3;
/// No client blocks a response.
const NOT_BLOCKED: u64 = u64::MAX;

/// The phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// It waits for a request.
    Idle = 0,
    /// A part of a request head has arrived.
    Head = 1,
    /// A form is arriving.
    Form = 2,
    /// The gateway itself responds.
    Own = 3,
    /// An upstream responds.
    Session = 4,
}

/// The activity of one connection. Its socket, its requests and the list of all connections share
/// it.
pub(super) struct Activity {
    /// The start of the connection. The other times count from here, in milliseconds.
    start: Instant,
    /// The phase in the three lowest bits, and the number of the newest request above them. One
    /// value, so that the end of an older request cannot change the phase of a newer one.
    phase: AtomicU64,
    /// The start of the phase.
    since: AtomicU64,
    /// The time since which the client takes nothing of a response, or [`NOT_BLOCKED`].
    blocked_since: AtomicU64,
    /// Whether the connection must close at once.
    must_close: AtomicBool,
    /// Whether the connection must close after its current request.
    must_end: AtomicBool,
    /// Whether bytes of a response of ours may wait to be written.
    owes_response: AtomicBool,
    /// Whether the connection's task is running. It looks at the phase afterwards by itself.
    is_polled: AtomicBool,
    waker: AtomicWaker,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            phase: AtomicU64::new(Phase::Idle as u64),
            since: AtomicU64::new(0),
            blocked_since: AtomicU64::new(NOT_BLOCKED),
            must_close: AtomicBool::new(false),
            must_end: AtomicBool::new(false),
            owes_response: AtomicBool::new(false),
            is_polled: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::SeqCst) & PHASE {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Form,
            3 => Phase::Own,
            _ => Phase::Session,
        }
    }

    /// Starts a phase.
    pub(super) fn enter(&self, phase: Phase) {
        self.set_phase(phase, Some);
    }

    /// Starts a phase of the request that `number` returns for the newest one. `None` changes
    /// nothing. Returns the number.
    fn set_phase(&self, phase: Phase, number: impl Fn(u64) -> Option<u64>) -> Option<u64> {
        let newest = |value: u64| value >> NUMBER;
        number(newest(self.phase.load(Ordering::SeqCst)))?;
        self.since.store(self.elapsed(), Ordering::Release);
        self.phase
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |value| {
                Some(number(newest(value))? << NUMBER | phase as u64)
            })
            .ok()
            .and_then(|value| number(newest(value)))
    }

    /// The client takes bytes of a response, or takes none.
    pub(super) fn set_blocked(&self, is_blocked: bool) {
        let blocked_since = self.blocked_since.load(Ordering::Acquire);
        match (is_blocked, blocked_since) {
            (true, NOT_BLOCKED) => self.blocked_since.store(self.elapsed(), Ordering::Release),
            (false, NOT_BLOCKED) | (true, _) => {}
            (false, _) => self.blocked_since.store(NOT_BLOCKED, Ordering::Release),
        }
    }

    /// When the connection must close, if nothing changes. `idle` is the timeout of an idle
    /// connection.
    pub(super) fn deadline(&self, idle: Duration) -> Option<Instant> {
        let since = |at: u64, limit: Duration| self.start + Duration::from_millis(at) + limit;
        let blocked_since = self.blocked_since.load(Ordering::Acquire);
        let blocked = (blocked_since != NOT_BLOCKED).then(|| since(blocked_since, READER_TIMEOUT));
        let phase = match self.phase() {
            Phase::Idle => Some(idle),
            Phase::Head => Some(HEAD_TIMEOUT),
            // The timeouts of these phases are those of their requests.
            Phase::Form | Phase::Own | Phase::Session => None,
        };
        let phase = phase.map(|limit| since(self.since.load(Ordering::Acquire), limit));
        phase.into_iter().chain(blocked).min()
    }

    /// How little is lost if the gateway closes the connection to make room, and the time since
    /// which it waits. `None` if it does not wait for its client. The smallest value closes first.
    pub(super) fn expendability(&self) -> Option<(u8, Instant)> {
        let at =
            |since: &AtomicU64| self.start + Duration::from_millis(since.load(Ordering::Acquire));
        match self.phase() {
            Phase::Session => None,
            Phase::Own => (self.blocked_since.load(Ordering::Acquire) != NOT_BLOCKED)
                .then(|| (Phase::Own as u8, at(&self.blocked_since))),
            phase => {
                let since = at(&self.since);
                let is_fresh = phase == Phase::Idle && since.elapsed() < FRESH;
                let phase = if is_fresh { Phase::Head } else { phase };
                Some((phase as u8, since))
            }
        }
    }

    /// Closes the connection at once.
    pub(super) fn close(&self) {
        self.must_close.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Closes the connection after its current request.
    pub(super) fn end(&self) {
        self.must_end.store(true, Ordering::Release);
        self.waker.wake();
    }

    pub(super) fn must_close(&self) -> bool {
        self.must_close.load(Ordering::Acquire)
    }

    pub(super) fn must_end(&self) -> bool {
        self.must_end.load(Ordering::Acquire)
    }

    /// Wakes this task when the connection must close or end.
    pub(super) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Whether a byte that hyper writes now belongs to a response of ours. Otherwise hyper answers
    /// a malformed request head itself.
    pub(super) fn owes_response(&self) -> bool {
        self.owes_response.load(Ordering::Acquire)
    }

    /// hyper has written all that it had.
    pub(super) fn flushed(&self) {
        if matches!(self.phase(), Phase::Idle | Phase::Head) {
            self.owes_response.store(false, Ordering::Release);
        }
    }

    /// The connection's task begins or stops to run.
    pub(super) fn set_polled(&self, is_polled: bool) {
        self.is_polled.store(is_polled, Ordering::SeqCst);
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

/// A request in progress. While a part of it is alive, its connection is not idle.
///
/// A part may outlive the response: the gateway drains the rest of a body. The connection's next
/// request may begin before that part ends.
pub(super) struct Busy {
    activity: Arc<Activity>,
    number: u64,
}

impl Busy {
    pub(super) fn new(activity: &Arc<Activity>, phase: Phase) -> Self {
        activity.owes_response.store(true, Ordering::Release);
        let number = activity.set_phase(phase, |newest| Some(newest.wrapping_add(1)));
        Self { activity: Arc::clone(activity), number: number.unwrap_or_default() }
    }

    /// Starts the next phase of the request.
    pub(super) fn enter(&self, phase: Phase) {
        self.activity.set_phase(phase, |newest| (newest == self.number).then_some(newest));
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.enter(Phase::Idle);
        // The deadline of an idle connection begins now.
        if !self.activity.is_polled.load(Ordering::SeqCst) {
            self.activity.waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_waits_for_its_client_is_expendable() {
        let activity = Arc::new(Activity::new());
        let order = |activity: &Activity| activity.expendability().map(|(order, _)| order);
        assert_eq!(order(&activity), Some(1), "new");
        tokio::time::advance(FRESH).await;
        assert_eq!(order(&activity), Some(0));
        activity.enter(Phase::Head);
        assert_eq!(order(&activity), Some(1));
        let busy = Busy::new(&activity, Phase::Form);
        assert_eq!(order(&activity), Some(2));
        busy.enter(Phase::Own);
        assert_eq!(order(&activity), None);
        activity.set_blocked(true);
        assert_eq!(order(&activity), Some(3));
        busy.enter(Phase::Session);
        assert_eq!(order(&activity), None);
        drop(busy);
        assert_eq!(order(&activity), Some(1), "its next request may be on its way");
        tokio::time::advance(FRESH).await;
        assert_eq!(order(&activity), Some(0));
    }

    #[test]
    fn the_end_of_an_older_request_leaves_the_phase_of_a_newer_one() {
        let activity = Arc::new(Activity::new());
        let older = Busy::new(&activity, Phase::Own);
        let newer = Busy::new(&activity, Phase::Session);
        drop(older);
        assert_eq!(activity.phase(), Phase::Session);
        activity.flushed();
        assert!(activity.owes_response());
        drop(newer);
        assert_eq!(activity.phase(), Phase::Idle);
    }
}
