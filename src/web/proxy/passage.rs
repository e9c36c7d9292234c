//! A request inside a session, from the browser to the upstream.
//!
//! `crate::proxy` chooses the content of the upstream's request. This file decides whether the
//! gateway sends it, and how long the gateway waits for the response head.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::Response as UpstreamResponse;
use hyper::body::Incoming;
use lti::Rejection;
use rocket::http::Method;
use rocket::tokio::time::{Instant, sleep};
use rocket::{Data, Request, Response};

use super::relay::Relay;
use super::route::Mount;
use super::upload::{Progress, Upload, UploadFault, upload};
use super::visit::{OpenSession, PreparedHeaders};
use crate::config::Prefix;
use crate::proxy::client::RequestBody;
use crate::proxy::headers::HeaderPolicy;
use crate::proxy::request::{BodyLength, BrowserRequest, ProxiedRequest, RequestError};
use crate::web::gateway::Gateway;
use crate::web::login::is_login;
use crate::web::page;
use crate::web::refusal::Refusal;

/// An upload in progress, and the side for which it waits.
type Uploading<'r> = Option<(Upload<'r>, Progress)>;

impl From<UploadFault> for Refusal {
    fn from(fault: UploadFault) -> Self {
        match fault {
            UploadFault::Slow => Self::UploadSlow,
            UploadFault::Broken => Self::UploadBroken,
        }
    }
}

impl From<RequestError> for Refusal {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Method => Self::MethodUnknown,
            RequestError::Path => Self::BadPath,
            RequestError::Length => Self::AmbiguousLength,
            RequestError::Headers => Self::HeadersTooLarge,
        }
    }
}

/// Answers a request inside a session. `rest` is the path after the session's prefix.
///
/// # Errors
/// A [`Refusal`] if the request is invalid, belongs to no session or may be CSRF, and if the upload
/// or the upstream fails.
pub(in crate::web) async fn answer<'r>(
    gateway: &'r Gateway,
    mount: Mount<'r, 'r>,
    rest: &'r str,
    request: &'r Request<'r>,
    data: Data<'r>,
) -> Result<Response<'r>, Refusal> {
    if let Some(redirect) = redirect_to_root(&mount, rest, request) {
        return Ok(redirect);
    }
    let proxied =
        ProxiedRequest::read(browser_request(gateway, rest, request), &mount.upstream.url)?;
    let passage = Passage::admit(gateway, mount, request, proxied)?;
    let (mut uploading, body) = passage.upload(data)?;
    let response = passage.send(body, &mut uploading).await?;
    let is_websocket = passage.proxied.is_websocket();
    let relay = passage.relay(rest.is_empty());
    relay.respond(response, is_websocket, uploading.map(|(upload, _)| upload)).await
}

/// A redirect to the session's URL with a trailing slash. An app at the root of its host has no URL
/// without a path.
fn redirect_to_root(
    mount: &Mount<'_, '_>,
    rest: &str,
    request: &Request<'_>,
) -> Option<Response<'static>> {
    let is_at_root = mount.upstream.prefix == Prefix::Session && mount.upstream.url.path.is_empty();
    (rest.is_empty() && is_at_root).then(|| {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        page::permanent_redirect(format!("{}/{query}", mount.prefix))
    })
}

/// The refusal of a request without a session. With `prefix = "tool"`, the launch URL is a URL of
/// the session too, so it may be a login of LTI 1.3 or a launch URL opened without a launch.
fn without_session(mount: &Mount<'_, '_>, request: &Request<'_>) -> Refusal {
    let is_launch_path = mount.served.tool.path.as_str() == request.uri().path().as_str();
    match is_launch_path {
        true if request.method() == Method::Get && is_login(request) => {
            Refusal::Rejected(Rejection::Lti1p3NotConfigured)
        }
        true => Refusal::NotPosted,
        false => Refusal::NoSession,
    }
}

/// The parts of the request on which the upstream's request depends.
fn browser_request<'r>(
    gateway: &Gateway,
    rest: &'r str,
    request: &'r Request<'_>,
) -> BrowserRequest<'r> {
    let borrowed = |header: rocket::http::Header<'r>| match (header.name.into_cow(), header.value) {
        (Cow::Borrowed(name), Cow::Borrowed(value)) => Some((name, value)),
        // Does not occur: Rocket lends the headers of a request.
        _ => None,
    };
    BrowserRequest {
        method: request.method().as_str(),
        rest,
        query: request.uri().query().map(|query| query.as_str()),
        headers: request.headers().iter().filter_map(borrowed).collect(),
        peer: request.remote().map(|address| address.ip()),
        behind_heroku: gateway.behind_heroku,
    }
}

