//! Counts what crosses a connection, and bounds what it buffers.
//!
//! A [`Meter`] answers the questions that decide about a retry: was a byte of the request written,
//! was a byte of its body handed on, did a byte of a response arrive? It also slows an upload down
//! to the speed of its upstream.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take};

/// The body of a request: none, or a browser's upload, streamed.
pub type UpstreamBody = UnsyncBoxBody<Bytes, io::Error>;

/// The most bytes of one read. After a read that fills its buffer of 32 KiB, hyper would double the
/// buffer, up to the size of the largest response head. One byte less keeps it at 32 KiB.
const LARGEST_READ: u64 = 32 * 1024 - 1;
/// The most bytes of a request's body that wait for the upstream, before the last chunk.
const MOST_QUEUED: usize = 32 * 1024;

/// The state of a connection's current request.
///
/// The connection's task and the request's task use it in turn, and a channel synchronizes them.
/// The order of the atomic operations therefore does not matter.
#[derive(Debug, Default)]
pub(super) struct Meter {
    is_written: AtomicBool,
    is_answered: AtomicBool,
    is_handed_on: AtomicBool,
    /// The first bytes of the response, as far as the first read contains them.
    opening: AtomicU32,
    /// The bytes of the body that hyper received and did not write yet.
    queued: AtomicUsize,
    /// Whether the body waits for the connection to write them.
    is_full: AtomicBool,
}

impl Meter {
    /// Starts with a new request. The previous one must have ended.
    pub(super) fn begin(&self) {
        self.is_written.store(false, Ordering::Relaxed);
        self.is_answered.store(false, Ordering::Relaxed);
        self.is_handed_on.store(false, Ordering::Relaxed);
        self.opening.store(0, Ordering::Relaxed);
        self.queued.store(0, Ordering::Relaxed);
        self.is_full.store(false, Ordering::Relaxed);
    }

    /// Whether a byte of the request was written.
    pub(super) fn is_written(&self) -> bool {
        self.is_written.load(Ordering::Relaxed)
    }

    /// Whether a byte arrived since the request began.
    pub(super) fn is_answered(&self) -> bool {
        self.is_answered.load(Ordering::Relaxed)
    }

    /// Whether a byte of the request's body was handed on to the connection.
    pub(super) fn is_handed_on(&self) -> bool {
        self.is_handed_on.load(Ordering::Relaxed)
    }

    /// The first four bytes that arrived; zeros for bytes that the first read did not contain.
    pub(super) fn opening(&self) -> [u8; 4] {
        self.opening.load(Ordering::Relaxed).to_be_bytes()
    }

    fn wrote(&self, count: usize) {
        if count > 0 && !self.is_written() {
            self.is_written.store(true, Ordering::Relaxed);
        }
    }

    fn read(&self, bytes: &[u8]) {
        if bytes.is_empty() || self.is_answered() {
            return;
        }
        let mut opening = [0; 4];
        for (place, byte) in opening.iter_mut().zip(bytes) {
            *place = *byte;
        }
        self.opening.store(u32::from_be_bytes(opening), Ordering::Relaxed);
        self.is_answered.store(true, Ordering::Relaxed);
    }

    /// Everything that hyper received was written. Returns whether the body waits for this.
    fn flushed(&self) -> bool {
        self.queued.store(0, Ordering::Relaxed);
        self.is_full.load(Ordering::Relaxed) && self.is_full.swap(false, Ordering::Relaxed)
    }
}

/// A connection whose bytes are counted.
pub(super) struct Metered<T> {
    io: Take<T>,
    meter: Arc<Meter>,
}

impl<T: AsyncRead> Metered<T> {
    pub(super) fn new(io: T) -> Self {
        Self { io: io.take(LARGEST_READ), meter: Arc::default() }
    }
}

impl<T> Metered<T> {
    pub(super) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Metered<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        self.io.set_limit(LARGEST_READ);
        ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        self.meter.read(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Metered<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(self.io.get_mut()).poll_write(context, bytes))?;
        self.meter.wrote(count);
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(self.io.get_mut()).poll_write_vectored(context, slices))?;
        self.meter.wrote(count);
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.get_ref().is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(self.io.get_mut()).poll_flush(context))?;
        // hyper flushes when it has written all. The task that flushes also polls the body.
        if self.meter.flushed() {
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.io.get_mut()).poll_shutdown(context)
    }
}

/// A request's body that waits while too many of its bytes are not written yet.
pub(super) struct MeteredBody {
    body: UpstreamBody,
    meter: Arc<Meter>,
}

impl MeteredBody {
    pub(super) fn new(body: UpstreamBody, meter: Arc<Meter>) -> Self {
        Self { body, meter }
    }

    pub(super) fn into_inner(self) -> UpstreamBody {
        self.body
    }
}

impl Body for MeteredBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let queued = self.meter.queued.load(Ordering::Relaxed);
        if queued >= MOST_QUEUED {
            // The connection wakes this task when it has written them.
            self.meter.is_full.store(true, Ordering::Relaxed);
            return Poll::Pending;
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
            && !data.is_empty()
        {
            self.meter.is_handed_on.store(true, Ordering::Relaxed);
            self.meter.queued.store(queued + data.len(), Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
