//! The body of a response with a file. The gateway reads the next piece when the browser has taken
//! the last one.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::site::folder::SiteFile;
use crate::web::proxy::session_load::RequestPermit;
use crate::web::refusal::Refusal;

/// The largest piece, in bytes.
const PIECE: usize = 64 * 1024;

/// Reads the first piece of a range, on a thread that may block. The range is not empty.
///
/// # Errors
/// The system's error, or [`io::ErrorKind::UnexpectedEof`] if the file no longer has these bytes.
pub(super) async fn read(file: &Arc<SiteFile>, range: Range<u64>) -> io::Result<Bytes> {
    reading(Arc::clone(file), range).await.map_err(io::Error::other)?
}

fn reading(file: Arc<SiteFile>, range: Range<u64>) -> JoinHandle<io::Result<Bytes>> {
    spawn_blocking(move || {
        let left = range.end.saturating_sub(range.start);
        let wanted = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let piece = file.read_at(range.start, wanted)?;
        match piece.len() == wanted {
            true => Ok(piece.into()),
            false => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file became shorter while the gateway sent it",
            )),
        }
    })
}

/// A range of a file as a body. If the file becomes shorter, the body breaks off.
pub(super) struct FileBody {
    file: Arc<SiteFile>,
    /// The part that is neither sent nor in `first`.
    left: Range<u64>,
    /// The first piece, until it is sent.
    first: Option<Bytes>,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    tool: String,
    /// Counts the request among those of its session until the response ends.
    _permit: RequestPermit,
}

impl FileBody {
    /// The body of a range. `first` is its first piece.
    pub(super) fn new(
        file: Arc<SiteFile>,
        range: Range<u64>,
        first: Bytes,
        permit: RequestPermit,
        tool: String,
    ) -> Self {
        let left = advanced(&range, first.len());
        Self { file, left, first: Some(first), reading: None, tool, _permit: permit }
    }

    fn log(&self, error: &io::Error) {
        let tool = self.tool.as_str();
        let refusal = Refusal::FileUnreadable(error.to_string());
        let (code, reason, help) = (refusal.code(), refusal.fact(), &*refusal.advice());
        tracing::warn!(target: "request", tool, outcome = "broken", code, reason, help);
    }
}

/// The rest of a range after this number of bytes.
fn advanced(range: &Range<u64>, count: usize) -> Range<u64> {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    range.start.saturating_add(count)..range.end
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if let Some(first) = this.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if this.left.is_empty() {
            return Poll::Ready(None);
        }
        let (file, left) = (&this.file, &this.left);
        let job = this.reading.get_or_insert_with(|| reading(Arc::clone(file), left.clone()));
        let piece = ready!(Pin::new(job).poll(context)).map_err(io::Error::other);
        this.reading = None;
        match piece.and_then(|piece| piece) {
            Ok(piece) => {
                this.left = advanced(&this.left, piece.len());
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Err(error) => {
                this.left = 0..0;
                this.log(&error);
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        // The length is in the header.
        SizeHint::default()
    }
}
