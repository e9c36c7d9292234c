//! A request inside a session, from the browser to the upstream.
//!
//! `crate::proxy` chooses the content of the upstream's request. This file decides whether the
//! gateway sends it, and how long the gateway waits for the response head.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response};
use tokio::time::{Instant, sleep};

use super::admission::{self, authority};
use super::call::SessionCall;
use super::relay::Relay;
use super::session_load::RequestPermit;
use super::upload::{StopUpload, UploadFault, UploadWatch};
use super::visit::{OpenSession, PreparedHeaders};
use crate::app::{Listening, NotReady};
use crate::config::{Prefix, Upstream};
use crate::proxy::client::{Destination, IsOwn, UpstreamBody, UpstreamError};
use crate::proxy::headers::HeaderPolicy;
use crate::proxy::request::{BodyLength, BrowserRequest, ProxiedRequest, RequestError};
use crate::proxy::session_headers::HeaderSeals;
use crate::url::{BaseUrl, Origin, Scheme};
use crate::web::development::{AppFailure, FailedRequest};
use crate::web::guard;
use crate::web::page;
use crate::web::refusal::{Refusal, accept, reference};
use crate::web::request_body::RequestBody;
use crate::web::response_body::{ResponseBody, own_response};

/// The longest that a request waits for an app that starts, unless it opens a page, which reloads
/// itself. Heroku's router gives up after 30 seconds, of which it may already have waited for a
/// permit.
const APP_TIMEOUT: Duration = Duration::from_secs(10);

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
            RequestError::WorkerScope => Self::WorkerScope,
        }
    }
}

/// Answers a request inside a session: with the upstream's response, or with the page of a refusal
/// if the request is invalid, belongs to no session or may be CSRF, or if the upload or the
/// upstream fails.
pub(in crate::web) async fn answer(
    call: SessionCall<'_>,
    upstream: &Upstream,
    body: RequestBody,
    upgrade: Option<OnUpgrade>,
) -> Response<ResponseBody> {
    match proxied(&call, upstream, body, upgrade).await {
        Ok(response) => response,
        Err(refusal) => own_response(refused(&call, upstream, &refusal)).await,
    }
}

/// The response to a refused request. In development, a failure of the upstream is an entry of
/// `/dev/refusals`, and its page shows how to fix it.
fn refused(
    call: &SessionCall<'_>,
    upstream: &Upstream,
    refusal: &Refusal,
) -> rocket::Response<'static> {
    let SessionCall { gateway, mount, head, .. } = call;
    let app = gateway.development.as_ref().zip(app_failure(upstream, refusal));
    let Some((development, app)) = app else { return admission::refused(call, refusal) };
    let tool = &mount.served.tool;
    let logged = refusal.log_in_session(&gateway.log_budget, tool, head.method.as_str());
    let reference = logged.unwrap_or_else(reference);
    let (institution, accept) = (gateway.institution(), accept(head));
    let logged = Some(reference.as_str());
    let response = refusal.session_response(institution, tool, logged, &accept, Some(&app), None);
    development.refusals.add_request(FailedRequest {
        reference,
        at: gateway.clock.now(),
        tool: tool.name.clone(),
        code: refusal.code(),
        reason: refusal.fact(),
        app,
        times: 1,
    });
    response
}

/// The app that failed. `None` if the refusal is for another reason.
fn app_failure(upstream: &Upstream, refusal: &Refusal) -> Option<AppFailure> {
    match refusal {
        Refusal::Upstream(error) | Refusal::UpstreamStarting(error) => {
            Some(AppFailure::unconnected(upstream, error))
        }
        Refusal::UpstreamSlow => {
            Some(AppFailure::with_reason(upstream, refusal.fact(), &refusal.advice()))
        }
        _ => None,
    }
}

