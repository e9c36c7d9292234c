//! Access tokens for the services of LTI 1.3 platforms, in memory only.
//!
//! For each registration and list of scopes, one request at a time goes to the platform. A request
//! that has begun goes on without its caller, so that a slow platform still yields a token. Callers
//! that waited for a request share its result, also a failure.

use std::sync::Arc;

use super::access_token::{GrantedToken, TokenRequest};
use super::bearer_token::AccessToken;
use super::error::PlatformError;
use super::random::random;
use super::service::Platforms;
use super::service_client::ServiceClient;
use crate::clock::Clock;

/// An access token for a service.
pub(super) struct ServiceToken {
    pub(super) token: AccessToken,
    /// Whether the platform granted it just now. It may no longer accept one from memory.
    pub(super) is_fresh: bool,
}

impl Platforms {
    /// A valid access token for these scopes: from memory, or from the platform.
    ///
    /// # Errors
    /// [`PlatformError::ScopeRefused`] and [`PlatformError::ClientRefused`] if the platform grants
    /// none, and the errors of a request.
    pub(super) async fn service_token(
        &self,
        client: &Arc<ServiceClient>,
        scopes: &[&str],
        clock: &Clock,
    ) -> Result<ServiceToken, PlatformError> {
        let source = self.kept.tokens.source(client, scopes);
        if let Some(token) = source.valid(clock.running()) {
            return Ok(ServiceToken { token, is_fresh: false });
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
        let token = requested.unwrap_or_else(|_| {
            Err(PlatformError::Unreachable("the request for an access token failed".to_owned()))
        })?;
        Ok(ServiceToken { token, is_fresh: true })
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
            Err(PlatformError::ClientRefused { status, description, code, .. }) => {
                return Err(PlatformError::ClientRefused {
                    status,
                    description,
                    code,
                    platform: service.platform.as_str().to_owned(),
                    keyset_url: service.keyset_url.clone(),
                });
            }
            Err(PlatformError::ScopeRefused { status, description, code, .. }) => {
                return Err(PlatformError::ScopeRefused {
                    status,
                    description,
                    code,
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
                code: None,
                kind: service.kind,
            });
        }
        Ok((token, expires_in))
    }
}
