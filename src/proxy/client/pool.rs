//! The idle keep-alive connections to all upstreams.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::task::spawn;
use tokio::time::sleep;

use super::connection::Connection;
use super::peer::Peer;

/// The keep-alive timeout of an idle connection.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(60);
/// The interval between two searches for connections that are closed or idle for too long.
const SWEEP_INTERVAL: Duration = Duration::from_secs(15);
/// The most idle connections to one upstream.
const MOST_IDLE: usize = 64;
/// The most idle connections to all upstreams.
const MOST_IDLE_IN_TOTAL: usize = 512;

/// The idle connections to all upstreams.
#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    /// For each peer, the connection that was used last is the last one.
    connections: HashMap<Peer, Vec<(Connection, Instant)>>,
    count: usize,
    /// Whether a task searches for old connections.
    is_swept: bool,
}

impl Pool {
    /// The connection to this peer that was used last and is still open.
    pub(super) fn take(&self, peer: &Peer) -> Option<Connection> {
        let mut guard = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = &mut *guard;
        let connections = idle.connections.get_mut(peer)?;
        while let Some((connection, since)) = connections.pop() {
            idle.count -= 1;
            if connection.is_ready() && since.elapsed() < KEEP_ALIVE_TIMEOUT {
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
        let mut guard = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = &mut *guard;
        let connections = idle.connections.entry(peer).or_default();
        if connections.len() >= MOST_IDLE || idle.count >= MOST_IDLE_IN_TOTAL {
            return;
        }
        connections.push((connection, Instant::now()));
        idle.count += 1;
        if !idle.is_swept {
            idle.is_swept = true;
            spawn(sweep(Arc::downgrade(self)));
        }
    }
}

impl Idle {
    /// Drops connections that are closed or idle for too long.
    fn sweep(&mut self) {
        for connections in self.connections.values_mut() {
            connections.retain(|(connection, since)| {
                connection.is_ready() && since.elapsed() < KEEP_ALIVE_TIMEOUT
            });
        }
        self.connections.retain(|_, connections| !connections.is_empty());
        self.count = self.connections.values().map(Vec::len).sum();
    }
}

/// Sweeps a pool until it is empty or dropped.
async fn sweep(pool: Weak<Pool>) {
    loop {
        sleep(SWEEP_INTERVAL).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.sweep();
        if idle.count == 0 {
            idle.is_swept = false;
            return;
        }
    }
}
