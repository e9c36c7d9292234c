//! Requests to the services of LTI 1.3 platforms, with an access token.

use std::sync::Arc;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, Url};

use super::bearer_token::{AccessToken, NO_HEADER_CAN_CARRY};
use super::error::PlatformError;
use super::reply::{Reply, failure};
use super::service::Platforms;
use super::service_client::ServiceClient;
use super::service_token::ServiceToken;
use crate::clock::Clock;

/// A request to a service.
pub(super) struct ServiceMessage<'a> {
    pub(super) method: Method,
    /// The URL, which the gateway may call ([`Platforms::url`]).
    pub(super) url: Url,
    /// The media type of the response.
    pub(super) accept: &'static str,
    /// The media type of the body, and the body.
    pub(super) body: Option<(&'static str, &'a str)>,
    /// The scopes that the request needs.
    pub(super) scopes: &'a [&'static str],
    /// The largest response, in bytes.
    pub(super) largest: usize,
}

impl Platforms {
    /// Sends a request with an access token from memory or from the platform.
    ///
    /// Returns the response as [`Self::call_service_with`] does.
    pub(super) async fn call_service(
        &self,
        client: &Arc<ServiceClient>,
        request: &ServiceMessage<'_>,
        clock: &Clock,
    ) -> Result<Reply, PlatformError> {
        let token = self.service_token(client, request.scopes, clock).await?;
        self.call_service_with(token, client, request, clock).await
    }

    /// Sends a request with this access token. If the service does not accept the token, the
    /// gateway drops it and sends the request once more with another one.
    ///
    /// A service refuses a token with 401. edX does so with 403, which also refuses the request
    /// itself: only after a token that the platform granted just now, the status says that.
    ///
    /// Returns the response, whatever its status.
    pub(super) async fn call_service_with(
        &self,
        ServiceToken { token, is_fresh }: ServiceToken,
        client: &Arc<ServiceClient>,
        request: &ServiceMessage<'_>,
        clock: &Clock,
    ) -> Result<Reply, PlatformError> {
        let reply = self.send_with(&token, request).await?;
        let may_refuse_token = match reply.status {
            401 => true,
            403 => !is_fresh && !reply.is_rate_limit(),
            _ => false,
        };
        if !may_refuse_token {
            return Ok(reply);
        }
        self.drop_service_token(client, request.scopes, &token);
        let ServiceToken { token, .. } = self.service_token(client, request.scopes, clock).await?;
        let reply = self.send_with(&token, request).await?;
        if reply.status == 401 {
            self.drop_service_token(client, request.scopes, &token);
        }
        Ok(reply)
    }

    async fn send_with(
        &self,
        token: &AccessToken,
        request: &ServiceMessage<'_>,
    ) -> Result<Reply, PlatformError> {
        let invalid = || PlatformError::InvalidResponse {
            status: 200,
            fault: NO_HEADER_CAN_CARRY.to_owned(),
        };
        let mut sent = self
            .client
            .request(request.method.clone(), request.url.clone())
            .header(AUTHORIZATION, token.header().ok_or_else(invalid)?)
            .header(ACCEPT, request.accept)
            .header(ACCEPT_ENCODING, "identity");
        if let Some((media_type, body)) = request.body {
            sent = sent.header(CONTENT_TYPE, media_type).body(body.to_owned());
        }
        let reply = Reply::read(sent.send().await.map_err(failure)?, request.largest).await?;
        Ok(reply.without(token.expose()))
    }
}
