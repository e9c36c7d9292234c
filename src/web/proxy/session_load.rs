//! The bounds of each session: concurrent requests, waiting requests and streams.
//!
//! One browser then cannot occupy the connections that others need.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::app::AppUse;

/// The most concurrent requests of a session. Routers that speak HTTP/2 send 100 at once, so the
/// next ones wait.
pub(crate) const MOST_REQUESTS: usize = 64;
/// The most requests of a session that wait.
pub(crate) const MOST_WAITING: usize = 256;
/// The most WebSockets and event streams of a session.
pub(crate) const MOST_STREAMS: usize = 32;
/// The longest that a request waits. Heroku's router gives up after 30 seconds: half of them are
/// left for the upstream. A page of the gateway also explains more than the router's error.
pub(crate) const WAIT_TIMEOUT: Duration = Duration::from_secs(15);

/// A session has [`MOST_REQUESTS`] and [`MOST_WAITING`] requests, or one has waited for
/// [`WAIT_TIMEOUT`].
#[derive(Debug, PartialEq, Eq)]
pub(in crate::web) struct TooManyRequests;

/// A session has [`MOST_STREAMS`] WebSockets and event streams.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::web) struct TooManyStreams;

/// Counts the requests and streams of each session. A session without any has no entry.
#[derive(Clone, Default)]
pub(in crate::web) struct SessionLoads {
    loads: Arc<Mutex<LoadMap>>,
}

/// The loads, by tool and session id.
type LoadMap = HashMap<Arc<str>, SessionLoad>;

/// The requests and streams of one session.
struct SessionLoad {
    /// One permit for each request in flight. Its queue is first in, first out.
    slots: Arc<Semaphore>,
    /// The requests in flight and the waiting ones.
    requests: usize,
    streams: usize,
}

/// The permit of a request in flight. Dropping it admits the next one.
pub(in crate::web) struct RequestPermit {
    // Dropped in this order, so that an entry never vanishes while one of its slots is in use.
    slot: OwnedSemaphorePermit,
    place: Place,
    app: Option<AppUse>,
}

/// The permit of a WebSocket or an event stream.
pub(in crate::web) struct StreamPermit {
    _place: Place,
    _app: Option<AppUse>,
}

/// One unit of a session's load, until it is dropped.
struct Place {
    loads: Arc<Mutex<LoadMap>>,
    key: Arc<str>,
    is_stream: bool,
}

impl SessionLoads {
    /// Admits a request of a session, if necessary after a wait. Requests that wait are admitted in
    /// the order of their arrival. A dropped future leaves the queue.
    ///
    /// # Errors
    /// [`TooManyRequests`] at once if too many wait, or after [`WAIT_TIMEOUT`].
    pub(in crate::web) async fn admit(
        &self,
        tool: &str,
        id: &str,
    ) -> Result<RequestPermit, TooManyRequests> {
        let (place, slots) = self.enter(tool, id)?;
        let slot = match Arc::clone(&slots).try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => match timeout(WAIT_TIMEOUT, slots.acquire_owned()).await {
                Ok(Ok(slot)) => slot,
                _ => return Err(TooManyRequests),
            },
        };
        Ok(RequestPermit { slot, place, app: None })
    }

    /// Counts a request, and returns the slots for which it may wait.
    fn enter(&self, tool: &str, id: &str) -> Result<(Place, Arc<Semaphore>), TooManyRequests> {
        // An id has no slash.
        let key: Arc<str> = [tool, "/", id].concat().into();
        let mut loads = lock(&self.loads);
        let load = loads.entry(Arc::clone(&key)).or_insert_with(SessionLoad::new);
        if load.requests >= MOST_REQUESTS + MOST_WAITING {
            return Err(TooManyRequests);
        }
        load.requests += 1;
        let slots = Arc::clone(&load.slots);
        drop(loads);
        Ok((Place { loads: Arc::clone(&self.loads), key, is_stream: false }, slots))
    }
}

impl RequestPermit {
    /// Keeps the use of an app as long as the request, or its stream.
    pub(in crate::web) fn keep(&mut self, app: AppUse) {
        self.app = Some(app);
    }

    /// Turns the request into a WebSocket or an event stream, which no longer counts as a request.
    ///
    /// # Errors
    /// [`TooManyStreams`] if the session has too many. The request then ends.
    pub(in crate::web) fn into_stream(self) -> Result<StreamPermit, TooManyStreams> {
        let Self { slot, mut place, app } = self;
        let result = place.become_stream();
        drop(slot);
        result.map(|()| StreamPermit { _place: place, _app: app })
    }
}

impl SessionLoad {
    fn new() -> Self {
        Self { slots: Arc::new(Semaphore::new(MOST_REQUESTS)), requests: 0, streams: 0 }
    }
}

