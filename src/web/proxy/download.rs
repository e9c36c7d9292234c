//! Downloads: a response body, streamed from the upstream to the browser.
//!
//! At most one chunk is queued. A browser that reads slowly therefore slows the upstream down
//! (backpressure). An event stream gets a heartbeat, so that silence does not close it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use rocket::Shutdown;
use rocket::tokio::io::{AsyncRead, ReadBuf};
use rocket::tokio::sync::mpsc;
use rocket::tokio::time::{sleep, timeout};

use super::upload::Upload;
use crate::session::RoleWatch;

/// The timeout for a browser that does not read the next chunk. The gateway then closes the
/// connection to the upstream.
const READER_TIMEOUT: Duration = Duration::from_secs(300);
/// The silence after which an event stream gets a comment as a keep-alive. Routers in front close
/// silent connections (Heroku's after 55 seconds), and only a write shows that a browser has left.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A comment of an event stream, which browsers ignore (HTML, 9.2.6).
const COMMENT: &[u8] = b":\n\n";

/// The kind of a streamed body. It decides what the gateway does while the upstream is silent.
pub(super) enum StreamKind {
    /// Any body except server-sent events, with the timeout for its next part.
    Ordinary(Duration),
    /// Server-sent events.
    Events(Events),
}

/// The end and the silence of an event stream. It ends with its session. It may be silent for as
/// long as it likes if the gateway can write comments into it.
pub(super) struct Events {
    /// Reports that a launch changed the session's roles.
    pub(super) watch: RoleWatch,
    /// The remaining lifetime of the session.
    pub(super) lifetime: Duration,
    /// Whether the stream has no content encoding, so that a comment fits between two events.
    pub(super) is_plain: bool,
    /// The timeout for the next part if no comment can be written.
    pub(super) silence: Duration,
    pub(super) shutdown: Shutdown,
}

/// A body for the browser.
pub(super) struct Download<'r> {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
    /// The rest of the upload, if the upstream responded before the end of the request.
    upload: Option<Upload<'r>>,
}

impl<'r> Download<'r> {
    /// Starts to stream a body. `read` contains its chunks that were already read.
    pub(super) fn begin(
        read: Vec<Bytes>,
        body: Incoming,
        kind: StreamKind,
        upload: Option<Upload<'r>>,
    ) -> Self {
        let (sender, chunks) = mpsc::channel(1);
        rocket::tokio::spawn(async move {
            match kind {
                StreamKind::Ordinary(silence) => stream_down(body, silence, sender).await,
                StreamKind::Events(events) => {
                    // At the end of the session the browser reconnects by itself.
                    let _ = timeout(events.lifetime, stream_events(body, events, sender)).await;
                }
            }
        });
        Self { chunks, current: read.concat().into(), upload }
    }
}

impl AsyncRead for Download<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(upload) = &mut self.upload
            && upload.as_mut().poll(context).is_ready()
        {
            self.upload = None;
        }
        if self.current.is_empty() {
            match self.chunks.poll_recv(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                Poll::Ready(Some(Ok(chunk))) => self.current = chunk,
            }
        }
        let length = buffer.remaining().min(self.current.len());
        buffer.put_slice(&self.current.split_to(length));
        Poll::Ready(Ok(()))
    }
}

/// Passes a chunk on. `false` if the browser has left, or read nothing for [`READER_TIMEOUT`].
async fn passed_on(sender: &mpsc::Sender<io::Result<Bytes>>, chunk: io::Result<Bytes>) -> bool {
    matches!(timeout(READER_TIMEOUT, sender.send(chunk)).await, Ok(Ok(())))
}

/// The next non-empty chunk of a body; `None` at its end.
async fn next(body: &mut Incoming) -> Option<io::Result<Bytes>> {
    loop {
        match body.frame().await? {
            Err(error) => return Some(Err(io::Error::other(error))),
            Ok(frame) => match frame.into_data() {
                Ok(chunk) if !chunk.is_empty() => return Some(Ok(chunk)),
                // Rocket cannot send trailers.
                Ok(_) | Err(_) => {}
            },
        }
    }
}

async fn stream_down(
    mut body: Incoming,
    silence: Duration,
    sender: mpsc::Sender<io::Result<Bytes>>,
) {
    loop {
        let chunk = rocket::tokio::select! {
            chunk = timeout(silence, next(&mut body)) => match chunk {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return,
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            },
            () = sender.closed() => return,
        };
        let failed = chunk.is_err();
        if !passed_on(&sender, chunk).await || failed {
            return;
        }
    }
}

async fn stream_events(
    mut body: Incoming,
    mut events: Events,
    sender: mpsc::Sender<io::Result<Bytes>>,
) {
    let mut gap = Gap::default();
    let mut silent = Duration::ZERO;
    loop {
        let chunk = rocket::tokio::select! {
            chunk = next(&mut body) => match chunk {
                Some(chunk) => {
                    silent = Duration::ZERO;
                    chunk
                }
                None => return,
            },
            () = sleep(HEARTBEAT) => {
                silent += HEARTBEAT;
                match events.is_plain && gap.is_open() {
                    true => Ok(Bytes::from_static(COMMENT)),
                    false if silent < events.silence => continue,
                    false => Err(io::ErrorKind::TimedOut.into()),
                }
            }
            () = events.watch.changed() => return,
            () = &mut events.shutdown => return,
            () = sender.closed() => return,
        };
        let failed = chunk.is_err();
        if let Ok(chunk) = &chunk {
            gap.read(chunk);
        }
        if !passed_on(&sender, chunk).await || failed {
            return;
        }
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
