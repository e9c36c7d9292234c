//! The latest launch of each session, and its open connections, in the memory of this process.
//!
//! This makes a new launch with other roles effective at once, although other windows may still
//! have an older cookie. Without an entry, an older cookie stays valid until it expires.

#![deny(clippy::arithmetic_side_effects)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lti::Roles;
use quick_cache::sync::Cache;
use rocket::tokio::sync::oneshot;

use super::launch_mark::LaunchMark;
use super::session::Session;

/// The most sessions in the cache. One takes about 100 bytes.
const MAX_SESSIONS: usize = 100_000;

/// The latest launches of sessions.
pub struct LatestLaunches {
    launches: Cache<String, LatestLaunch>,
    watched: Arc<Mutex<HashMap<String, Vec<Watched>>>>,
    watches: AtomicU64,
}

#[derive(Clone, Copy)]
struct LatestLaunch {
    launch: u32,
    minted: u64,
    roles: Roles,
}

struct Watched {
    roles: Roles,
    /// Its drop signals that the session has other roles now.
    _alive: oneshot::Sender<()>,
    number: u64,
}

/// Signals that a newer launch gave the session other roles, so that an open connection must end.
pub struct RoleWatch {
    changed: oneshot::Receiver<()>,
    id: String,
    number: u64,
    watched: Arc<Mutex<HashMap<String, Vec<Watched>>>>,
}

impl Default for LatestLaunches {
    /// Creates an empty cache.
    fn default() -> Self {
        Self {
            launches: Cache::new(MAX_SESSIONS),
            watched: Arc::default(),
            watches: AtomicU64::new(0),
        }
    }
}

impl LatestLaunches {
    /// Records a new session. Signals every watch of the same session with other roles.
    pub fn record(&self, session: &Session) {
        let Session { id, launch, minted, roles, .. } = session;
        // A clock that was set back does not make an earlier launch the newer one.
        let earlier = self.launches.get(id).map_or(0, |earlier| earlier.minted);
        let minted = earlier.max(*minted);
        self.launches.insert(id.clone(), LatestLaunch { launch: *launch, minted, roles: *roles });
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_session) = watched.get_mut(id) {
            of_session.retain(|one| one.roles == *roles);
        }
    }

    /// Whether a newer launch gave the same user at the same resource link other roles.
    pub fn supersedes(&self, session: &Session) -> bool {
        let Session { id, launch, minted, roles, .. } = session;
        self.has_other_roles(id, *launch, *minted, *roles)
    }

    /// Whether a newer launch gave the user of a token's launch other roles.
    pub fn supersedes_launch(&self, mark: &LaunchMark) -> bool {
        let LaunchMark { session, launch, minted, roles } = mark;
        self.has_other_roles(session, *launch, *minted, *roles)
    }

    fn has_other_roles(&self, session: &str, launch: u32, minted: u64, roles: Roles) -> bool {
        self.launches.get(session).is_some_and(|latest| {
            latest.launch != launch && latest.roles != roles && latest.minted >= minted
        })
    }

    /// Watches a session. Call it before [`LatestLaunches::supersedes`], so that no launch between
    /// the two calls is missed.
    pub fn watch(&self, session: &Session) -> RoleWatch {
        let (alive, changed) = oneshot::channel();
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.watches.fetch_add(1, Ordering::Relaxed);
        let watched_roles = Watched { roles: session.roles, _alive: alive, number };
        watched.entry(session.id.clone()).or_default().push(watched_roles);
        RoleWatch { changed, id: session.id.clone(), number, watched: Arc::clone(&self.watched) }
    }
}

impl RoleWatch {
    /// Waits until a newer launch has given the session other roles.
    pub async fn changed(&mut self) {
        // The sender never sends. Its drop ends the wait.
        let _ = (&mut self.changed).await;
    }
}

impl Drop for RoleWatch {
    fn drop(&mut self) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_session) = watched.get_mut(&self.id) {
            of_session.retain(|one| one.number != self.number);
            if of_session.is_empty() {
                watched.remove(&self.id);
            }
        }
    }
}
