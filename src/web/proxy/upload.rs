//! Uploads: a request body, streamed from the browser to the upstream.
//!
//! The gateway reads the next part when the upstream has accepted the last one. An upstream that
//! reads slowly therefore slows the browser down (backpressure).

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::proxy::headers;
use crate::web::request_body::RequestBody;

/// The timeout for the first part of a body from the browser.
pub(crate) const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(15);
/// The timeout for each further part.
pub(crate) const UPLOAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The reason why an upload failed.
#[derive(Clone, Copy, Debug)]
pub(super) enum UploadFault {
    /// The browser sent nothing for [`UPLOAD_TIMEOUT`], or no first byte for
    /// [`FIRST_BYTE_TIMEOUT`].
    Slow,
    /// The connection closed, or the body is malformed.
    Broken,
}

/// One side of an upload, for the request to the browser. The other is [`Upload`].
#[derive(Clone)]
pub(super) struct UploadWatch(Arc<Mutex<UploadState>>);

struct UploadState {
    body: Option<RequestBody>,
    /// Whether a part of the body left for the upstream. The request cannot be repeated then.
    has_started: bool,
    /// Whether the gateway waits for the browser, or else for the upstream.
    waits_for_browser: bool,
    /// The start of the current wait.
    since: Instant,
    fault: Option<UploadFault>,
    /// The upstream's task, while it waits for the browser.
    waker: Option<Waker>,
}

/// Ends an upload when it is dropped: the response is complete, so nobody needs the rest.
pub(super) struct StopUpload(pub(super) UploadWatch);

impl Drop for StopUpload {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if let Some(body) = state.body.take_if(|body| !body.is_end_stream()) {
            state.fault = Some(UploadFault::Broken);
            let waker = state.waker.take();
            drop(state);
            // The body drains itself.
            drop(body);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

impl UploadWatch {
    /// An upload of this body.
    pub(super) fn new(body: RequestBody) -> Self {
        Self(Arc::new(Mutex::new(UploadState {
            body: Some(body),
            has_started: false,
            waits_for_browser: false,
            since: Instant::now(),
            fault: None,
            waker: None,
        })))
    }

    /// The body for the upstream's request. `None` if a part of it has already left.
    pub(super) fn body(&self) -> Option<Upload> {
        let state = self.state();
        let body = state.body.as_ref().filter(|_| !state.has_started)?;
        let size = body.size_hint();
        Some(Upload { watch: self.clone(), size, timer: None })
    }

    /// The reason why the upload failed.
    pub(super) fn fault(&self) -> Option<UploadFault> {
        self.state().fault
    }

    /// The duration for which the upload has been waiting for the upstream.
    pub(super) fn waiting_for_upstream(&self) -> Duration {
        let state = self.state();
        if state.waits_for_browser { Duration::ZERO } else { state.since.elapsed() }
    }

    fn state(&self) -> MutexGuard<'_, UploadState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of an upstream's request.
pub(super) struct Upload {
    watch: UploadWatch,
    size: SizeHint,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let watch = self.watch.clone();
        let mut state = watch.state();
        let Some(body) = &mut state.body else {
            // A truncated body must not look complete.
            let stopped = state.fault.map(|_| Err(io::ErrorKind::ConnectionAborted.into()));
            return Poll::Ready(stopped);
        };
        let frame = match Pin::new(body).poll_frame(context) {
            Poll::Pending => {
                let limit = if state.has_started { UPLOAD_TIMEOUT } else { FIRST_BYTE_TIMEOUT };
                if !state.waits_for_browser {
                    state.waits_for_browser = true;
                    state.since = Instant::now();
                    self.timer = None;
                }
                let deadline = state.since + limit;
                let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
                if timer.as_mut().poll(context).is_pending() {
                    state.waker = Some(context.waker().clone());
                    return Poll::Pending;
                }
                state.fault = Some(UploadFault::Slow);
                Some(Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Ready(Some(Err(error))) => {
                state.fault = Some(UploadFault::Broken);
                Some(Err(error))
            }
            Poll::Ready(Some(Ok(frame))) => {
                state.has_started = true;
                Some(Ok(with_filtered_trailers(frame)))
            }
            Poll::Ready(None) => None,
        };
        state.waits_for_browser = false;
        state.since = Instant::now();
        if !matches!(frame, Some(Ok(_))) {
            state.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        let state = self.watch.state();
        state.body.as_ref().map_or(state.fault.is_none(), Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}

/// The frame. Of trailers, only those that an upstream may receive.
fn with_filtered_trailers(frame: Frame<Bytes>) -> Frame<Bytes> {
    match frame.into_trailers() {
        Ok(trailers) => Frame::trailers(headers::request_trailers(trailers)),
        Err(frame) => frame,
    }
}
