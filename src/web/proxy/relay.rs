//! An upstream's response on its way to the browser: whole, as a stream, or as a WebSocket.

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

use super::download::{Download, Events, Manner};
use super::frame::Frame;
use super::route::Mount;
use super::tunnel::Tunnel;
use super::upload::Upload;
use super::visit::{OpenSession, PreparedHeaders};
use crate::session::{Newest, Watch};
use crate::web::refusal::Refusal;

/// The largest response that is passed on whole, if it arrives [`AT_ONCE`].
const SMALL: u64 = 16 * 1024;
/// How long a small response may take to arrive.
const AT_ONCE: Duration = Duration::from_millis(50);
/// The most bytes of a response that are written at once.
const CHUNK: usize = 64 * 1024;

/// The way back from an upstream.
pub(super) struct Relay<'r> {
    pub(super) newest: &'r Newest,
    pub(super) mount: Mount<'r, 'r>,
    pub(super) session: Arc<OpenSession>,
    pub(super) prepared: Arc<PreparedHeaders>,
    /// Whether the request was to the prefix itself, without a slash.
    pub(super) is_root: bool,
    /// How long the session lasts.
    pub(super) rest: Duration,
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
            StatusCode::SWITCHING_PROTOCOLS => {
                Err(Refusal::UpstreamGone("it switched protocols unasked".to_owned()))
            }
            _ => self.message(response, upload).await,
        }
    }

    /// Passes a response with a body on.
    async fn message(
        self,
        response: UpstreamResponse<Incoming>,
        upload: Option<Upload<'r>>,
    ) -> Result<Response<'r>, Refusal> {
        let (head, mut body) = response.into_parts();
        let mut answer = self.head(head.status, &head.headers);
        // Rocket would count an empty body's bytes, over the length that a HEAD or a 304 has.
        if body.is_end_stream() && upload.is_none() {
            answer.set_streamed_body(rocket::tokio::io::empty());
            return Ok(answer);
        }
        let length = body.size_hint().exact();
        let mut chunks = Vec::new();
        if upload.is_none() && length.is_some_and(|length| length <= SMALL) {
            match timeout(AT_ONCE, read_to_end(&mut body, &mut chunks)).await {
                Ok(Ok(())) => {
                    let whole = match <[Bytes; 1]>::try_from(chunks) {
                        Ok([whole]) => whole,
                        Err(chunks) => chunks.concat().into(),
                    };
                    // Rocket takes a buffer of this size, and looks for the end with what is left of it.
                    answer.set_max_chunk_size(whole.len() + 1);
                    answer.set_sized_body(whole.len(), Cursor::new(whole));
                    return Ok(answer);
                }
                Ok(Err(error)) => return Err(Refusal::UpstreamGone(error.to_string())),
                Err(_) => {}
            }
        }
        let silence = self.mount.upstream.timeout;
        let manner = if is_event_stream(&head.headers) && length.is_none() {
            Manner::Events(Events {
                watch: self.watch()?,
                rest: self.rest,
                is_plain: !head.headers.contains_key(header::CONTENT_ENCODING),
                silence,
                shutdown: self.shutdown,
            })
        } else {
            Manner::Ordinary(silence)
        };
        answer.set_streamed_body(Download::begin(chunks, body, manner, upload));
        answer.set_max_chunk_size(CHUNK);
        Ok(answer)
    }

    /// Connects the two ends of a WebSocket.
    async fn tunnel(
        self,
        mut response: UpstreamResponse<Incoming>,
    ) -> Result<Response<'r>, Refusal> {
        let watch = self.watch()?;
        let mut answer = self.head(StatusCode::SWITCHING_PROTOCOLS, response.headers());
        let upgraded = hyper::upgrade::on(&mut response).await;
        let upstream = upgraded.map_err(|error| Refusal::UpstreamGone(error.to_string()))?;
        let tunnel = Tunnel {
            upstream: TokioIo::new(upstream),
            watch,
            rest: self.rest,
            shutdown: self.shutdown,
        };
        answer.set_streamed_body(rocket::tokio::io::empty());
        answer.add_upgrade("websocket", tunnel);
        Ok(answer)
    }

    /// Watches the session on behalf of a response that stays open.
    fn watch(&self) -> Result<Watch, Refusal> {
        let watch = self.newest.watch(&self.session.session);
        // A launch may have come between.
        if self.newest.supersedes(&self.session.session) {
            Err(Refusal::NoSession)
        } else {
            Ok(watch)
        }
    }

    /// Status and headers for the browser.
    fn head(&self, status: StatusCode, headers: &HeaderMap) -> Response<'r> {
        let frame = Frame {
            upstream: &self.mount.upstream.url,
            origin: &self.prepared.origin,
            prefix: self.mount.prefix,
            is_root: self.is_root,
            frame_ancestors: &self.mount.served.tool.frame_ancestors,
        };
        let mut answer = Response::new();
        answer.set_status(Status::new(status.as_u16()));
        for header in frame.answer_headers(headers) {
            answer.adjoin_header(header);
        }
        answer
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
