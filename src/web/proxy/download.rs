//! Downloads: a response body, streamed from the upstream to the browser.
//!
//! The gateway reads the next part when the browser has taken the last one. A browser that reads
//! slowly therefore slows the upstream down (backpressure). An event stream gets a heartbeat, so
//! that silence does not close it. If the upstream's body breaks off, so does the browser's.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Method;
use hyper::body::{Body, Bytes, Frame as BodyFrame, Incoming, SizeHint};
use rocket::Shutdown;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::frame;
use super::session_load::{RequestPermit, StreamPermit};
use super::upload::StopUpload;
use crate::session::RoleWatch;
use crate::web::refusal::Refusal;

/// The silence after which an event stream gets a comment as a keep-alive. Routers in front close
/// silent connections (Heroku's after 55 seconds), and only a write shows that a browser has left.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A comment of an event stream, which browsers ignore (HTML, 9.2.6).
const COMMENT: &[u8] = b":\n\n";

/// The kind of a streamed body. It decides what the gateway does while the upstream is silent.
pub(super) enum StreamKind {
    /// Any body except server-sent events, with the timeout for its next part.
    Ordinary { silence: Duration, _permit: RequestPermit },
    /// Server-sent events.
    Events(Events),
}

/// The end and the silence of an event stream. It ends with its session. It may be silent for as
/// long as it likes if the gateway can write comments into it.
pub(super) struct Events {
    /// The end of the session, or of the gateway. The browser reconnects by itself.
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Whether the stream has no content encoding, so that a comment fits between two events.
    is_plain: bool,
    /// The timeout for the next part if no comment can be written.
    silence: Duration,
    gap: Gap,
    _permit: StreamPermit,
}

impl Events {
    pub(super) fn new(
        mut watch: RoleWatch,
        lifetime: Duration,
        shutdown: Shutdown,
        is_plain: bool,
        silence: Duration,
        permit: StreamPermit,
    ) -> Self {
        let end = Box::pin(async move {
            tokio::select! {
                () = watch.changed() => {}
                () = sleep(lifetime) => {}
                () = shutdown => {}
            }
        });
        Self { end, is_plain, silence, gap: Gap::default(), _permit: permit }
    }
}

/// The request whose response breaks off, for the log.
pub(super) struct BrokenResponse {
    pub(super) tool: String,
    pub(super) method: Method,
}

impl BrokenResponse {
    fn log(&self, message: String) {
        let (tool, method) = (self.tool.as_str(), self.method.as_str());
        let refusal = Refusal::ResponseBroken(message);
        let (code, reason, help) = (refusal.code(), refusal.fact(), &*refusal.advice());
        tracing::warn!(target: "request", tool, outcome = "broken", code, method, reason, help);
    }
}

/// A body for the browser.
pub(super) struct Download {
    /// Chunks that were already read.
    read: VecDeque<Bytes>,
    body: Incoming,
    kind: StreamKind,
    broken: BrokenResponse,
    /// The rest of the upload. It ends with the response.
    upload: Option<StopUpload>,
    timer: Timer,
    has_ended: bool,
}

/// A timer that starts when the gateway begins to wait.
#[derive(Default)]
struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// The start of the upstream's silence, while it is silent.
    silent_since: Option<Instant>,
    /// The number of heartbeats since then.
    beats: u32,
}

impl Timer {
    /// Ends the wait.
    fn stop(&mut self) {
        self.silent_since = None;
        self.beats = 0;
    }

    /// Waits until this long after the start of the silence.
    fn poll_until(&mut self, limit: Duration, context: &mut Context<'_>) -> Poll<()> {
        let since = *self.silent_since.get_or_insert_with(Instant::now);
        let deadline = since + limit;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(context)
    }
}

type PolledFrame = Poll<Option<io::Result<BodyFrame<Bytes>>>>;

impl Download {
    /// Streams a body. `read` contains its chunks that were already read.
    pub(super) fn new(
        read: Vec<Bytes>,
        body: Incoming,
        kind: StreamKind,
        broken: BrokenResponse,
        upload: Option<StopUpload>,
    ) -> Self {
        let (timer, has_ended) = (Timer::default(), false);
        Self { read: read.into(), body, kind, broken, upload, timer, has_ended }
    }

