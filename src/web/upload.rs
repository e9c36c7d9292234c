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

/// How much is read at once.
const CHUNK: usize = 64 * 1024;
/// For how long a browser may send nothing of what it announced.
const SILENCE: Duration = Duration::from_secs(60);

/// Why a body did not come whole.
#[derive(Debug)]
pub(super) enum UploadFault {
    /// The browser sent nothing for too long.
    Slow,
    /// It is gone.
    Broken,
}

/// What Rocket reads of a body before any route is asked.
const PEEKED: usize = 14;

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

/// The upload of a body, and the body as it goes to the upstream.
///
/// # Errors
/// [`UploadFault::Broken`] where the body broke off, or was malformed, in its first bytes: Rocket met the error and does not
/// tell of it, and what is left would look whole.
pub(super) fn upload<'r>(
    data: Data<'r>,
) -> Result<(Upload<'r>, Progress, Channel<Bytes, io::Error>), UploadFault> {
    let (sender, body) = Channel::new(1);
    let progress =
        Progress { started: Instant::now(), waits_for_upstream: Arc::default(), since: Arc::default() };
    let is_whole = data.peek_complete();
    let stream = data.open(u64::MAX.bytes());
    if !is_whole && stream.hint() < PEEKED {
        return Err(UploadFault::Broken);
    }
    Ok((Box::pin(carry(stream, sender, progress.clone())), progress, body))
}

impl Progress {
    /// For how long the upstream has not taken what is there for it.
    pub(super) fn waiting_for_upstream(&self) -> Duration {
        if !self.waits_for_upstream.load(Ordering::Relaxed) {
            return Duration::ZERO;
        }
        self.started.elapsed().saturating_sub(Duration::from_millis(self.since.load(Ordering::Relaxed)))
    }

    fn waits(&self, for_upstream: bool) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since.store(now, Ordering::Relaxed);
        self.waits_for_upstream.store(for_upstream, Ordering::Relaxed);
    }
}

async fn carry(
    mut stream: DataStream<'_>,
    mut sender: Sender<Bytes, io::Error>,
    progress: Progress,
) -> Result<(), UploadFault> {
    loop {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        progress.waits(false);
        match timeout(SILENCE, stream.read_buf(&mut chunk)).await {
            Err(_) => {
                sender.abort(io::ErrorKind::TimedOut.into());
                return Err(UploadFault::Slow);
            }
            Ok(Err(error)) => {
                // What the upstream got so far must not look whole.
                sender.abort(error);
                return Err(UploadFault::Broken);
            }
            Ok(Ok(0)) => {
                progress.waits(true);
                return Ok(());
            }
            Ok(Ok(_)) => {}
        }
        progress.waits(true);
        if sender.send_data(chunk.freeze()).await.is_err() {
            // The upstream wants no more; its answer says why.
            return Ok(());
        }
    }
}
