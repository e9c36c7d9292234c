//! A client's socket. It reports to the connection's [`Activity`].
//!
//! hyper answers a malformed request head itself, without a body. The socket withholds that answer,
//! so that [`super::malformed`] can send a page in its place.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take};
use tokio::net::TcpStream;

use super::activity::{Activity, Phase};
use super::connections::Registration;

/// The length of `HTTP/1.1 400`.
const STATUS_LINE: usize = 12;

/// The most bytes of one read of a form. hyper's buffer grows with what it reads at once, and many
/// forms may arrive at the same time.
const LARGEST_FORM_READ: u64 = 16 * 1024;

/// A client's socket.
pub(super) struct Socket {
    stream: Take<TcpStream>,
    registration: Registration,
    /// The beginning of an answer of hyper's own.
    withheld: Vec<u8>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, registration: Registration) -> Self {
        Self { stream: stream.take(u64::MAX), registration, withheld: Vec::new() }
    }

    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.registration.activity
    }

    /// The status with which hyper answered a malformed head.
    pub(super) fn withheld_status(&self) -> Option<u16> {
        let code = self.withheld.get(STATUS_LINE - 3..STATUS_LINE)?;
        std::str::from_utf8(code).ok()?.parse().ok()
    }

    /// The socket without its watch.
    pub(super) fn stream(&mut self) -> &mut TcpStream {
        self.stream.get_mut()
    }

    fn withhold(&mut self, bytes: &[u8]) {
        let missing = STATUS_LINE.saturating_sub(self.withheld.len());
        self.withheld.extend_from_slice(&bytes[..missing.min(bytes.len())]);
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let limit = match self.activity().phase() {
            Phase::Form | Phase::Own => LARGEST_FORM_READ,
            Phase::Idle | Phase::Head | Phase::Session => u64::MAX,
        };
        self.stream.set_limit(limit);
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = buffer.filled().len() - before;
        if read == 0 {
            return Poll::Ready(Ok(()));
        }
        match self.activity().phase() {
            Phase::Idle => {
                self.registration.reset_head_bytes();
                self.activity().enter(Phase::Head);
            }
            Phase::Head => {}
            Phase::Form | Phase::Own | Phase::Session => return Poll::Ready(Ok(())),
        }
        if self.registration.add_head_bytes(read) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()))
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.activity().owes_response() {
            self.withhold(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(self.stream.get_mut()).poll_write(context, bytes);
        self.activity().set_blocked(written.is_pending());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.activity().owes_response() {
            slices.iter().for_each(|slice| self.withhold(slice));
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let written = Pin::new(self.stream.get_mut()).poll_write_vectored(context, slices);
        self.activity().set_blocked(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.get_ref().is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes the socket when it has written its whole buffer.
        self.activity().flushed();
        Pin::new(self.stream.get_mut()).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.withheld.is_empty() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(self.stream.get_mut()).poll_shutdown(context)
    }
}
