//! A request inside a session: to the upstream and back.

use std::borrow::Cow;
use std::io::Cursor;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Either, Empty};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request as UpstreamRequest, Response as UpstreamResponse, StatusCode};
use hyper_util::rt::TokioIo;
use rocket::http::{Method, Status};
use rocket::tokio::time::{Instant, sleep, timeout};
use rocket::{Data, Request, Response};

use super::download::{Download, Events, Manner};
use super::frame::Frame;
use super::place::Room;
use super::tunnel::Tunnel;
use super::upload::{Progress, Upload, UploadFault, upload};
use super::visit::{Ready, Visit};
use crate::config::Prefix;
use crate::proxy::client::{RequestBody, UpstreamError};
use crate::proxy::headers::{Passage, is_foreign, is_websocket};
use crate::proxy::path::address;
use crate::session::Watch;
use crate::web::gateway::Gateway;
use crate::web::page;
use crate::web::refusal::Refusal;

/// The most bytes of a request's headers, in all.
const MOST_HEADERS: usize = 64 * 1024;
/// An answer so small, and there at once, is passed on whole.
const SMALL: u64 = 16 * 1024;
/// What "at once" means.
const AT_ONCE: Duration = Duration::from_millis(50);
/// How much of an answer is written at once.
const CHUNK: usize = 64 * 1024;

/// What a request needs on its way.
struct Way<'r> {
    gateway: &'r Gateway,
    room: Room<'r, 'r>,
    request: &'r Request<'r>,
    /// The browser's headers.
    headers: Vec<(&'r str, &'r str)>,
    visit: Arc<Visit>,
    /// Whether the request is to the prefix itself, without a slash.
    is_root: bool,
    ready: Arc<Ready>,
    now: u64,
}

impl From<UploadFault> for Refusal {
    fn from(fault: UploadFault) -> Self {
        match fault {
            UploadFault::Slow => Self::UploadSlow,
            UploadFault::Broken => Self::Incomplete,
        }
    }
}

/// How a request's body is framed.
#[derive(Clone, Copy)]
enum Length {
    None,
    Known(u64),
    Chunked,
}

impl Length {
    fn known(self) -> Option<u64> {
        match self {
            Self::Known(length) => Some(length),
            Self::None | Self::Chunked => None,
        }
    }
}

/// Answers inside a session. `rest` is what follows of the path.
pub(in crate::web) async fn answer<'r>(
    gateway: &'r Gateway,
    room: Room<'r, 'r>,
    rest: &str,
    request: &'r Request<'r>,
    data: Data<'r>,
) -> Result<Response<'r>, Refusal> {
    let query = request.uri().query().map(|query| query.as_str());
    // An app at the root of its host knows no address without a slash.
    if rest.is_empty()
        && room.upstream.prefix == Prefix::Session
        && room.upstream.url.path.is_empty()
    {
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        return Ok(page::permanent_redirect(format!("{}/{query}", room.prefix)));
    }
    if request.method() == Method::Connect {
        return Err(Refusal::MethodUnknown);
    }
    let uri = address(&room.upstream.url, rest, query).map_err(|_| Refusal::BadPath)?;
    let length = body_length(request)?;
    let headers = named(request);
    if headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > MOST_HEADERS {
        return Err(Refusal::HeadersTooLarge);
    }
    let now = gateway.clock.now();
    let Some(visit) = gateway.visits.visit(&room, request.headers().get("Cookie"), now) else {
        let is_launch_path = room.served.tool.path.as_str() == request.uri().path().as_str();
        return Err(if is_launch_path { Refusal::NotPosted } else { Refusal::NoSession });
    };
    let authority = request.headers().get_one("Host").unwrap_or_default();
    let ready = visit
        .ready(
            &gateway.assertions,
            &gateway.grade_tokens,
            &gateway.public_url,
            &room,
            authority,
            now,
        )
        .ok_or(Refusal::PageFailed)?;
    let way = Way { gateway, room, request, headers, visit, is_root: rest.is_empty(), ready, now };
    let headers = way.headers.iter().copied();
    let is_websocket = request.method() == Method::Get && is_websocket(headers.clone());
    if is_foreign(&way.ready.origin, request.method().as_str(), headers) {
        return Err(Refusal::ForeignOrigin);
    }

    let (mut uploading, body) = match length {
        Length::None => (None, Either::Left(Empty::new())),
        Length::Chunked | Length::Known(_) => {
            let (upload, progress, body) = upload(data, length.known())?;
            (Some((upload, progress)), Either::Right(body))
        }
    };
    let mut upstream_request = UpstreamRequest::new(body);
    *upstream_request.method_mut() =
        hyper::Method::from_bytes(request.method().as_str().as_bytes())
            .map_err(|_| Refusal::MethodUnknown)?;
    *upstream_request.uri_mut() = uri;
    *upstream_request.headers_mut() = way.upstream_headers(length, is_websocket);
    let upstream_response = way.send(upstream_request, &mut uploading).await?;
    if is_websocket && upstream_response.status() == StatusCode::SWITCHING_PROTOCOLS {
        way.tunnel(upstream_response).await
    } else {
        way.respond(upstream_response, uploading.map(|(upload, _)| upload)).await
    }
}

