//! The keysets of LTI 1.3 platforms, fetched when a launch needs them, and kept in memory only.
//!
//! Anyone can send a token with an unknown key. So the caller asks only after a state of ours
//! opened, one request at a time goes to each URL, and both results of a fetch count for a while.

#![deny(clippy::arithmetic_side_effects)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lti::jose::{Keyset, KeysetError};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING};
use tokio::sync::Mutex as AsyncMutex;

use super::error::PlatformError;
use super::mask::masked;
use super::reply::{Reply, failure};
use super::service::Platforms;
use crate::clock::Clock;

/// The timeout of a fetch.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a keyset is fresh, in seconds, if its response does not say it. Brightspace sends
/// `no-cache`, and rotates its keys every hour.
const FRESH: u64 = 3600;
/// The shortest and the longest `max-age` that count, in seconds.
const FRESH_BOUNDS: (u64, u64) = (300, 24 * 3600);
/// How long a keyset that is no longer fresh is used while fetches fail, in seconds.
const STALE: u64 = 24 * 3600;
/// The seconds after a fetch until an unknown key causes another one.
const UNKNOWN_KEY: u64 = 60;
/// The seconds after a failed fetch until the next one.
const FAILED: u64 = 15;
/// The longest reason in a log, in characters.
const LONGEST_REASON: usize = 200;

/// The cache of keysets, by their URLs.
pub struct KeysetCache {
    platforms: Platforms,
    clock: Clock,
    sources: Arc<Mutex<HashMap<String, Arc<KeysetSource>>>>,
}

/// A keyset from the cache, or just fetched.
#[derive(Clone, Debug)]
pub struct CachedKeyset {
    /// The keys.
    pub keyset: Arc<Keyset>,
    /// The seconds since the fetch.
    pub age: u64,
}

/// The keyset at one URL.
#[derive(Default)]
struct KeysetSource {
    state: Mutex<SourceState>,
    /// Only its holder fetches.
    turn: AsyncMutex<()>,
}

/// The results of the last fetches. All times are running time, in seconds.
#[derive(Default)]
struct SourceState {
    fetched: Option<FetchedKeyset>,
    failed: Option<FailedFetch>,
}

struct FetchedKeyset {
    keyset: Arc<Keyset>,
    at: u64,
    fresh_until: u64,
}

/// A fetch that failed after the last one that succeeded.
struct FailedFetch {
    at: u64,
    reason: String,
}

/// What a launch with a key does.
#[derive(Debug)]
enum KeysetChoice {
    Use(CachedKeyset),
    Fetch,
    Unreachable(String),
}

impl KeysetCache {
    /// An empty cache, which fetches with this client.
    pub fn new(platforms: Platforms, clock: Clock) -> Self {
        Self { platforms, clock, sources: Arc::default() }
    }

    /// The cache for another configuration, which fetches with this client. It keeps the keysets.
    #[must_use]
    pub fn reconfigured(&self, platforms: Platforms) -> Self {
        Self { platforms, clock: self.clock.clone(), sources: Arc::clone(&self.sources) }
    }

    /// The keyset at a configured URL, for a token with this key. It may not have the key.
    ///
    /// # Errors
    /// The reason if the keyset cannot be fetched, and the cache has no usable one with this key.
    pub async fn keyset(&self, url: &str, key_id: &str) -> Result<CachedKeyset, String> {
        let source = {
            let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(sources.entry(url.to_owned()).or_default())
        };
        let choose = || source.lock().choose(key_id, self.clock.running());
        let mut choice = choose();
        let mut turn = None;
        loop {
            match choice {
                KeysetChoice::Use(keyset) => return Ok(keyset),
                KeysetChoice::Unreachable(reason) => return Err(reason),
                // Another launch may have fetched the keyset in the meantime.
                KeysetChoice::Fetch if turn.is_none() => {
                    turn = Some(source.turn.lock().await);
                    choice = choose();
                }
                KeysetChoice::Fetch => {
                    let result = self.fetch(url).await;
                    let now = self.clock.running();
                    let mut state = source.lock();
                    log_fetch(url, &result, state.fetched.is_some());
                    state.store(result, now);
                    choice = match state.choose(key_id, now) {
                        // The limits leave no second fetch.
                        KeysetChoice::Fetch => KeysetChoice::Unreachable("no keys".to_owned()),
                        choice => choice,
                    };
                }
            }
        }
    }

    /// Fetches a keyset. Returns it, and how long it is fresh, in seconds.
    async fn fetch(&self, url: &str) -> Result<(Keyset, u64), String> {
        let fetch = async {
            let request = self.platforms.client.get(self.platforms.url(url)?);
            let request = request
                .header(ACCEPT, "application/json")
                .header(ACCEPT_ENCODING, "identity")
                .timeout(TIMEOUT);
            let response = request.send().await.map_err(failure)?;
            let reply = Reply::read(response, Keyset::LONGEST).await?;
            reply.judge()?;
            let keyset = match &reply.body {
                Some(body) => Keyset::read(body),
                None => Err(KeysetError::TooLong),
            };
            let (status, (shortest, longest)) = (reply.status, FRESH_BOUNDS);
            let fresh = reply.max_age.map_or(FRESH, |age| age.clamp(shortest, longest));
            match keyset {
                Ok(keyset) => Ok((keyset, fresh)),
                Err(fault) => {
                    Err(PlatformError::InvalidResponse { status, fault: fault.to_string() })
                }
            }
        };
        fetch.await.map_err(|error| reason(&error))
    }
}