impl Place {
    fn become_stream(&mut self) -> Result<(), TooManyStreams> {
        let mut loads = lock(&self.loads);
        match loads.get_mut(&self.key) {
            Some(load) if load.streams < MOST_STREAMS => {
                load.streams += 1;
                load.requests = load.requests.saturating_sub(1);
            }
            _ => return Err(TooManyStreams),
        }
        drop(loads);
        self.is_stream = true;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut loads = lock(&self.loads);
        if let Entry::Occupied(mut entry) = loads.entry(Arc::clone(&self.key)) {
            let load = entry.get_mut();
            let count = if self.is_stream { &mut load.streams } else { &mut load.requests };
            *count = count.saturating_sub(1);
            if load.requests == 0 && load.streams == 0 {
                entry.remove();
            }
        }
    }
}

fn lock(loads: &Mutex<LoadMap>) -> MutexGuard<'_, LoadMap> {
    loads.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::task::{JoinHandle, JoinSet, yield_now};
    use tokio::time::{Instant, sleep};

    use super::*;

    type Admission = Result<RequestPermit, TooManyRequests>;

    impl SessionLoads {
        /// Requests (with the waiting ones) and streams of a session.
        fn of(&self, tool: &str, id: &str) -> Option<(usize, usize)> {
            let loads = lock(&self.loads);
            loads.get(&*format!("{tool}/{id}")).map(|load| (load.requests, load.streams))
        }

        fn sessions(&self) -> usize {
            lock(&self.loads).len()
        }

        /// Admits a request that need not wait.
        async fn admit_at_once(&self, id: &str) -> RequestPermit {
            let start = Instant::now();
            let permit = self.admit("nb", id).await.expect("admitted");
            assert_eq!(start.elapsed(), Duration::ZERO);
            permit
        }

        async fn fill(&self, id: &str) -> Vec<RequestPermit> {
            let mut permits = Vec::new();
            for _ in 0..MOST_REQUESTS {
                permits.push(self.admit_at_once(id).await);
            }
            permits
        }
    }

    /// Starts a request in a task of its own, and lets it run until it waits.
    async fn start(loads: &Arc<SessionLoads>, id: &'static str) -> JoinHandle<Admission> {
        let loads = Arc::clone(loads);
        let task = tokio::spawn(async move { loads.admit("nb", id).await });
        yield_now().await;
        task
    }

    #[test]
    fn permits_can_move_into_tasks() {
        fn check<T: Send + 'static>() {}
        check::<RequestPermit>();
        check::<StreamPermit>();
        check::<SessionLoads>();
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_requests_at_once_are_all_admitted() {
        let loads = Arc::new(SessionLoads::default());
        let mut requests = JoinSet::new();
        for _ in 0..100 {
            let loads = Arc::clone(&loads);
            requests.spawn(async move {
                let permit = loads.admit("nb", "a").await?;
                sleep(Duration::from_secs(1)).await;
                drop(permit);
                Ok::<_, TooManyRequests>(())
            });
        }
        let start = Instant::now();
        assert!(requests.join_all().await.iter().all(Result::is_ok));
        assert_eq!(start.elapsed(), Duration::from_secs(2), "64, then 36");
        assert_eq!(loads.sessions(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_admitted_in_the_order_of_their_arrival() {
        let loads = Arc::new(SessionLoads::default());
        let mut permits = loads.fill("a").await;
        let waiting =
            [start(&loads, "a").await, start(&loads, "a").await, start(&loads, "a").await];
        let mut admitted = Vec::new();
        for (number, request) in waiting.into_iter().enumerate() {
            assert!(!request.is_finished(), "{number} waits");
            permits.pop();
            // A later request does not overtake.
            let late = start(&loads, "a").await;
            assert!(!late.is_finished());
            late.abort();
            assert!(late.await.is_err_and(|error| error.is_cancelled()));
            admitted.push(request.await.expect("no panic").expect("admitted"));
        }
        assert_eq!(loads.of("nb", "a"), Some((MOST_REQUESTS, 0)));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_beyond_the_waiting_ones_are_refused_at_once() {
        let loads = Arc::new(SessionLoads::default());
        let mut permits = loads.fill("a").await;
        let mut waiting = Vec::new();
        for _ in 0..MOST_WAITING {
            waiting.push(start(&loads, "a").await);
        }
        let begin = Instant::now();
        assert_eq!(loads.admit("nb", "a").await.err(), Some(TooManyRequests));
        assert_eq!(begin.elapsed(), Duration::ZERO);
        // Other sessions do not notice: neither of the same tool, nor of the same id.
        drop(loads.admit_at_once("b").await);
        assert!(loads.admit("other", "a").await.is_ok());

        // The end of a request makes place for another.
        permits.pop();
        let late = start(&loads, "a").await;
        assert!(!late.is_finished(), "it waits");
        assert_eq!(loads.admit("nb", "a").await.err(), Some(TooManyRequests));
        drop((permits, waiting, late));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_waits_is_refused_after_the_timeout() {
        let loads = Arc::new(SessionLoads::default());
        let permits = loads.fill("a").await;
        let begin = Instant::now();
        assert_eq!(loads.admit("nb", "a").await.err(), Some(TooManyRequests));
        assert_eq!(begin.elapsed(), WAIT_TIMEOUT);
        assert_eq!(loads.of("nb", "a"), Some((MOST_REQUESTS, 0)));
        drop(permits);
        assert_eq!(loads.sessions(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_leaves_frees_its_place_in_the_queue() {
        let loads = Arc::new(SessionLoads::default());
        let mut permits = loads.fill("a").await;
        let mut waiting = Vec::new();
        for _ in 0..MOST_WAITING {
            waiting.push(start(&loads, "a").await);
        }
        let next = waiting.pop().expect("one");
        for request in waiting.drain(..) {
            request.abort();
            assert!(request.await.is_err_and(|error| error.is_cancelled()));
        }
        assert_eq!(loads.of("nb", "a"), Some((MOST_REQUESTS + 1, 0)));
        // The first that still waits is the next.
        permits.pop();
        let admitted = next.await.expect("no panic").expect("admitted");
        drop((admitted, permits));
        assert_eq!(loads.sessions(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_future_that_is_dropped_after_it_received_its_slot_returns_it() {
        let loads = Arc::new(SessionLoads::default());
        let mut permits = loads.fill("a").await;
        {
            let request = loads.admit("nb", "a");
            let mut request = std::pin::pin!(request);
            let waits = timeout(Duration::ZERO, &mut request).await;
            assert!(waits.is_err());
            // The slot goes to the request, which is not polled again.
            permits.pop();
        }
        drop(loads.admit_at_once("a").await);
        assert_eq!(loads.of("nb", "a"), Some((MOST_REQUESTS - 1, 0)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_leaves_the_requests_and_joins_the_streams() {
        let loads = Arc::new(SessionLoads::default());
        let mut streams = Vec::new();
        for _ in 0..MOST_STREAMS {
            streams.push(loads.admit_at_once("a").await.into_stream().expect("a stream"));
        }
        assert_eq!(loads.of("nb", "a"), Some((0, MOST_STREAMS)));
        // All requests are still available.
        let mut permits = loads.fill("a").await;
        let waiting = start(&loads, "a").await;

        // A refused stream ends its request.
        let request = permits.pop().expect("one");
        assert_eq!(request.into_stream().err(), Some(TooManyStreams));
        let admitted = waiting.await.expect("no panic").expect("admitted");
        assert_eq!(loads.of("nb", "a"), Some((MOST_REQUESTS, MOST_STREAMS)));

        // The end of a stream makes place for another. Its request admits the next.
        streams.pop();
        let waiting = start(&loads, "a").await;
        streams.push(admitted.into_stream().expect("a stream"));
        drop(waiting.await.expect("no panic").expect("admitted"));

        // Streams keep the entry, and its bounds.
        drop(permits);
        assert_eq!(loads.of("nb", "a"), Some((0, MOST_STREAMS)));
        assert!(loads.admit_at_once("a").await.into_stream().is_err());
        assert!(loads.admit_at_once("b").await.into_stream().is_ok());
        drop(streams);
        assert_eq!(loads.sessions(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_and_its_stream_use_the_app_until_they_end() {
        let command = crate::config::AppCommand {
            program: "app".to_owned(),
            arguments: Vec::new(),
            directory: "/".into(),
            environment: std::collections::BTreeMap::new(),
            idle: None,
        };
        let app = crate::app::App::new("nb", command);
        let loads = Arc::new(SessionLoads::default());
        let mut permit = loads.admit_at_once("a").await;
        permit.keep(app.enter());
        let stream = permit.into_stream().expect("a stream");
        assert!(app.is_used());
        drop(stream);
        assert!(!app.is_used());
        let mut permit = loads.admit_at_once("a").await;
        permit.keep(app.enter());
        drop(permit);
        assert!(!app.is_used());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_entry_remains_after_many_sessions() {
        let loads = Arc::new(SessionLoads::default());
        let mut tasks = JoinSet::new();
        for task in 0..8_usize {
            let loads = Arc::clone(&loads);
            tasks.spawn(async move {
                for number in 0..2_000 {
                    // Tasks share sessions, so that entries vanish while others enter.
                    let id = format!("{}", number / 4);
                    let permit = loads.admit("nb", &id).await.expect("admitted");
                    match (number + task) % 3 {
                        0 => drop(permit),
                        1 => drop(permit.into_stream()),
                        _ => {
                            yield_now().await;
                            drop(permit);
                        }
                    }
                }
            });
        }
        tasks.join_all().await;
        let loads = lock(&loads.loads);
        assert!(loads.is_empty());
        assert!(loads.capacity() < 100, "{} places", loads.capacity());
    }
}