/// The framing of a body, which two readers must not understand in two ways (RFC 9112 §6.3).
fn body_length(request: &Request<'_>) -> Result<Length, Refusal> {
    let headers = request.headers();
    let mut lengths = headers.get("Content-Length");
    match (headers.contains("Transfer-Encoding"), lengths.next(), lengths.next()) {
        (true, None, None) => Ok(Length::Chunked),
        (false, None, None) => Ok(Length::None),
        (false, Some(length), None) => match length.parse() {
            Ok(0) if matches!(request.method(), Method::Get | Method::Head) => Ok(Length::None),
            Ok(length) => Ok(Length::Known(length)),
            Err(_) => Err(Refusal::AmbiguousLength),
        },
        _ => Err(Refusal::AmbiguousLength),
    }
}

/// A request's headers as names and values.
fn named<'r>(request: &'r Request<'_>) -> Vec<(&'r str, &'r str)> {
    let borrowed = |header: rocket::http::Header<'r>| match (header.name.into_cow(), header.value) {
        (Cow::Borrowed(name), Cow::Borrowed(value)) => Some((name, value)),
        // Rocket lends what it holds.
        _ => None,
    };
    request.headers().iter().filter_map(borrowed).collect()
}

/// Whether an answer is server-sent events.
fn is_event_stream(headers: &HeaderMap) -> bool {
    const EVENTS: &str = "text/event-stream";
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media_type
        .and_then(|text| text.get(..EVENTS.len()))
        .is_some_and(|text| text.eq_ignore_ascii_case(EVENTS))
}

