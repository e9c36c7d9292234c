//! An upstream's response, passed on to the browser: complete, as a stream, or as a WebSocket.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::upgrade::OnUpgrade;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::call::SessionCall;
use super::download::{BrokenResponse, Download, Events, StreamKind};
use super::frame::{Frame, PersonFrame, remove_long_cookies};
use super::session_load::RequestPermit;
use super::tunnel::{TunnelEnd, tunnel};
use super::upload::StopUpload;
use super::visit::{OpenSession, PreparedHeaders};
use crate::proxy::client::UpstreamError;
use crate::proxy::person_cookie::PersonCookies;
use crate::session::{LatestLaunches, RoleWatch};
use crate::url::BaseUrl;
use crate::web::refusal::Refusal;
use crate::web::response_body::{ResponseBody, complete, streamed, stripped};

/// The largest response, in bytes, that is passed on complete if it arrives [`AT_ONCE`].
const SMALL: u64 = 16 * 1024;
/// The timeout after which a small response is streamed.
const AT_ONCE: Duration = Duration::from_millis(50);

/// The way back from an upstream to the browser.
pub(super) struct Relay<'r> {
    pub(super) latest_launches: &'r LatestLaunches,
    pub(super) call: &'r SessionCall<'r>,
    /// The upstream's base URL.
    pub(super) url: Cow<'r, BaseUrl>,
    pub(super) session: Arc<OpenSession>,
    pub(super) prepared: Arc<PreparedHeaders>,
    /// The remaining lifetime of the session.
    pub(super) lifetime: Duration,
    /// Counts the request among those of its session until the response ends.
    pub(super) permit: RequestPermit,
    /// The cookies of the request, if the app's cookies belong to the session's person.
    pub(super) person: Option<PersonCookies>,
}