impl KeysetSource {
    fn lock(&self) -> MutexGuard<'_, SourceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SourceState {
    fn choose(&self, key_id: &str, now: u64) -> KeysetChoice {
        let fetched = self.fetched.as_ref();
        let is_fresh = fetched.is_some_and(|fetched| now < fetched.fresh_until);
        let has_key = fetched.is_some_and(|fetched| fetched.keyset.has(key_id));
        match (fetched, &self.failed) {
            (Some(fetched), _) if is_fresh && has_key => fetched.choice(now),
            (fetched, Some(failed)) if now < failed.at.saturating_add(FAILED) => {
                let is_usable = |fetched: &&FetchedKeyset| {
                    has_key && now < fetched.fresh_until.saturating_add(STALE)
                };
                match fetched.filter(is_usable) {
                    Some(fetched) => fetched.choice(now),
                    None => KeysetChoice::Unreachable(failed.reason.clone()),
                }
            }
            (Some(fetched), None) if is_fresh && now < fetched.at.saturating_add(UNKNOWN_KEY) => {
                fetched.choice(now)
            }
            _ => KeysetChoice::Fetch,
        }
    }

    fn store(&mut self, result: Result<(Keyset, u64), String>, now: u64) {
        match result {
            Ok((keyset, fresh)) => {
                let (keyset, fresh_until) = (Arc::new(keyset), now.saturating_add(fresh));
                self.fetched = Some(FetchedKeyset { keyset, at: now, fresh_until });
                self.failed = None;
            }
            Err(reason) => self.failed = Some(FailedFetch { at: now, reason }),
        }
    }
}

impl FetchedKeyset {
    fn choice(&self, now: u64) -> KeysetChoice {
        let (keyset, age) = (Arc::clone(&self.keyset), now.saturating_sub(self.at));
        KeysetChoice::Use(CachedKeyset { keyset, age })
    }
}

/// One line for each fetch. A failed one is remembered, so that they are few.
fn log_fetch(url: &str, result: &Result<(Keyset, u64), String>, has_older: bool) {
    match result {
        Ok((keyset, fresh)) => {
            tracing::info!(
                target: "keys", url, outcome = "fetched", keys = keyset.size(), fresh
            );
        }
        Err(reason) => {
            let keys = if has_older { "older" } else { "none" };
            let help = "make the URL reachable from the gateway";
            tracing::warn!(target: "keys", url, outcome = "failed", keys, reason, help);
        }
    }
}

/// The reason of a failed fetch, on one line and short.
fn reason(error: &PlatformError) -> String {
    let reason = match error {
        PlatformError::NotAllowed(why) => format!("the gateway does not use this URL: {why}"),
        other => other.to_string(),
    };
    masked(&reason, "").chars().take(LONGEST_REASON).collect()
}

#[cfg(test)]
mod tests {
    use lti::Secret;
    use lti::jose::{RsaKey, keyset_document};

    use super::*;

    const PEM: &str = include_str!("../../crates/lti/tests/keys/rsa_2048.pem");

    fn key() -> RsaKey {
        RsaKey::from_pem(&Secret::new(PEM)).expect("a key")
    }

    fn fetched(state: &mut SourceState, fresh: u64, now: u64) {
        let keyset = Keyset::read(keyset_document([&key()]).as_bytes()).expect("a keyset");
        state.store(Ok((keyset, fresh)), now);
    }

    fn failed(state: &mut SourceState, now: u64) {
        state.store(Err("no route".to_owned()), now);
    }

    #[track_caller]
    fn check(state: &SourceState, key_id: &str, now: u64, expected: &str) {
        let choice = match state.choose(key_id, now) {
            KeysetChoice::Use(keyset) => format!("use, {} s old", keyset.age),
            KeysetChoice::Fetch => "fetch".to_owned(),
            KeysetChoice::Unreachable(reason) => reason,
        };
        assert_eq!(choice, expected, "{key_id} at {now}");
    }

    #[test]
    fn a_fresh_keyset_with_the_key_is_used() {
        let mut state = SourceState::default();
        let key_id = key().key_id().to_owned();
        check(&state, &key_id, 0, "fetch");
        fetched(&mut state, 300, 10);
        check(&state, &key_id, 10, "use, 0 s old");
        check(&state, &key_id, 309, "use, 299 s old");
        check(&state, &key_id, 310, "fetch");
    }

    #[test]
    fn an_unknown_key_causes_one_fetch_a_minute() {
        let mut state = SourceState::default();
        fetched(&mut state, 300, 10);
        check(&state, "other", 10, "use, 0 s old");
        check(&state, "other", 69, "use, 59 s old");
        check(&state, "other", 70, "fetch");
        fetched(&mut state, 300, 70);
        check(&state, "other", 129, "use, 59 s old");
        check(&state, "other", 130, "fetch");
        // A known key needs none.
        check(&state, key().key_id(), 130, "use, 60 s old");
    }

    #[test]
    fn a_failed_fetch_counts_for_15_seconds() {
        let mut state = SourceState::default();
        failed(&mut state, 10);
        check(&state, "a", 10, "no route");
        check(&state, "a", 24, "no route");
        check(&state, "a", 25, "fetch");
        fetched(&mut state, 300, 25);
        failed(&mut state, 90);
        // The keys may have changed, and nobody knows.
        check(&state, "other", 90, "no route");
        check(&state, key().key_id(), 90, "use, 65 s old");
        check(&state, "other", 105, "fetch");
    }

    #[test]
    fn stale_keys_are_used_for_a_day_while_fetches_fail() {
        let mut state = SourceState::default();
        let key_id = key().key_id().to_owned();
        fetched(&mut state, 300, 0);
        failed(&mut state, 300);
        check(&state, &key_id, 300, "use, 300 s old");
        check(&state, &key_id, 315, "fetch");
        failed(&mut state, 300 + STALE - 1);
        check(&state, &key_id, 300 + STALE - 1, "use, 86699 s old");
        check(&state, &key_id, 300 + STALE, "no route");
    }
}