/// Carries an upload on, if there is one.
async fn carried(uploading: &mut Option<(Upload<'_>, Progress)>) -> Result<(), UploadFault> {
    match uploading {
        Some((upload, _)) => upload.await,
        None => std::future::pending().await,
    }
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

impl<'r> Way<'r> {
    /// The headers for the upstream.
    fn upstream_headers(&self, length: Length, is_websocket: bool) -> HeaderMap {
        let Self { room, ready, .. } = self;
        // The answer to a TRACE is the request: it must hold nothing that the browser may not see (RFC 9110 §9.3.8).
        let is_trace = self.request.method() == Method::Trace;
        let passage = Passage {
            upstream: &room.upstream.url,
            origin: &ready.origin,
            prefix: room.prefix,
            own: &room.served.headers,
        };
        let mut headers = passage.request_headers(self.headers.iter().copied());
        if is_trace {
            headers.remove(header::COOKIE);
            headers.remove(header::AUTHORIZATION);
            for (name, _) in &room.served.headers {
                headers.remove(name);
            }
            return headers;
        }
        headers.extend(ready.headers.iter().cloned());
        if let Some(address) = self.browser() {
            // An address has no letter that a header could not carry.
            if let Ok(address) = HeaderValue::try_from(address.to_string()) {
                headers.insert(HeaderName::from_static("x-forwarded-for"), address);
            }
        }
        match length {
            Length::None => {}
            Length::Known(length) => {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            }
            // Of a GET, the client would take a body of unknown length for none.
            Length::Chunked => {
                headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            }
        }
        if is_websocket {
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        headers
    }

    /// The browser's address: who connected or, on Heroku, whom its router names last.
    fn browser(&self) -> Option<IpAddr> {
        if self.gateway.behind_heroku {
            let named =
                self.request.headers().get("X-Forwarded-For").flat_map(|line| line.split(','));
            return named.last().and_then(|one| one.trim().parse().ok());
        }
        self.request.remote().map(|address| address.ip())
    }

    /// Sends the request, carries its body over, and waits for the head of the answer: for as long as the tool's `timeout`, in
    /// which the time that the browser takes does not count.
    async fn send(
        &self,
        request: UpstreamRequest<RequestBody>,
        uploading: &mut Option<(Upload<'r>, Progress)>,
    ) -> Result<UpstreamResponse<Incoming>, Refusal> {
        let silence = self.room.upstream.timeout;
        let mut sending = std::pin::pin!(self.gateway.upstreams.send(request));
        let mut patience = std::pin::pin!(sleep(silence));
        loop {
            rocket::tokio::select! {
                biased;
                answer = &mut sending => {
                    return answer.map_err(|UpstreamError { words }| Refusal::UpstreamGone(words));
                }
                carried = carried(uploading) => {
                    *uploading = None;
                    carried?;
                    patience.as_mut().reset(Instant::now() + silence);
                }
                () = &mut patience => {
                    let waited = uploading.as_ref().map_or(silence, |(_, progress)| progress.waiting_for_upstream());
                    match silence.checked_sub(waited) {
                        None | Some(Duration::ZERO) => return Err(Refusal::UpstreamSlow),
                        Some(rest) => patience.as_mut().reset(Instant::now() + rest),
                    }
                }
            }
        }
    }

    /// Passes an answer on.
    async fn respond(
        self,
        response: UpstreamResponse<Incoming>,
        upload: Option<Upload<'r>>,
    ) -> Result<Response<'r>, Refusal> {
        let (head, mut body) = response.into_parts();
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Refusal::UpstreamGone("it switched protocols unasked".to_owned()));
        }
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
        let silence = self.room.upstream.timeout;
        let manner = if is_event_stream(&head.headers) && length.is_none() {
            Manner::Events(Events {
                watch: self.watch()?,
                rest: self.rest(),
                is_plain: !head.headers.contains_key(header::CONTENT_ENCODING),
                silence,
                shutdown: self.request.rocket().shutdown(),
            })
        } else {
            Manner::Ordinary(silence)
        };
        let download = Download::begin(chunks, body, manner, upload);
        answer.set_streamed_body(download);
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
            rest: self.rest(),
            shutdown: self.request.rocket().shutdown(),
        };
        answer.set_streamed_body(rocket::tokio::io::empty());
        answer.add_upgrade("websocket", tunnel);
        Ok(answer)
    }

    /// For how long the session lasts.
    fn rest(&self) -> Duration {
        Duration::from_secs(self.visit.session.expires.saturating_sub(self.now))
    }

    /// Watches the session on behalf of what stays open.
    fn watch(&self) -> Result<Watch, Refusal> {
        let watch = self.gateway.visits.newest.watch(&self.visit.session);
        // A launch may have come between.
        if self.gateway.visits.newest.supersedes(&self.visit.session) {
            Err(Refusal::NoSession)
        } else {
            Ok(watch)
        }
    }

    /// Status and headers for the browser.
    fn head(&self, status: StatusCode, headers: &HeaderMap) -> Response<'r> {
        let frame = Frame {
            upstream: &self.room.upstream.url,
            origin: &self.ready.origin,
            prefix: self.room.prefix,
            is_root: self.is_root,
            frame_ancestors: &self.room.served.tool.frame_ancestors,
        };
        let mut answer = Response::new();
        answer.set_status(Status::new(status.as_u16()));
        for header in frame.answer_headers(headers) {
            answer.adjoin_header(header);
        }
        answer
    }
}