impl Relay<'_> {
    /// Passes a response on. `upgrade` is the browser's side of the WebSocket that the browser
    /// requested. `upload` ends with the response.
    pub(super) async fn respond(
        self,
        response: Response<Incoming>,
        upgrade: Option<OnUpgrade>,
        upload: Option<StopUpload>,
    ) -> Result<Response<ResponseBody>, Refusal> {
        match (response.status(), upgrade) {
            (StatusCode::SWITCHING_PROTOCOLS, Some(upgrade)) => {
                self.websocket(response, upgrade).await
            }
            (StatusCode::SWITCHING_PROTOCOLS, None) => Err(UpstreamError::Switched.into()),
            _ => self.message(response, upload).await,
        }
    }

    /// Passes on a response that is no WebSocket.
    async fn message(
        self,
        response: Response<Incoming>,
        upload: Option<StopUpload>,
    ) -> Result<Response<ResponseBody>, Refusal> {
        let (head, mut body) = response.into_parts();
        let response = self.head(head.status, &head.headers);
        if body.is_end_stream() {
            return Ok(response.map(|()| stripped()));
        }
        let length = body.size_hint().exact();
        let mut chunks = Vec::new();
        if length.is_some_and(|length| length <= SMALL) {
            match timeout(AT_ONCE, read_to_end(&mut body, &mut chunks)).await {
                Ok(Ok(())) => return Ok(response.map(|()| complete(joined(chunks)))),
                Ok(Err(error)) => return Err(UpstreamError::Gone(error.to_string()).into()),
                Err(_) => {}
            }
        }
        let broken = BrokenResponse {
            tool: self.call.mount.served.tool.name.clone(),
            method: self.call.head.method.clone(),
        };
        let kind = self.stream_kind(&head.headers, length)?;
        Ok(response.map(|()| streamed(Download::new(chunks, body, kind, broken, upload))))
    }

    /// The kind of a streamed body, which decides what ends it: a timeout, or the end of the
    /// session.
    fn stream_kind(self, headers: &HeaderMap, length: Option<u64>) -> Result<StreamKind, Refusal> {
        let silence = self.call.mount.upstream.timeout;
        if is_event_stream(headers) && length.is_none() {
            Ok(StreamKind::Events(Events::new(
                self.watch()?,
                self.lifetime,
                self.call.shutdown.clone(),
                !headers.contains_key(header::CONTENT_ENCODING),
                silence,
                self.permit.into_stream()?,
            )))
        } else {
            Ok(StreamKind::Ordinary { silence, _permit: self.permit })
        }
    }

    /// Connects the two sides of a WebSocket.
    async fn websocket(
        self,
        mut response: Response<Incoming>,
        browser: OnUpgrade,
    ) -> Result<Response<ResponseBody>, Refusal> {
        let mut watch = self.watch()?;
        let mut switched = self.head(StatusCode::SWITCHING_PROTOCOLS, response.headers());
        let headers = switched.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        let upgraded = hyper::upgrade::on(&mut response).await;
        let upstream = upgraded.map_err(|error| UpstreamError::Gone(error.to_string()))?;
        let permit = self.permit.into_stream()?;
        let (hold, shutdown) = (Arc::clone(&self.call.hold), self.call.shutdown.clone());
        let lifetime = self.lifetime;
        tokio::spawn(async move {
            let end = async move {
                tokio::select! {
                    () = shutdown => TunnelEnd::Shutdown,
                    () = watch.changed() => TunnelEnd::SessionEnded,
                    () = tokio::time::sleep(lifetime) => TunnelEnd::SessionEnded,
                }
            };
            let mut end = std::pin::pin!(end);
            let browser = tokio::select! {
                browser = browser => browser.ok(),
                _ = &mut end => None,
            };
            if let Some(browser) = browser {
                tunnel(TokioIo::new(browser), TokioIo::new(upstream), end).await;
            }
            drop((hold, permit));
        });
        Ok(switched.map(|()| stripped()))
    }

    /// Watches the session for role changes, for a response that stays open.
    ///
    /// # Errors
    /// [`Refusal::NoSession`] if a launch has already changed the roles.
    fn watch(&self) -> Result<RoleWatch, Refusal> {
        let watch = self.latest_launches.watch(&self.session.session);
        // A launch may have arrived since the request was admitted.
        if self.latest_launches.supersedes(&self.session.session) {
            Err(Refusal::NoSession)
        } else {
            Ok(watch)
        }
    }

    /// The response head for the browser.
    fn head(&self, status: StatusCode, headers: &HeaderMap) -> Response<()> {
        let frame = Frame {
            upstream: &self.url,
            origin: &self.prepared.origin,
            prefix: self.call.mount.prefix,
            is_root: self.call.rest.is_empty(),
            frame_ancestors: &self.call.mount.served.tool.frame_ancestors,
        };
        let mut response = Response::new(());
        *response.status_mut() = status;
        *response.headers_mut() = frame.response_headers(headers);
        if let Some(cookies) = &self.person {
            let person = PersonFrame { cookies, root: self.call.mount.cookie_path() };
            person.bind(response.headers_mut(), self.call.head.uri.path());
        }
        for bytes in remove_long_cookies(response.headers_mut()) {
            self.log_long_cookie(bytes);
        }
        response
    }

    /// Logs a cookie that no browser would store. Its name may contain personal data.
    fn log_long_cookie(&self, bytes: usize) {
        let tool = self.call.mount.served.tool.name.as_str();
        if self.call.gateway.log_budget().admits(tool, "cookie-too-long") {
            let reason = "a cookie of the app is too long for browsers, so it is dropped";
            let help = "make the app store less in its cookie: 4096 bytes of name and value, and a \
                        Path of 1024";
            tracing::warn!(
                target: "request", tool, outcome = "cookie-dropped", bytes, reason, help
            );
        }
    }
}

/// Chunks as one.
fn joined(chunks: Vec<Bytes>) -> Bytes {
    match <[Bytes; 1]>::try_from(chunks) {
        Ok([chunk]) => chunk,
        Err(chunks) => chunks.concat().into(),
    }
}

/// Whether a response is a stream of server-sent events.
fn is_event_stream(headers: &HeaderMap) -> bool {
    const EVENTS: &str = "text/event-stream";
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media_type
        .and_then(|text| text.get(..EVENTS.len()))
        .is_some_and(|text| text.eq_ignore_ascii_case(EVENTS))
}

/// Reads a body to its end.
async fn read_to_end(body: &mut Incoming, chunks: &mut Vec<Bytes>) -> Result<(), hyper::Error> {
    while let Some(frame) = body.frame().await {
        if let Ok(chunk) = frame?.into_data() {
            chunks.push(chunk);
        }
    }
    Ok(())
}
