//! The memory of access tokens: one for each registration and list of scopes.

#![deny(clippy::arithmetic_side_effects)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lti::{ClientId, PlatformName};
use tokio::sync::Mutex as AsyncMutex;

use super::bearer_token::AccessToken;
use super::error::PlatformError;
use super::service_client::ServiceClient;

/// The seconds before its end at which a token no longer counts: it must outlive its request.
const MARGIN: u64 = 60;

/// The access tokens of all registrations.
#[derive(Clone, Default)]
pub(super) struct ServiceTokens(Arc<Mutex<HashMap<TokenKey, Arc<TokenSource>>>>);

/// What a token is for.
#[derive(PartialEq, Eq, Hash)]
struct TokenKey {
    platform: PlatformName,
    client: ClientId,
    token_url: String,
    scope: String,
}

/// The token for one [`TokenKey`].
#[derive(Default)]
pub(super) struct TokenSource {
    state: Mutex<TokenState>,
    /// Only its holder requests a token.
    pub(super) turn: AsyncMutex<()>,
}

/// The result of the last request. Times are running time, in seconds.
#[derive(Default)]
pub(super) struct TokenState {
    pub(super) token: Option<(AccessToken, u64)>,
    /// The error of the last request, if it failed.
    error: Option<PlatformError>,
    /// The number of finished requests.
    pub(super) requests: u64,
}

impl ServiceTokens {
    pub(super) fn source(&self, service: &ServiceClient, scopes: &[&str]) -> Arc<TokenSource> {
        let key = TokenKey {
            platform: service.platform.clone(),
            client: service.client.id.clone(),
            token_url: service.client.token_url.clone(),
            scope: scopes.join(" "),
        };
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sources.entry(key).or_default())
    }
}

impl TokenSource {
    pub(super) fn lock(&self) -> MutexGuard<'_, TokenState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token, if it is still valid.
    pub(super) fn valid(&self, now: u64) -> Option<AccessToken> {
        let state = self.lock();
        state.token.as_ref().filter(|(_, until)| now < *until).map(|(token, _)| token.clone())
    }

    /// The error of a request that ended after `seen` requests.
    pub(super) fn error_since(&self, seen: u64) -> Option<PlatformError> {
        let state = self.lock();
        state.error.clone().filter(|_| state.requests != seen)
    }

    pub(super) fn store(
        &self,
        result: Result<(AccessToken, u64), PlatformError>,
        now: u64,
    ) -> Result<AccessToken, PlatformError> {
        let mut state = self.lock();
        state.requests = state.requests.wrapping_add(1);
        match result {
            Ok((token, expires_in)) => {
                let until = now.saturating_add(expires_in.saturating_sub(MARGIN));
                state.token = Some((token.clone(), until));
                state.error = None;
                Ok(token)
            }
            Err(error) => {
                state.token = None;
                state.error = Some(error.clone());
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lti::Secret;

    use super::*;

    fn token(text: &str) -> AccessToken {
        AccessToken::new(Secret::new(text))
    }

    #[test]
    fn a_token_is_valid_until_a_minute_before_its_end() {
        let check = |expires_in: u64, now: u64, is_valid: bool| {
            let source = TokenSource::default();
            assert!(source.store(Ok((token("t"), expires_in)), 100).is_ok());
            assert_eq!(source.valid(now).is_some(), is_valid, "{expires_in} {now}");
        };
        check(3600, 100, true);
        check(3600, 3639, true);
        check(3600, 3640, false);
        check(60, 100, false);
        check(0, 100, false);
        check(u64::MAX, u64::MAX - 1, true);
    }

    #[test]
    fn a_failure_counts_for_those_who_waited_for_it() {
        let source = TokenSource::default();
        let seen = source.lock().requests;
        let failed = source.store(Err(PlatformError::Unreachable("no route".to_owned())), 0);
        assert!(failed.is_err());
        assert!(source.error_since(seen).is_some());
        let seen = source.lock().requests;
        assert!(source.error_since(seen).is_none());
    }
}
