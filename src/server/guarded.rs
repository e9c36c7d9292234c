//! A response's body that holds its connection's state until it ends.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use crate::web::{Hold, ResponseBody};

/// A body and what it holds.
pub(super) struct Guarded {
    body: ResponseBody,
    _hold: Hold,
}

impl Guarded {
    pub(super) fn new(body: ResponseBody, hold: Hold) -> Self {
        Self { body, _hold: hold }
    }
}

impl Body for Guarded {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
