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
use crate::session::Watch;

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
    /// Server-sent events: silence is theirs, until the session has other roles or, after so long, ends.
    Events(Watch, Duration),
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
        shutdown: Shutdown,
        upload: Option<Upload<'r>>,
    ) -> Self {
        let (sender, chunks) = mpsc::channel(1);
        rocket::tokio::spawn(async move {
            match manner {
                Manner::Ordinary(silence) => carry(body, silence, sender).await,
                Manner::Events(watch, rest) => {
                    // The browser asks again by itself.
                    let _ = timeout(rest, carry_events(body, watch, shutdown, sender)).await;
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
    mut watch: Watch,
    mut shutdown: Shutdown,
    sender: mpsc::Sender<io::Result<Bytes>>,
) {
    // Whether a comment may stand here: not within an event.
    let mut between = true;
    loop {
        let chunk = rocket::tokio::select! {
            chunk = next(&mut body) => match chunk {
                Some(chunk) => chunk,
                None => return,
            },
            () = sleep(HEARTBEAT) => {
                if !between {
                    continue;
                }
                Ok(Bytes::from_static(COMMENT))
            }
            () = watch.changed() => return,
            () = &mut shutdown => return,
            () = sender.closed() => return,
        };
        let failed = chunk.is_err();
        if let Ok(chunk) = &chunk {
            between = [b"\n\n".as_slice(), b"\r\n\r\n", b"\r\r"].iter().any(|end| chunk.ends_with(end));
        }
        if !passed_on(&sender, chunk).await || failed {
            return;
        }
    }
}
