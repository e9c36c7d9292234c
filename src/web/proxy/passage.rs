//! A request inside a session, from the browser to the upstream.
//!
//! `crate::proxy` chooses the content of the upstream's request. This file decides whether the
//! gateway sends it, and how long the gateway waits for the response head.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::header::{COOKIE, HOST, HeaderValue};
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response};
use lti::Rejection;
use tokio::time::{Instant, sleep};

use super::call::SessionCall;
use super::relay::Relay;
use super::session_load::RequestPermit;
use super::upload::{StopUpload, UploadFault, UploadWatch};
use super::visit::{OpenSession, PreparedHeaders};
use crate::app::{Listening, NotReady};
use crate::config::{Prefix, Upstream};
use crate::proxy::client::{Destination, UpstreamBody, UpstreamError};
use crate::proxy::headers::HeaderPolicy;
use crate::proxy::own_page::is_from_own_page;
use crate::proxy::request::{BodyLength, BrowserRequest, ProxiedRequest, RequestError};
use crate::session::{TWIN_COOKIE, cookies};
use crate::url::{BaseUrl, Origin, Scheme};
use crate::web::development::{AppFailure, FailedRequest};
use crate::web::guard;
use crate::web::login::is_login;
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
pub(crate) async fn answer(
    call: SessionCall<'_>,
    body: RequestBody,
    upgrade: Option<OnUpgrade>,
) -> Response<ResponseBody> {
    match proxied(&call, body, upgrade).await {
        Ok(response) => response,
        Err(refusal) => own_response(refused(&call, &refusal)).await,
    }
}

/// The response to a refused request. In development, a failure of the upstream is an entry of
/// `/dev/refusals`, and its page shows how to fix it.
fn refused(call: &SessionCall<'_>, refusal: &Refusal) -> rocket::Response<'static> {
    let SessionCall { gateway, mount, head, .. } = call;
    let tool = &mount.served.tool;
    let logged = refusal.log_in_session(&gateway.log_budget, tool, head.method.as_str());
    let app = gateway.development.as_ref().and_then(|development| {
        let app = app_failure(mount.upstream, refusal)?;
        Some((development, app))
    });
    let (institution, accept) = (gateway.institution(), accept(head));
    let Some((development, app)) = app else {
        let url = match refusal {
            Refusal::NoSession => url_for_window(call),
            _ => None,
        };
        return refusal.session_response(institution, tool, logged.as_deref(), &accept, None, url);
    };
    let reference = logged.unwrap_or_else(reference);
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
    body: RequestBody,
    upgrade: Option<OnUpgrade>,
) -> Result<Response<ResponseBody>, Refusal> {
    if let Some(redirect) = redirect_to_root(call) {
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
    let proxied = ProxiedRequest::read(browser, &call.mount.upstream.url)?;
    let mut passage = Passage::admit(call, proxied)?;
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
fn redirect_to_root(call: &SessionCall<'_>) -> Option<rocket::Response<'static>> {
    let upstream = call.mount.upstream;
    let is_at_root = upstream.prefix == Prefix::Session && upstream.url.path.is_empty();
    (call.rest.is_empty() && is_at_root).then(|| {
        let query = call.head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        page::permanent_redirect(format!("{}/{query}", call.mount.prefix))
    })
}

/// The session of a request. The twin of a session counts only for a page of the tool itself, or
/// for its user: otherwise, a page of another site could frame the app, or send requests to it.
fn session(call: &SessionCall<'_>, now: u64) -> Option<Arc<OpenSession>> {
    let SessionCall { gateway, mount, head, .. } = call;
    let cookies = head.headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let counts_twins = has_twin(call) && {
        let origin = gateway.public_url.origin_of(&mount.served.tool, authority(call));
        is_from_own_page(&origin.to_string(), &head.headers)
    };
    match counts_twins {
        true => gateway.session_cache.find_with_twins(mount, cookies, now),
        false => gateway.session_cache.find(mount, cookies, now),
    }
}

/// Whether a request has the twin of a session, which may be invalid.
fn has_twin(call: &SessionCall<'_>) -> bool {
    let headers = call.head.headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    call.mount.upstream.downloads && cookies(headers).any(|(name, _)| name == TWIN_COOKIE)
}

/// The URL for a button that opens a page without a session in a window of its own, where the twin
/// counts: the click comes from the gateway's own page. `None` without a valid twin, and for a
/// request that is no page.
fn url_for_window<'r>(call: &SessionCall<'r>) -> Option<&'r str> {
    let SessionCall { gateway, mount, head, .. } = call;
    let headers = head.headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let is_page = head.method == Method::GET && has_twin(call);
    let cache = &gateway.session_cache;
    let session = is_page.then(|| cache.find_with_twins(mount, headers, gateway.clock.now()));
    session.flatten()?;
    Some(head.uri.path_and_query()?.as_str())
}

/// The host and port of a request. The listener has checked the header.
fn authority<'r>(call: &SessionCall<'r>) -> &'r str {
    call.head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}

