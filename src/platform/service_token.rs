//! Access tokens for the services of LTI 1.3 platforms, in memory only.
//!
//! For each registration and list of scopes, one request at a time goes to the platform. A request
//! that has begun goes on without its caller, so that a slow platform still yields a token. Callers
//! that waited for a request share its result, also a failure.

#![deny(clippy::arithmetic_side_effects)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lti::{ClientId, PlatformName, Secret};
use reqwest::header::HeaderValue;
use tokio::sync::Mutex as AsyncMutex;

use super::access_token::{GrantedToken, TokenRequest};
use super::error::PlatformError;
use super::random::random;
use super::service::Platforms;
use super::service_client::ServiceClient;
use crate::clock::Clock;

/// The seconds before its end at which a token no longer counts: it must outlive its request.
const MARGIN: u64 = 60;

/// An access token. `Debug` hides it. It goes only to the host of the service's URL.
#[derive(Clone, Debug)]
pub struct AccessToken(Arc<Secret>);

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
struct TokenSource {
    state: Mutex<TokenState>,
    /// Only its holder requests a token.
    turn: AsyncMutex<()>,
}

/// The result of the last request. Times are running time, in seconds.
#[derive(Default)]
struct TokenState {
    token: Option<(AccessToken, u64)>,
    /// The error of the last request, if it failed.
    error: Option<PlatformError>,
    /// The number of finished requests.
    requests: u64,
}

impl AccessToken {
    /// The token of a response.
    pub(super) fn new(token: Secret) -> Self {
        Self(Arc::new(token))
    }

    /// The value of `Authorization`. `None` if the token has characters that no header can carry.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0.expose())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Platforms {
    /// A valid access token for these scopes: from memory, or from the platform.
    ///
    /// # Errors
    /// [`PlatformError::ScopeRefused`] and [`PlatformError::ClientRefused`] if the platform grants
    /// none, and the errors of a request.
    pub async fn service_token(
        &self,
        client: &Arc<ServiceClient>,
        scopes: &[&str],
        clock: &Clock,
    ) -> Result<AccessToken, PlatformError> {
        let source = self.kept.tokens.source(client, scopes);
        if let Some(token) = source.valid(clock.running()) {
            return Ok(token);
        }
        let seen = source.lock().requests;
        let (platforms, client, clock) = (self.clone(), Arc::clone(client), clock.clone());
        let scope = scopes.join(" ");
        let request = async move {
            let _turn = source.turn.lock().await;
            if let Some(token) = source.valid(clock.running()) {
                return Ok(token);
            }
            if let Some(error) = source.error_since(seen) {
                return Err(error);
            }
            let result = platforms.request_token(&client, &scope, &clock).await;
            source.store(result, clock.running())
        };
        let requested = tokio::spawn(request).await;
        requested.unwrap_or_else(|_| {
            Err(PlatformError::Unreachable("the request for an access token failed".to_owned()))
        })
    }

    /// Drops a token that a service does not accept.
    pub(super) fn drop_service_token(
        &self,
        client: &ServiceClient,
        scopes: &[&str],
        refused: &AccessToken,
    ) {
        let source = self.kept.tokens.source(client, scopes);
        let mut state = source.lock();
        if state.token.as_ref().is_some_and(|(token, _)| token.is_same(refused)) {
            state.token = None;
        }
    }

    /// Requests a token. Returns it, and how long it is valid, in seconds.
    async fn request_token(
        &self,
        service: &ServiceClient,
        scope: &str,
        clock: &Clock,
    ) -> Result<(AccessToken, u64), PlatformError> {
        let no_key = || PlatformError::Unreachable("the gateway has no key for it".to_owned());
        let keys = service.keys.keys().await.map_err(|_| no_key())?;
        let request = TokenRequest {
            client: &service.client,
            key: keys.first().ok_or_else(no_key)?,
            scope,
            now: clock.now(),
            id: &random()?,
        };
        let (token, granted) = match self.grant(&request).await {
            Ok(granted) => granted,
            Err(PlatformError::ClientRefused { status, description, .. }) => {
                return Err(PlatformError::ClientRefused {
                    status,
                    description,
                    platform: service.platform.as_str().to_owned(),
                    keyset_url: service.keyset_url.clone(),
                });
            }
            Err(PlatformError::ScopeRefused { status, description, .. }) => {
                return Err(PlatformError::ScopeRefused {
                    status,
                    description,
                    kind: service.kind,
                });
            }
            Err(error) => return Err(error),
        };
        let GrantedToken { expires_in, scope: granted } = granted;
        let lacks = |granted: &String| {
            scope.split(' ').any(|scope| !granted.split(' ').any(|granted| granted == scope))
        };
        if granted.as_ref().is_some_and(lacks) {
            let description = "the platform granted a token without this scope".to_owned();
            return Err(PlatformError::ScopeRefused {
                status: 200,
                description,
                kind: service.kind,
            });
        }
        Ok((token, expires_in))
    }
}

impl ServiceTokens {
    fn source(&self, service: &ServiceClient, scopes: &[&str]) -> Arc<TokenSource> {
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
    fn lock(&self) -> MutexGuard<'_, TokenState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token, if it is still valid.
    fn valid(&self, now: u64) -> Option<AccessToken> {
        let state = self.lock();
        state.token.as_ref().filter(|(_, until)| now < *until).map(|(token, _)| token.clone())
    }

    /// The error of a request that ended after `seen` requests.
    fn error_since(&self, seen: u64) -> Option<PlatformError> {
        let state = self.lock();
        state.error.clone().filter(|_| state.requests != seen)
    }

    fn store(
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
        assert!(source.error_since(source.lock().requests).is_none());
    }

    #[test]
    fn debug_hides_a_token() {
        let token = token("tok3n");
        assert!(!format!("{token:?} {:?}", token.header()).contains("tok3n"));
    }
}
