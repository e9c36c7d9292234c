//! A request inside a session: from the browser to the upstream.
//!
//! `crate::proxy` decides what the upstream receives. This file decides whether it receives
//! anything, and for how long the gateway waits.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{Either, Empty};
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
use crate::proxy::client::{RequestBody, UpstreamError};
use crate::proxy::headers::HeaderPolicy;
use crate::proxy::request::{BodyLength, BrowserRequest, ProxiedRequest, RequestError};
use crate::web::gateway::Gateway;
use crate::web::login::is_login;
use crate::web::page;
use crate::web::refusal::Refusal;

/// An upload under way, and for whom it waits.
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

/// Answers inside a session. `rest` is the path behind the session's prefix.
pub(in crate::web) async fn answer<'r>(
    gateway: &'r Gateway,
    mount: Mount<'r, 'r>,
    rest: &'r str,
    request: &'r Request<'r>,
    data: Data<'r>,
) -> Result<Response<'r>, Refusal> {
    if let Some(redirect) = to_slash(&mount, rest, request) {
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

/// To the app's root, for a session's URL without its slash: an app at the root of its host knows no
/// URL without a path.
fn to_slash(mount: &Mount<'_, '_>, rest: &str, request: &Request<'_>) -> Option<Response<'static>> {
    let knows_none = mount.upstream.prefix == Prefix::Session && mount.upstream.url.path.is_empty();
    (rest.is_empty() && knows_none).then(|| {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        page::permanent_redirect(format!("{}/{query}", mount.prefix))
    })
}

/// What the upstream's request depends on.
fn browser_request<'r>(
    gateway: &Gateway,
    rest: &'r str,
    request: &'r Request<'_>,
) -> BrowserRequest<'r> {
    let borrowed = |header: rocket::http::Header<'r>| match (header.name.into_cow(), header.value) {
        (Cow::Borrowed(name), Cow::Borrowed(value)) => Some((name, value)),
        // Rocket lends what it holds.
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

/// A request that may go to the upstream.
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
    /// Admits a request that belongs to a session and that no other site's page sent.
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
            let is_launch_path = mount.served.tool.path.as_str() == request.uri().path().as_str();
            return Err(match is_launch_path {
                true if request.method() == Method::Get && is_login(request) => {
                    Refusal::Rejected(Rejection::Lti1p3NotConfigured)
                }
                true => Refusal::NotPosted,
                false => Refusal::NoSession,
            });
        };
        let authority = request.headers().get_one("Host").unwrap_or_default();
        let Gateway { assertions, grade_tokens, public_url, .. } = gateway;
        let prepared = session
            .prepared_headers(assertions, grade_tokens, public_url, &mount, authority, now)
            .ok_or(Refusal::PageFailed)?;
        if proxied.is_foreign(&prepared.origin) {
            return Err(Refusal::ForeignOrigin);
        }
        Ok(Self { gateway, mount, request, proxied, session, prepared, now })
    }

    /// The body for the upstream, and its upload if there is a body.
    fn upload(&self, data: Data<'r>) -> Result<(Uploading<'r>, RequestBody), Refusal> {
        let length = self.proxied.length();
        if length == BodyLength::None {
            return Ok((None, Either::Left(Empty::new())));
        }
        let (upload, progress, body) = upload(data, length.known())?;
        Ok((Some((upload, progress)), Either::Right(body)))
    }

    /// Sends the request, uploads its body, and waits for the head of the response: for the tool's
    /// `timeout`, in which the time that the browser takes does not count.
    async fn send(
        &self,
        body: RequestBody,
        uploading: &mut Uploading<'r>,
    ) -> Result<UpstreamResponse<Incoming>, Refusal> {
        let policy = HeaderPolicy {
            upstream: &self.mount.upstream.url,
            origin: &self.prepared.origin,
            prefix: self.mount.prefix,
            own: &self.mount.served.headers,
        };
        let request = self.proxied.upstream_request(&policy, &self.prepared.headers, body);
        let silence = self.mount.upstream.timeout;
        let mut sending = std::pin::pin!(self.gateway.upstreams.send(request));
        let mut patience = std::pin::pin!(sleep(silence));
        loop {
            rocket::tokio::select! {
                biased;
                response = &mut sending => {
                    return response.map_err(|UpstreamError { words }| Refusal::UpstreamGone(words));
                }
                carried = carried(uploading) => {
                    *uploading = None;
                    carried?;
                    patience.as_mut().reset(Instant::now() + silence);
                }
                () = &mut patience => {
                    let waited = uploading
                        .as_ref()
                        .map_or(silence, |(_, progress)| progress.waiting_for_upstream());
                    match silence.checked_sub(waited) {
                        None | Some(Duration::ZERO) => return Err(Refusal::UpstreamSlow),
                        Some(rest) => patience.as_mut().reset(Instant::now() + rest),
                    }
                }
            }
        }
    }

    /// The way back. `is_root` for a request to the prefix itself, without a slash.
    fn relay(self, is_root: bool) -> Relay<'r> {
        Relay {
            newest: &self.gateway.session_cache.newest,
            mount: self.mount,
            rest: Duration::from_secs(self.session.session.expires.saturating_sub(self.now)),
            session: self.session,
            prepared: self.prepared,
            is_root,
            shutdown: self.request.rocket().shutdown(),
        }
    }
}

/// Carries an upload on, if there is one.
async fn carried(uploading: &mut Uploading<'_>) -> Result<(), UploadFault> {
    match uploading {
        Some((upload, _)) => upload.await,
        None => std::future::pending().await,
    }
}
