//! Requests to the services of LTI 1.3 platforms, with an access token.

use std::sync::Arc;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, Url};

use super::bearer_token::AccessToken;
use super::error::PlatformError;
use super::reply::{Reply, failure};
use super::service::Platforms;
use super::service_client::ServiceClient;
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
    /// Sends a request with an access token. If the service does not accept the token, the gateway
    /// drops it and sends the request once more with another one.
    ///
    /// Returns the response, whatever its status.
    pub(super) async fn call_service(
        &self,
        client: &Arc<ServiceClient>,
        request: &ServiceMessage<'_>,
        clock: &Clock,
    ) -> Result<Reply, PlatformError> {
        let token = self.service_token(client, request.scopes, clock).await?;
        let reply = self.send_with(&token, request).await?;
        if reply.status != 401 {
            return Ok(reply);
        }
        self.drop_service_token(client, request.scopes, &token);
        let token = self.service_token(client, request.scopes, clock).await?;
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
            fault: "the access token has characters that no header can carry".to_owned(),
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