async fn proxied(
    call: &SessionCall<'_>,
    upstream: &Upstream,
    body: RequestBody,
    upgrade: Option<OnUpgrade>,
) -> Result<Response<ResponseBody>, Refusal> {
    if let Some(redirect) = redirect_to_root(call, upstream) {
        return Ok(own_response(redirect).await);
    }
    let browser = BrowserRequest {
        method: &call.head.method,
        rest: call.rest,
        query: call.head.uri.query(),
        headers: &call.head.headers,
        peer: Some(call.peer),
        behind_heroku: call.gateway.behind_heroku,
    };
    let proxied = ProxiedRequest::read(browser, &upstream.url)?;
    let mut passage = Passage::admit(call, upstream, proxied)?;
    let permit =
        passage.wait_for_permit().await.map_err(|refusal| while_starting(call, refusal))?;
    let upload = (passage.proxied.length() != BodyLength::None).then(|| UploadWatch::new(body));
    let response = passage.send(upload.as_ref()).await;
    let response = response.map_err(|refusal| while_starting(call, refusal))?;
    call.mount.served.outage.responded();
    let upgrade = upgrade.filter(|_| passage.proxied.is_websocket());
    let upload = upload.map(StopUpload);
    passage.relay(permit).respond(response, upgrade, upload).await
}

/// A redirect to the session's URL with a trailing slash. An app at the root of its host has no URL
/// without a path.
fn redirect_to_root(
    call: &SessionCall<'_>,
    upstream: &Upstream,
) -> Option<rocket::Response<'static>> {
    let is_at_root = upstream.prefix == Prefix::Session && upstream.url.path.is_empty();
    (call.rest.is_empty() && is_at_root).then(|| {
        let query = call.head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        page::permanent_redirect(format!("{}/{query}", call.mount.prefix))
    })
}

/// The refusal of a request whose upstream failed. If the app may be starting, a browser that opens
/// a page reloads it.
fn while_starting(call: &SessionCall<'_>, refusal: Refusal) -> Refusal {
    let error = match refusal {
        Refusal::Upstream(
            error @ (UpstreamError::Refused { .. }
            | UpstreamError::NotReady(_)
            | UpstreamError::Foreign { .. }),
        ) => error,
        other => return other,
    };
    let served = call.mount.served;
    let fails = served.app.as_ref().is_some_and(|app| !app.status().may_start());
    let may_start = served.outage.refused(call.gateway.clock.running());
    if may_start && !fails && opens_page(call.head) {
        Refusal::UpstreamStarting(error)
    } else {
        Refusal::Upstream(error)
    }
}

/// Whether a browser opens a page with this request, so that it may open the page again. Programs
/// and scripts do not ask for HTML. Browsers name the mode of a request since 2020 to 2023.
fn opens_page(head: &Parts) -> bool {
    let mode = head.headers.get("sec-fetch-mode");
    head.method == Method::GET
        && accept(head).iter().any(|value| value.to_ascii_lowercase().contains("text/html"))
        && mode.is_none_or(|mode| mode == "navigate")
}

/// A request that the gateway admits to the upstream.
struct Passage<'r> {
    call: &'r SessionCall<'r>,
    upstream: &'r Upstream,
    proxied: ProxiedRequest<'r>,
    session: Arc<OpenSession>,
    prepared: Arc<PreparedHeaders>,
    now: u64,
    /// The upstream's base URL. That of an app that the gateway starts has the port of its run.
    url: Cow<'r, BaseUrl>,
    /// Where the app listens, if the gateway starts it.
    listening: Option<Listening>,
}

impl<'r> Passage<'r> {
    /// Admits a request that belongs to a session and cannot be CSRF. If the app receives the
    /// browser's `Host`, it must be the one of the tool's URL.
    fn admit(
        call: &'r SessionCall<'r>,
        upstream: &'r Upstream,
        mut proxied: ProxiedRequest<'r>,
    ) -> Result<Self, Refusal> {
        let SessionCall { gateway, mount, .. } = call;
        let now = gateway.clock.now();
        let session = admission::session(call, now)?;
        if let Some(tag) = &session.person {
            proxied.limit_cookies_to(tag.clone());
        }
        let prepared = session
            .prepared_headers(
                HeaderSeals {
                    assertions: &gateway.assertions,
                    grade_tokens: &gateway.grade_tokens,
                    course_grade_tokens: &gateway.course_grade_tokens,
                    members_tokens: &gateway.members_tokens,
                    link_requests: &gateway.link_requests,
                },
                (&gateway.public_url, gateway.dev_process.port()),
                mount,
                authority(call),
                now,
            )
            .ok_or(Refusal::PageFailed)?;
        if proxied.may_be_csrf(&prepared.origin) {
            return Err(Refusal::ForeignOrigin);
        }
        // Port forwarders send the browser's `Host` or `localhost`. With `dev_host`, the gateway
        // answers these two only.
        let is_forwarded = gateway.development.as_ref().is_some_and(|it| it.dev_host.is_some());
        let is_own_host = || guard::is_host_of(authority(call), &prepared.origin);
        if upstream.pass_host_header && !is_forwarded && !is_own_host() {
            return Err(Refusal::OtherHost);
        }
        let url = Cow::Borrowed(&upstream.url);
        Ok(Self { call, upstream, proxied, session, prepared, now, url, listening: None })
    }

