//! What a browser sends, on its way to the upstream while it comes.

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

/// How much is read at once.
const CHUNK: usize = 64 * 1024;
/// For how long a browser may send nothing of a body that it announced.
pub(in crate::web) const UPLOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Why a body did not come whole.
#[derive(Debug)]
pub(super) enum UploadFault {
    /// The browser sent nothing for too long.
    Slow,
    /// It is gone.
    Broken,
}

/// Carries a body over, chunk by chunk, when it is polled.
pub(super) type Upload<'r> = BoxFuture<'r, Result<(), UploadFault>>;

/// For whom an upload waits, as far as time-outs need it.
#[derive(Clone)]
pub(super) struct Progress {
    started: Instant,
    /// Whether it waits for the upstream to take a chunk, and since which millisecond.
    waits_for_upstream: Arc<AtomicBool>,
    since: Arc<AtomicU64>,
}

/// The upload of a body, whose length may be known, and the body as it goes to the upstream.
///
/// # Errors
/// [`UploadFault::Broken`] where the body broke off, or was malformed, in its first bytes: Rocket met the error and does not
/// tell of it, and what is left would look whole.
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
    let is_whole = data.peek_complete();
    let stream = data.open(u64::MAX.bytes());
    if !is_whole && stream.hint() < PEEKED {
        return Err(UploadFault::Broken);
    }
    // Of a small body, its end is found with what is left of the buffer.
    let chunk = length
        .and_then(|length| usize::try_from(length).ok())
        .map_or(CHUNK, |length| CHUNK.min(length.saturating_add(1)));
    Ok((Box::pin(carry(stream, sender, progress.clone(), chunk)), progress, body))
}

impl Progress {
    /// For how long the upstream has not taken what is there for it.
    pub(super) fn waiting_for_upstream(&self) -> Duration {
        if !self.waits_for_upstream.load(Ordering::Relaxed) {
            return Duration::ZERO;
        }
        self.started
            .elapsed()
            .saturating_sub(Duration::from_millis(self.since.load(Ordering::Relaxed)))
    }

    fn waits(&self, for_upstream: bool) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since.store(now, Ordering::Relaxed);
        self.waits_for_upstream.store(for_upstream, Ordering::Relaxed);
    }
}

/// The sending end of a body that must not look whole before it is: let go of, in whatever way, it breaks the request off.
struct Whole(Option<Sender<Bytes, io::Error>>);

impl Whole {
    /// Sends a chunk; `false` where the upstream takes no more.
    async fn send(&mut self, chunk: Bytes) -> bool {
        match &mut self.0 {
            Some(sender) => sender.send_data(chunk).await.is_ok(),
            None => false,
        }
    }

    /// That was the end of it.
    fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            sender.abort(io::ErrorKind::ConnectionAborted.into());
        }
    }
}

async fn carry(
    mut stream: DataStream<'_>,
    sender: Sender<Bytes, io::Error>,
    progress: Progress,
    size: usize,
) -> Result<(), UploadFault> {
    let mut whole = Whole(Some(sender));
    loop {
        let mut chunk = BytesMut::with_capacity(size);
        progress.waits(false);
        match timeout(UPLOAD_TIMEOUT, stream.read_buf(&mut chunk)).await {
            Err(_) => return Err(UploadFault::Slow),
            Ok(Err(_)) => return Err(UploadFault::Broken),
            Ok(Ok(0)) => {
                progress.waits(true);
                whole.end();
                return Ok(());
            }
            Ok(Ok(_)) => {}
        }
        progress.waits(true);
        if !whole.send(chunk.freeze()).await {
            // The upstream wants no more; its answer says why.
            return Ok(());
        }
    }
}
