//! What an upstream sends, on its way to the browser while it comes.

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

/// How long a browser may take none of what is there for it: then the upstream is let go.
const READER_SILENCE: Duration = Duration::from_secs(300);
/// After how much silence an event stream gets a comment. Routers in front cut silent connections (Heroku's after 55
/// seconds), and a browser that has left shows only when something is sent.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A comment of an event stream, which browsers pass over (HTML, 9.2.6).
const COMMENT: &[u8] = b":\n\n";

/// What the answer's body is, as far as silence is concerned.
pub(super) enum Manner {
    /// The upstream may be silent for so long.
    Ordinary(Duration),
    /// Server-sent events.
    Events(Events),
}

/// A stream of events ends with its session. Where a comment can be written into it, silence is its own affair.
pub(super) struct Events {
    /// Tells when the session has other roles.
    pub(super) watch: RoleWatch,
    /// For how long the session lasts.
    pub(super) rest: Duration,
    /// Whether it is not encoded, so that a comment can be written between two events.
    pub(super) is_plain: bool,
    /// For how long the upstream may be silent where none can.
    pub(super) silence: Duration,
    pub(super) shutdown: Shutdown,
}

/// A body for the browser.
pub(super) struct Download<'r> {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
    /// What of the upload is left, where the upstream answered before it had everything.
    upload: Option<Upload<'r>>,
}

impl<'r> Download<'r> {
    /// Begins to carry a body over, of which these chunks were read already.
    pub(super) fn begin(
        read: Vec<Bytes>,
        body: Incoming,
        manner: Manner,
        upload: Option<Upload<'r>>,
    ) -> Self {
        let (sender, chunks) = mpsc::channel(1);
        rocket::tokio::spawn(async move {
            match manner {
                Manner::Ordinary(silence) => carry(body, silence, sender).await,
                Manner::Events(events) => {
                    // The browser asks again by itself.
                    let _ = timeout(events.rest, carry_events(body, events, sender)).await;
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

/// Sends a chunk on. `false` where the browser is gone, or takes nothing for too long.
async fn passed_on(sender: &mpsc::Sender<io::Result<Bytes>>, chunk: io::Result<Bytes>) -> bool {
    matches!(timeout(READER_SILENCE, sender.send(chunk)).await, Ok(Ok(())))
}

/// The next chunk of a body that has bytes in it; `None` at its end.
async fn next(body: &mut Incoming) -> Option<io::Result<Bytes>> {
    loop {
        match body.frame().await? {
            Err(error) => return Some(Err(io::Error::other(error))),
            Ok(frame) => match frame.into_data() {
                Ok(chunk) if !chunk.is_empty() => return Some(Ok(chunk)),
                // Trailers, for which Rocket has no way.
                Ok(_) | Err(_) => {}
            },
        }
    }
}

async fn carry(mut body: Incoming, silence: Duration, sender: mpsc::Sender<io::Result<Bytes>>) {
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

async fn carry_events(
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

/// Where in an event stream the last byte stood: a comment may stand between two events and not within one.
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
        // An empty line ends an event, and a line may end in three ways (HTML, 9.2.5).
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
    fn a_comment_stands_between_events_however_they_come_in_chunks() {
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
