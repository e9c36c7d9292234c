//! Uploads: a request body, streamed from the browser to the upstream.
//!
//! At most one chunk is queued. An upstream that reads slowly therefore slows the browser down
//! (backpressure).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::channel::{Channel, Sender};
use hyper::body::Bytes;
use rocket::Data;
use rocket::data::{DataStream, ToByteUnit as _};
use rocket::futures::future::BoxFuture;
use rocket::tokio::io::AsyncReadExt as _;
use rocket::tokio::time::{Instant, timeout};
use tokio_util::bytes::BytesMut;

use crate::web::body::PEEKED;

/// The most bytes that are read at once.
const CHUNK: usize = 64 * 1024;
/// The timeout for each part of a body from the browser.
pub(in crate::web) const UPLOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// The reason why an upload failed.
#[derive(Debug)]
pub(super) enum UploadFault {
    /// The browser sent nothing for [`UPLOAD_TIMEOUT`].
    Slow,
    /// The connection closed, or the body is malformed.
    Broken,
}

/// Streams a body, chunk by chunk, when it is polled.
pub(super) type Upload<'r> = BoxFuture<'r, Result<(), UploadFault>>;

/// The side for which an upload waits. The timeouts of the two sides depend on it.
#[derive(Clone)]
pub(super) struct Progress {
    started: Instant,
    /// Whether the upload waits until the upstream accepts a chunk, or else for the browser.
    waits_for_upstream: Arc<AtomicBool>,
    /// The start of the current wait, in milliseconds after `started`.
    since: Arc<AtomicU64>,
}

/// The upload of a body with this length, if it is known, and the body for the upstream.
///
/// # Errors
/// [`UploadFault::Broken`] if the body broke off, or was malformed, in its first bytes. Rocket
/// reads those itself and does not report the error; the remaining bytes would look complete.
pub(super) fn upload<'r>(
    data: Data<'r>,
    length: Option<u64>,
) -> Result<(Upload<'r>, Progress, Channel<Bytes, io::Error>), UploadFault> {
    let (sender, body) = Channel::new(1);
    let progress = Progress {
        started: Instant::now(),
        waits_for_upstream: Arc::default(),
        since: Arc::default(),
    };
    let is_complete = data.peek_complete();
    let stream = data.open(u64::MAX.bytes());
    if !is_complete && stream.hint() < PEEKED {
        return Err(UploadFault::Broken);
    }
    // For a small body, one byte more: the free byte of the buffer finds the end of the body.
    let chunk = length
        .and_then(|length| usize::try_from(length).ok())
        .map_or(CHUNK, |length| CHUNK.min(length.saturating_add(1)));
    Ok((Box::pin(stream_up(stream, sender, progress.clone(), chunk)), progress, body))
}

impl Progress {
    /// The duration for which the upstream has not accepted the current chunk.
    pub(super) fn waiting_for_upstream(&self) -> Duration {
        if !self.waits_for_upstream.load(Ordering::Relaxed) {
            return Duration::ZERO;
        }
        self.started
            .elapsed()
            .saturating_sub(Duration::from_millis(self.since.load(Ordering::Relaxed)))
    }

    /// Starts a wait for the upstream or for the browser.
    fn wait(&self, for_upstream: bool) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since.store(now, Ordering::Relaxed);
        self.waits_for_upstream.store(for_upstream, Ordering::Relaxed);
    }
}

/// The sending end of a body. Dropped before [`Self::end`], it aborts the request, so that an
/// incomplete body never looks complete.
struct AbortingSender(Option<Sender<Bytes, io::Error>>);

impl AbortingSender {
    /// Sends a chunk. `false` if the upstream accepts no more.
    async fn send(&mut self, chunk: Bytes) -> bool {
        match &mut self.0 {
            Some(sender) => sender.send_data(chunk).await.is_ok(),
            None => false,
        }
    }

    /// Marks the body as complete.
    fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for AbortingSender {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            sender.abort(io::ErrorKind::ConnectionAborted.into());
        }
    }
}

async fn stream_up(
    mut stream: DataStream<'_>,
    sender: Sender<Bytes, io::Error>,
    progress: Progress,
    size: usize,
) -> Result<(), UploadFault> {
    let mut sender = AbortingSender(Some(sender));
    loop {
        let mut chunk = BytesMut::with_capacity(size);
        progress.wait(false);
        match timeout(UPLOAD_TIMEOUT, stream.read_buf(&mut chunk)).await {
            Err(_) => return Err(UploadFault::Slow),
            Ok(Err(_)) => return Err(UploadFault::Broken),
            Ok(Ok(0)) => {
                progress.wait(true);
                sender.end();
                return Ok(());
            }
            Ok(Ok(_)) => {}
        }
        progress.wait(true);
        if !sender.send(chunk.freeze()).await {
            // The upstream accepts no more. Its response says why.
            return Ok(());
        }
    }
}