/// The refusal of a request without a session. With `prefix = "tool"`, the launch URL is a URL of
/// the session too, so it may be a login of LTI 1.3 or a launch URL opened without a launch.
fn without_session(call: &SessionCall<'_>) -> Refusal {
    let is_launch_path = call.mount.served.tool.path.as_str() == call.head.uri.path();
    match is_launch_path {
        true if call.head.method == Method::GET && is_login(call.head.uri.query()) => {
            Refusal::Rejected(Rejection::Lti1p3NotConfigured)
        }
        true if call.head.method != Method::POST => Refusal::NotPosted,
        // The session ended while its form arrived.
        _ => Refusal::NoSession,
    }
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
    fn admit(call: &'r SessionCall<'r>, mut proxied: ProxiedRequest<'r>) -> Result<Self, Refusal> {
        let SessionCall { gateway, mount, .. } = call;
        let now = gateway.clock.now();
        let Some(session) = session(call, now) else {
            return Err(without_session(call));
        };
        if let Some(tag) = &session.person {
            proxied.limit_cookies_to(tag.clone());
        }
        let prepared = session
            .prepared_headers(
                &gateway.assertions,
                &gateway.grade_tokens,
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
        if mount.upstream.pass_host_header && !is_forwarded && !is_own_host() {
            return Err(Refusal::OtherHost);
        }
        let url = Cow::Borrowed(&mount.upstream.url);
        Ok(Self { call, proxied, session, prepared, now, url, listening: None })
    }

    /// Waits until the session has few enough requests in progress, and for an app that starts. The
    /// session must still be valid afterwards.
    async fn wait_for_permit(&mut self) -> Result<RequestPermit, Refusal> {
        let SessionCall { gateway, mount, .. } = self.call;
        let cache = &gateway.session_cache;
        let session = &self.session.session;
        let mut permit = cache.loads.admit(&mount.served.tool.name, &session.id).await?;
        self.reach_app(&mut permit).await?;
        let session = &self.session.session;
        self.now = gateway.clock.now();
        if cache.admits(mount.served, session, self.now) {
            Ok(permit)
        } else {
            Err(Refusal::NoSession)
        }
    }

    /// Finds out where the app listens, if the gateway starts it.
    async fn reach_app(&mut self, permit: &mut RequestPermit) -> Result<(), Refusal> {
        let upstream = self.call.mount.upstream;
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
        let limit = self.call.mount.upstream.timeout;
        let listening = self.listening.as_ref();
        let is_own = || listening.is_none_or(Listening::is_own);
        let destination = Destination {
            run: listening.map(|listening| listening.run),
            is_own: listening.is_some().then_some(&is_own),
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
            pass_host_header: self.call.mount.upstream.pass_host_header,
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
            lifetime: self.session.session.time_left(self.now),
            url: self.url,
            session: self.session,
            prepared: self.prepared,
            permit,
            person: self.proxied.into_person_cookies(),
        }
    }
}