    /// Breaks the body off.
    fn fail(&mut self, error: io::Error) -> PolledFrame {
        self.has_ended = true;
        self.broken.log(error.to_string());
        Poll::Ready(Some(Err(error)))
    }

    fn end(&mut self) -> PolledFrame {
        self.has_ended = true;
        self.upload = None;
        Poll::Ready(None)
    }

    /// Waits for the upstream: until a timeout, or with comments of the gateway's own.
    fn poll_silence(&mut self, context: &mut Context<'_>) -> PolledFrame {
        let (next, silence, may_comment) = match &self.kind {
            StreamKind::Ordinary { silence, .. } => (*silence, *silence, false),
            StreamKind::Events(events) => (
                HEARTBEAT * (self.timer.beats + 1),
                events.silence,
                events.is_plain && events.gap.is_open(),
            ),
        };
        let next = if may_comment { next } else { next.max(silence) };
        if self.timer.poll_until(next, context).is_pending() {
            return Poll::Pending;
        }
        if !may_comment {
            return self.fail(io::ErrorKind::TimedOut.into());
        }
        self.timer.beats = self.timer.beats.saturating_add(1);
        Poll::Ready(Some(Ok(BodyFrame::data(Bytes::from_static(COMMENT)))))
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> PolledFrame {
        let this = &mut *self;
        if this.has_ended {
            return Poll::Ready(None);
        }
        if let StreamKind::Events(events) = &mut this.kind
            && events.end.as_mut().poll(context).is_ready()
        {
            return this.end();
        }
        if let Some(chunk) = this.read.pop_front() {
            return Poll::Ready(Some(Ok(BodyFrame::data(chunk))));
        }
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Pending => this.poll_silence(context),
            Poll::Ready(None) => this.end(),
            Poll::Ready(Some(Err(error))) => this.fail(io::Error::other(error)),
            Poll::Ready(Some(Ok(part))) => {
                this.timer.stop();
                match part.into_data() {
                    Ok(chunk) => {
                        if let StreamKind::Events(events) = &mut this.kind {
                            events.gap.read(&chunk);
                        }
                        Poll::Ready(Some(Ok(BodyFrame::data(chunk))))
                    }
                    Err(part) => {
                        let trailers = part.into_trailers().unwrap_or_default();
                        Poll::Ready(Some(Ok(BodyFrame::trailers(frame::trailers(&trailers)))))
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || (self.read.is_empty() && self.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        // The length is in the header, if the upstream announced one.
        SizeHint::default()
    }
}

/// Finds the gaps between the events of a stream. A comment may be written between two events, not
/// within one.
#[derive(Default)]
struct Gap {
    last: [u8; 4],
    is_within: bool,
}

impl Gap {
    fn read(&mut self, chunk: &[u8]) {
        for byte in chunk.iter().skip(chunk.len().saturating_sub(self.last.len())) {
            self.last.rotate_left(1);
            self.last[3] = *byte;
        }
        // An empty line ends an event. There are three line endings (HTML, 9.2.5).
        self.is_within = !(self.last.ends_with(b"\n\n")
            || self.last == *b"\r\n\r\n"
            || self.last.ends_with(b"\r\r"));
    }

    fn is_open(&self) -> bool {
        !self.is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_found_between_events_in_any_chunks() {
        let check = |chunks: &[&str], expected: bool| {
            let mut gap = Gap::default();
            chunks.iter().for_each(|chunk| gap.read(chunk.as_bytes()));
            assert_eq!(gap.is_open(), expected, "{chunks:?}");
        };
        check(&[], true);
        check(&["data: x\n\n"], true);
        check(&["data: x\n", "\n"], true);
        check(&["data: x\r\n\r", "\n"], true);
        check(&["data: x\r", "\r"], true);
        check(&["a", "b\n", "\n", ":\n\n"], true);
        check(&["data: x"], false);
        check(&["data: x\n"], false);
        check(&["data: x\r\n"], false);
        check(&["data: x\n\n", "data"], false);
    }
}
