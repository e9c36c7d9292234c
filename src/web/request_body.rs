//! A request's body, as it arrives from the client.
//!
//! If the gateway responds before the body has arrived, the rest must be read. Otherwise the client
//! cannot finish its upload, and many clients then report a broken connection in place of the
//! response. [`RequestBody`] therefore drains its rest when it is dropped.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The longest time that the gateway drains a body.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of a body that the gateway drains.
const MOST_DRAINED: usize = 16 * 1024 * 1024;
/// The most bodies that the gateway drains at once. It closes the connections of further ones.
const MOST_DRAINS: usize = 64;

/// A resource that a request holds until it is dropped, such as its connection's state.
pub(crate) type Hold = Arc<dyn Any + Send + Sync>;

/// The bodies that the gateway is draining.
#[derive(Clone)]
pub(crate) struct Drains(Arc<Semaphore>);

impl Default for Drains {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_DRAINS)))
    }
}

/// A request's body.
pub(crate) struct RequestBody {
    /// Frames that were read and put back. They come first.
    unread: VecDeque<Frame<Bytes>>,
    /// The memory of these frames.
    memory: Option<OwnedSemaphorePermit>,
    incoming: Option<Incoming>,
    /// Whether the client waits for a `100 Continue`. Reading the body sends it.
    is_awaiting_continue: bool,
    drains: Drains,
    hold: Hold,
}

impl RequestBody {
    /// A body that drains itself among `drains`. It keeps `hold` until all of it was read.
    pub(crate) fn new(
        incoming: Incoming,
        expects_continue: bool,
        drains: Drains,
        hold: Hold,
    ) -> Self {
        Self {
            unread: VecDeque::new(),
            memory: None,
            incoming: Some(incoming),
            is_awaiting_continue: expects_continue,
            drains,
            hold,
        }
    }

    /// Puts back all frames that were read, with the memory that they use.
    pub(crate) fn unread(
        &mut self,
        frames: impl IntoIterator<Item = Frame<Bytes>>,
        memory: OwnedSemaphorePermit,
    ) {
        self.unread = frames.into_iter().collect();
        self.memory = Some(memory);
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(frame) = self.unread.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        self.memory = None;
        self.is_awaiting_continue = false;
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(incoming).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.incoming = None;
        }
        Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)))
    }

    fn is_end_stream(&self) -> bool {
        self.unread.is_empty() && self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let incoming = self.incoming.as_ref();
        let mut size = incoming.map_or_else(|| SizeHint::with_exact(0), Body::size_hint);
        let unread = self.unread.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64);
        let unread = unread.fold(0, u64::saturating_add);
        if let Some(upper) = size.upper() {
            size.set_upper(upper.saturating_add(unread));
        }
        size.set_lower(size.lower().saturating_add(unread));
        size
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        // A client that still waits for `100 Continue` sends no body after another response.
        if self.is_end_stream() || self.is_awaiting_continue {
            return;
        }
        let Some(incoming) = self.incoming.take() else { return };
        let (Ok(permit), Ok(runtime)) =
            (Arc::clone(&self.drains.0).try_acquire_owned(), Handle::try_current())
        else {
            return;
        };
        let hold = Arc::clone(&self.hold);
        runtime.spawn(async move {
            let _ = timeout(DRAIN_TIMEOUT, drain(incoming)).await;
            drop((permit, hold));
        });
    }
}

/// Reads a body up to its end, to [`MOST_DRAINED`] or to an error.
async fn drain(mut body: Incoming) {
    let mut drained = 0;
    while let Some(Ok(frame)) = body.frame().await {
        drained += frame.data_ref().map_or(0, Bytes::len);
        if drained > MOST_DRAINED {
            return;
        }
    }
}
