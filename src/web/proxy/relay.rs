//! An upstream's response, passed on to the browser: complete, as a stream, or as a WebSocket.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderMap};
use hyper::{Response as UpstreamResponse, StatusCode};
use hyper_util::rt::TokioIo;
use rocket::http::Status;
use rocket::tokio::time::timeout;
use rocket::{Response, Shutdown};

use super::download::{Download, Events, StreamKind};
use super::frame::Frame;
use super::route::Mount;
use super::tunnel::Tunnel;
use super::upload::Upload;
use super::visit::{OpenSession, PreparedHeaders};
use crate::proxy::client::UpstreamError;
use crate::session::{LatestLaunches, RoleWatch};
use crate::web::refusal::Refusal;

/// The largest response, in bytes, that is passed on complete if it arrives [`AT_ONCE`].
const SMALL: u64 = 16 * 1024;
/// The timeout after which a small response is streamed.
const AT_ONCE: Duration = Duration::from_millis(50);
/// The most bytes of a response that are written at once.
const CHUNK: usize = 64 * 1024;

/// The way back from an upstream to the browser.
pub(super) struct Relay<'r> {
    pub(super) latest_launches: &'r LatestLaunches,
    pub(super) mount: Mount<'r, 'r>,
    pub(super) session: Arc<OpenSession>,
    pub(super) prepared: Arc<PreparedHeaders>,
    /// Whether the request's path is the prefix, without a slash.
    pub(super) is_root: bool,
    /// The remaining lifetime of the session.
    pub(super) lifetime: Duration,
    pub(super) shutdown: Shutdown,
}

impl<'r> Relay<'r> {
    /// Passes a response on.
    pub(super) async fn respond(
        self,
        response: UpstreamResponse<Incoming>,
        is_websocket: bool,
        upload: Option<Upload<'r>>,
    ) -> Result<Response<'r>, Refusal> {
        match response.status() {
            StatusCode::SWITCHING_PROTOCOLS if is_websocket => self.tunnel(response).await,
            StatusCode::SWITCHING_PROTOCOLS => Err(UpstreamError::Switched.into()),
            _ => self.message(response, upload).await,
        }
    }

    /// Passes on a response that is no WebSocket.
    async fn message(
        self,
        response: UpstreamResponse<Incoming>,
        upload: Option<Upload<'r>>,
    ) -> Result<Response<'r>, Refusal> {
        let (head, mut body) = response.into_parts();
        let mut response = self.head(head.status, &head.headers);
        // Rocket would replace the length of a HEAD or a 304 by that of the empty body.
        if body.is_end_stream() && upload.is_none() {
            response.set_streamed_body(rocket::tokio::io::empty());
            return Ok(response);
        }
        let length = body.size_hint().exact();
        let mut chunks = Vec::new();
        if upload.is_none() && length.is_some_and(|length| length <= SMALL) {
            match timeout(AT_ONCE, read_to_end(&mut body, &mut chunks)).await {
                Ok(Ok(())) => {
                    set_complete_body(&mut response, chunks);
                    return Ok(response);
                }
                Ok(Err(error)) => return Err(UpstreamError::Gone(error.to_string()).into()),
                Err(_) => {}
            }
        }
        let kind = self.stream_kind(&head.headers, length)?;
        response.set_streamed_body(Download::begin(chunks, body, kind, upload));
        response.set_max_chunk_size(CHUNK);
        Ok(response)
    }

    /// The kind of a streamed body, which decides what ends it: a timeout, or the end of the
    /// session.
    fn stream_kind(self, headers: &HeaderMap, length: Option<u64>) -> Result<StreamKind, Refusal> {
        let silence = self.mount.upstream.timeout;
        if is_event_stream(headers) && length.is_none() {
            Ok(StreamKind::Events(Events {
                watch: self.watch()?,
                lifetime: self.lifetime,
                is_plain: !headers.contains_key(header::CONTENT_ENCODING),
                silence,
                shutdown: self.shutdown,
            }))
        } else {
            Ok(StreamKind::Ordinary(silence))
        }
    }

    /// Connects the two sides of a WebSocket.
    async fn tunnel(
        self,
        mut response: UpstreamResponse<Incoming>,
    ) -> Result<Response<'r>, Refusal> {
        let watch = self.watch()?;
        let mut switched = self.head(StatusCode::SWITCHING_PROTOCOLS, response.headers());
        let upgraded = hyper::upgrade::on(&mut response).await;
        let upstream = upgraded.map_err(|error| UpstreamError::Gone(error.to_string()))?;
        let tunnel = Tunnel {
            upstream: TokioIo::new(upstream),
            watch,
            lifetime: self.lifetime,
            shutdown: self.shutdown,
        };
        switched.set_streamed_body(rocket::tokio::io::empty());
        switched.add_upgrade("websocket", tunnel);
        Ok(switched)
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
    fn head(&self, status: StatusCode, headers: &HeaderMap) -> Response<'r> {
        let frame = Frame {
            upstream: &self.mount.upstream.url,
            origin: &self.prepared.origin,
            prefix: self.mount.prefix,
            is_root: self.is_root,
            frame_ancestors: &self.mount.served.tool.frame_ancestors,
        };
        let mut response = Response::new();
        response.set_status(Status::new(status.as_u16()));
        for header in frame.response_headers(headers) {
            response.adjoin_header(header);
        }
        response
    }
}

/// Sets a body that arrived completely, with its length.
fn set_complete_body(response: &mut Response<'_>, chunks: Vec<Bytes>) {
    let body = match <[Bytes; 1]>::try_from(chunks) {
        Ok([body]) => body,
        Err(chunks) => chunks.concat().into(),
    };
    // Rocket allocates a buffer of this size. The extra byte finds the end of the body.
    response.set_max_chunk_size(body.len() + 1);
    response.set_sized_body(body.len(), Cursor::new(body));
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