/// A request that the gateway admits to the upstream.
struct Passage<'r> {
    gateway: &'r Gateway,
    mount: Mount<'r, 'r>,
    request: &'r Request<'r>,
    proxied: ProxiedRequest<'r>,
    session: Arc<OpenSession>,
    prepared: Arc<PreparedHeaders>,
    now: u64,
}

impl<'r> Passage<'r> {
    /// Admits a request that belongs to a session and cannot be CSRF.
    fn admit(
        gateway: &'r Gateway,
        mount: Mount<'r, 'r>,
        request: &'r Request<'r>,
        proxied: ProxiedRequest<'r>,
    ) -> Result<Self, Refusal> {
        let now = gateway.clock.now();
        let Some(session) =
            gateway.session_cache.find(&mount, request.headers().get("Cookie"), now)
        else {
            return Err(without_session(&mount, request));
        };
        let authority = request.headers().get_one("Host").unwrap_or_default();
        let Gateway { assertions, grade_tokens, public_url, .. } = gateway;
        let prepared = session
            .prepared_headers(assertions, grade_tokens, public_url, &mount, authority, now)
            .ok_or(Refusal::PageFailed)?;
        if proxied.may_be_csrf(&prepared.origin) {
            return Err(Refusal::ForeignOrigin);
        }
        Ok(Self { gateway, mount, request, proxied, session, prepared, now })
    }

    /// The body for the upstream, and its upload if there is a body.
    fn upload(&self, data: Data<'r>) -> Result<(Uploading<'r>, Option<RequestBody>), Refusal> {
        let length = self.proxied.length();
        if length == BodyLength::None {
            return Ok((None, None));
        }
        let (upload, progress, body) = upload(data, length.known())?;
        Ok((Some((upload, progress)), Some(body.boxed_unsync())))
    }

    /// Sends the request, uploads its body, and waits for the response head until the tool's
    /// `timeout`. The timeout does not run while the gateway waits for the browser.
    async fn send(
        &self,
        mut body: Option<RequestBody>,
        uploading: &mut Uploading<'r>,
    ) -> Result<UpstreamResponse<Incoming>, Refusal> {
        let policy = HeaderPolicy {
            upstream: &self.mount.upstream.url,
            origin: &self.prepared.origin,
            prefix: self.mount.prefix,
            configured: &self.mount.served.headers,
        };
        let has_body = body.is_some();
        let request = || {
            // The client takes an upload once.
            let body = match body.take() {
                None if has_body => return None,
                None => Empty::new().map_err(|never| match never {}).boxed_unsync(),
                Some(body) => body,
            };
            Some(self.proxied.upstream_request(&policy, &self.prepared.headers, body))
        };
        let limit = self.mount.upstream.timeout;
        let mut sending = std::pin::pin!(self.gateway.upstreams.send(request));
        let mut timeout = std::pin::pin!(sleep(limit));
        loop {
            rocket::tokio::select! {
                biased;
                response = &mut sending => {
                    return response.map_err(Refusal::from);
                }
                result = finish(uploading) => {
                    *uploading = None;
                    result?;
                    timeout.as_mut().reset(Instant::now() + limit);
                }
                () = &mut timeout => {
                    let waited = uploading
                        .as_ref()
                        .map_or(limit, |(_, progress)| progress.waiting_for_upstream());
                    match limit.checked_sub(waited) {
                        None | Some(Duration::ZERO) => return Err(Refusal::UpstreamSlow),
                        Some(rest) => timeout.as_mut().reset(Instant::now() + rest),
                    }
                }
            }
        }
    }

    /// The way back to the browser. `is_root`: the request's path is the prefix, without a slash.
    fn relay(self, is_root: bool) -> Relay<'r> {
        Relay {
            latest_launches: &self.gateway.session_cache.latest_launches,
            mount: self.mount,
            lifetime: Duration::from_secs(self.session.session.expires.saturating_sub(self.now)),
            session: self.session,
            prepared: self.prepared,
            is_root,
            shutdown: self.request.rocket().shutdown(),
        }
    }
}

/// Continues an upload until its end. Never returns without an upload.
async fn finish(uploading: &mut Uploading<'_>) -> Result<(), UploadFault> {
    match uploading {
        Some((upload, _)) => upload.await,
        None => std::future::pending().await,
    }
}
