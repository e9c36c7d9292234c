//! What this process remembers of sessions: each one's newest launch, and what stays open on its behalf.
//!
//! Nothing is lost if it is forgotten. It makes a new launch with other roles count at once, also against a cookie that
//! the browser still holds elsewhere.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lti::Roles;
use quick_cache::sync::Cache;
use rocket::tokio::sync::oneshot;

use super::session::Session;

/// The most sessions of which the newest launch is remembered: some 100 bytes each.
const MOST: usize = 100_000;

/// The newest launches of sessions.
pub struct LatestLaunches {
    launches: Cache<String, NewestLaunch>,
    watched: Arc<Mutex<HashMap<String, Vec<Watched>>>>,
    watches: AtomicU64,
}

#[derive(Clone, Copy)]
struct NewestLaunch {
    launch: u32,
    minted: u64,
    roles: Roles,
}

struct Watched {
    roles: Roles,
    /// Held, and dropped to say that the session has other roles now.
    _alive: oneshot::Sender<()>,
    number: u64,
}

/// Tells when a session's roles have changed since something was opened on its behalf.
pub struct RoleWatch {
    changed: oneshot::Receiver<()>,
    id: String,
    number: u64,
    watched: Arc<Mutex<HashMap<String, Vec<Watched>>>>,
}

impl Default for LatestLaunches {
    /// Remembers nothing yet.
    fn default() -> Self {
        Self { launches: Cache::new(MOST), watched: Arc::default(), watches: AtomicU64::new(0) }
    }
}

impl LatestLaunches {
    /// A session was minted: what is open on behalf of its older launches with other roles ends.
    pub fn record(&self, session: &Session) {
        let Session { id, launch, minted, roles, .. } = session;
        self.launches
            .insert(id.clone(), NewestLaunch { launch: *launch, minted: *minted, roles: *roles });
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_session) = watched.get_mut(id) {
            of_session.retain(|one| one.roles == *roles);
        }
    }

    /// Whether a newer launch gave the same person at the same link other roles.
    pub fn supersedes(&self, session: &Session) -> bool {
        self.launches.get(&session.id).is_some_and(|newest| {
            newest.launch != session.launch
                && newest.roles != session.roles
                && newest.minted >= session.minted
        })
    }

    /// Watches a session, from before [`LatestLaunches::supersedes`] was last asked.
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
        // Nothing is ever sent: the other side is dropped.
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
