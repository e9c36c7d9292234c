//! The idle keep-alive connections to all upstreams, and what is known about each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::task::spawn;
use tokio::time::sleep;

use super::connection::Connection;
use super::peer::Peer;
use super::probe::speaks_tls;

/// The keep-alive timeout of an idle connection.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(60);
/// The interval between two searches for connections that are closed or idle for too long.
const SWEEP_INTERVAL: Duration = Duration::from_secs(15);
/// The most idle connections to one upstream.
const MOST_IDLE: usize = 64;
/// The most idle connections to all upstreams.
const MOST_IDLE_IN_TOTAL: usize = 512;

/// The time for which the result of a probe counts.
const PROBE_LIFETIME: Duration = Duration::from_secs(60);

/// The idle connections to all upstreams.
#[derive(Default)]
pub(super) struct Pool {
    state: Mutex<PoolState>,
}

#[derive(Default)]
struct PoolState {
    peers: HashMap<Peer, PeerState>,
    /// The number of all idle connections.
    count: usize,
    /// Whether a task searches for old connections.
    is_swept: bool,
}

#[derive(Default)]
struct PeerState {
    /// The connection that was used last is the last one.
    idle: Vec<(Connection, Instant)>,
    /// Whether the peer has spoken HTTP, so that a connection was kept.
    has_answered: bool,
    /// The last probe for TLS, and its result.
    probe: Option<(Instant, bool)>,
    /// Whether it is an app that the gateway starts, whose address is for one run.
    is_own: bool,
}

impl Pool {
    /// The connection to this run of this peer that was used last and is still open.
    pub(super) fn take(&self, peer: &Peer, run: Option<u64>) -> Option<Connection> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let idle = &mut state.peers.get_mut(peer)?.idle;
        while let Some((connection, since)) = idle.pop() {
            state.count -= 1;
            let is_usable = connection.is_ready() && connection.leads_to(run);
            if is_usable && since.elapsed() < KEEP_ALIVE_TIMEOUT {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection, as soon as its response has ended.
    pub(super) fn keep(self: &Arc<Self>, peer: Peer, mut connection: Connection) {
        if connection.is_ready() {
            self.insert(peer, connection);
            return;
        }
        let pool = Arc::clone(self);
        spawn(async move {
            if connection.ready().await {
                pool.insert(peer, connection);
            }
        });
    }

    /// Adds an idle connection, or closes it if there are enough.
    fn insert(self: &Arc<Self>, peer: Peer, connection: Connection) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let peer = state.peers.entry(peer).or_default();
        peer.has_answered = true;
        peer.is_own = !connection.leads_to(None);
        if peer.idle.len() >= MOST_IDLE || state.count >= MOST_IDLE_IN_TOTAL {
            return;
        }
        peer.idle.push((connection, Instant::now()));
        state.count += 1;
        if !state.is_swept {
            state.is_swept = true;
            spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// Whether a peer that closes connections in silence expects TLS. Probes it at most once a
    /// minute, and never after it has answered a request.
    pub(super) async fn expects_tls(&self, peer: &Peer) -> bool {
        if let Some(known) = self.known_about_tls(peer) {
            return known;
        }
        let result = speaks_tls(peer).await;
        self.lock().peers.entry(peer.clone()).or_default().probe = Some((Instant::now(), result));
        result
    }

    /// The answer without a probe. Without an answer, other requests do not probe at the same time.
    fn known_about_tls(&self, peer: &Peer) -> Option<bool> {
        let mut state = self.lock();
        let peer = state.peers.entry(peer.clone()).or_default();
        if peer.has_answered {
            return Some(false);
        }
        let recent = peer.probe.filter(|(at, _)| at.elapsed() < PROBE_LIFETIME);
        if recent.is_none() {
            peer.probe = Some((Instant::now(), false));
        }
        recent.map(|(_, result)| result)
    }

    fn lock(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PoolState {
    /// Drops connections that are closed or idle for too long.
    fn sweep(&mut self) {
        for peer in self.peers.values_mut() {
            peer.idle.retain(|(connection, since)| {
                connection.is_ready() && since.elapsed() < KEEP_ALIVE_TIMEOUT
            });
        }
        self.peers.retain(|_, peer| !peer.is_own || !peer.idle.is_empty());
        self.count = self.peers.values().map(|peer| peer.idle.len()).sum();
    }
}

/// Sweeps a pool until it is empty or dropped.
async fn sweep(pool: Weak<Pool>) {
    loop {
        sleep(SWEEP_INTERVAL).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut state = pool.lock();
        state.sweep();
        if state.count == 0 {
            state.is_swept = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::Uri;
    use tokio::io::duplex;

    use super::*;

    #[tokio::test]
    async fn a_kept_connection_serves_only_its_own_run_of_an_app() {
        let peer = Peer::of(&Uri::from_static("http://127.0.0.1:20000/")).expect("a peer");
        let pool = Arc::new(Pool::default());
        let mut far = Vec::new();
        for run in [Some(1), Some(2), None] {
            let (near, end) = duplex(1024);
            far.push(end);
            let mut connection = Connection::open(near, run).await.expect("a connection");
            assert!(connection.ready().await);
            pool.keep(peer.clone(), connection);
            let other = if run == Some(2) { Some(1) } else { Some(2) };
            assert!(pool.take(&peer, other).is_none(), "{run:?}");
            assert!(pool.take(&peer, run).is_none(), "it is dropped");
        }
        let (near, _far) = duplex(1024);
        let mut connection = Connection::open(near, Some(3)).await.expect("a connection");
        assert!(connection.ready().await);
        pool.insert(peer.clone(), connection);
        assert!(pool.take(&peer, Some(3)).is_some());
        // The address of a run that has ended is forgotten.
        let mut state = pool.lock();
        state.sweep();
        assert!(state.peers.is_empty());
    }
}