    /// Waits until the session has few enough requests in progress, and for an app that starts. The
    /// session must still be valid afterwards.
    async fn wait_for_permit(&mut self) -> Result<RequestPermit, Refusal> {
        let (mut permit, _) = admission::permit(self.call, &self.session.session).await?;
        self.reach_app(&mut permit).await?;
        self.now = admission::still_valid(self.call, &self.session.session)?;
        Ok(permit)
    }

    /// Finds out where the app listens, if the gateway starts it.
    async fn reach_app(&mut self, permit: &mut RequestPermit) -> Result<(), Refusal> {
        let upstream = self.upstream;
        let Some(app) = &self.call.mount.served.app else { return Ok(()) };
        permit.keep(app.enter());
        let longest = match opens_page(self.call.head) {
            true => Duration::ZERO,
            false => APP_TIMEOUT.min(upstream.timeout),
        };
        let listening = app.listening(longest).await;
        let listening = listening.map_err(|NotReady { fact, .. }| UpstreamError::NotReady(fact))?;
        self.proxied.send_to(listening.address);
        let authority = listening.address.to_string();
        let origin = Origin { scheme: Scheme::Http, authority };
        self.url = Cow::Owned(BaseUrl { origin, path: upstream.url.path.clone() });
        self.listening = Some(listening);
        Ok(())
    }

    /// Sends the request with its body, and waits for the response head until the tool's
    /// `timeout`. The timeout does not run while the gateway waits for the browser.
    async fn send(&self, upload: Option<&UploadWatch>) -> Result<Response<Incoming>, Refusal> {
        let limit = self.upstream.timeout;
        let listening = self.listening.as_ref();
        let is_own = listening
            .map(|listening| move |near| -> IsOwn<'_> { Box::pin(listening.accepts(near)) });
        let destination = Destination {
            run: listening.map(|listening| listening.run),
            is_own: is_own.as_ref().map(|is_own| is_own as _),
        };
        let upstreams = &self.call.gateway.upstreams;
        let sending = upstreams.send(destination, || self.upstream_request(upload));
        let mut sending = std::pin::pin!(sending);
        let mut timeout = std::pin::pin!(sleep(limit));
        loop {
            tokio::select! {
                biased;
                response = &mut sending => {
                    return response.map_err(|error| {
                        let fault = upload.and_then(UploadWatch::fault).map(Refusal::from);
                        fault.unwrap_or_else(|| Refusal::from(error))
                    });
                }
                () = &mut timeout => {
                    let waited = upload.map_or(limit, UploadWatch::waiting_for_upstream);
                    match limit.checked_sub(waited) {
                        None | Some(Duration::ZERO) => return Err(Refusal::UpstreamSlow),
                        Some(rest) => timeout.as_mut().reset(Instant::now() + rest),
                    }
                }
            }
        }
    }

    /// The upstream's request. `None` if its body has already left, in part or completely.
    fn upstream_request(&self, upload: Option<&UploadWatch>) -> Option<Request<UpstreamBody>> {
        let policy = HeaderPolicy {
            upstream: &self.url,
            origin: &self.prepared.origin,
            prefix: self.call.mount.prefix,
            configured: &self.call.mount.served.headers,
            pass_host_header: self.upstream.pass_host_header,
        };
        let body = match upload {
            Some(upload) => upload.body()?.boxed_unsync(),
            None => Empty::new().map_err(|never| match never {}).boxed_unsync(),
        };
        Some(self.proxied.upstream_request(&policy, &self.prepared.headers, body))
    }

    /// The way back to the browser.
    fn relay(self, permit: RequestPermit) -> Relay<'r> {
        Relay {
            latest_launches: &self.call.gateway.session_cache.latest_launches,
            call: self.call,
            upstream: self.upstream,
            lifetime: self.session.session.time_left(self.now),
            url: self.url,
            session: self.session,
            prepared: self.prepared,
            permit,
            person: self.proxied.into_person_cookies(),
        }
    }
}
