//! The forms of requests that Rocket answers. The listener reads them, and bounds their memory.

use std::borrow::Cow;
use std::sync::Arc;

use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Frame};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::web::{BodyError, FORM_TIMEOUT, RequestBody};

/// The memory for small forms, in bytes; that for larger ones; and that for forms of apps.
const POOL: usize = 8 * 1024 * 1024;
/// The largest small form, in bytes. Launches have 2 to 8 KiB.
const LARGEST_SMALL: usize = 16 * 1024;

/// The memory for forms. Large forms cannot use that of launches, nor can forms on their way to an
/// app: a slow app keeps them waiting.
pub(super) struct FormMemory {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    of_apps: Arc<Semaphore>,
}

impl Default for FormMemory {
    fn default() -> Self {
        let pool = || Arc::new(Semaphore::new(POOL));
        Self { small: pool(), large: pool(), of_apps: pool() }
    }
}

/// A form that has arrived, and its memory.
///
/// A small form has one block. A larger one has further blocks of [`LARGEST_SMALL`] bytes. A single
/// block that grew with each chunk would leave holes of every size in the allocator's memory.
#[derive(Default)]
pub(super) struct Form {
    blocks: Vec<Vec<u8>>,
    /// What the body had beyond the limit, or after its data: more data, or trailers.
    rest: Option<Frame<Bytes>>,
    length: usize,
    memory: Option<OwnedSemaphorePermit>,
}

impl Form {
    /// The bytes.
    pub(super) fn bytes(&self) -> Cow<'_, [u8]> {
        match &*self.blocks {
            [] => Cow::Borrowed(&[]),
            [block] => Cow::Borrowed(block),
            blocks => Cow::Owned(blocks.concat()),
        }
    }

    /// Puts the form back into its body, as if nobody had read it. The body uses the memory for
    /// forms of apps.
    ///
    /// # Errors
    /// [`BodyError::NoSpace`].
    pub(super) fn unread(
        self,
        body: &mut RequestBody,
        memory: &FormMemory,
    ) -> Result<(), BodyError> {
        let length = u32::try_from(self.length).map_err(|_| BodyError::NoSpace)?;
        let permit = Arc::clone(&memory.of_apps)
            .try_acquire_many_owned(length)
            .map_err(|_| BodyError::NoSpace)?;
        let blocks = self.blocks.into_iter().map(|block| Frame::data(block.into()));
        body.unread(blocks.chain(self.rest), permit);
        Ok(())
    }

    /// The bytes, and the memory that they use until it is dropped.
    pub(super) fn into_parts(self) -> (Vec<u8>, Option<OwnedSemaphorePermit>) {
        let mut blocks = self.blocks;
        let bytes =
            if blocks.len() > 1 { blocks.concat() } else { blocks.pop().unwrap_or_default() };
        (bytes, self.memory)
    }

    /// Adds bytes. They can be a small part of a large buffer, so copy them.
    fn add(&mut self, mut bytes: &[u8]) {
        self.length += bytes.len();
        while !bytes.is_empty() {
            let is_full = self.blocks.last().is_none_or(|block| block.len() == LARGEST_SMALL);
            if is_full {
                let size = if self.blocks.is_empty() { 0 } else { LARGEST_SMALL };
                self.blocks.push(Vec::with_capacity(size));
            }
            let Some(block) = self.blocks.last_mut() else { return };
            let (now, later) = bytes.split_at(bytes.len().min(LARGEST_SMALL - block.len()));
            block.reserve_exact(now.len());
            block.extend_from_slice(now);
            bytes = later;
        }
    }
}

/// Reads a form of at most `largest` bytes.
///
/// # Errors
/// [`BodyError::TooLarge`], [`BodyError::Incomplete`] after [`FORM_TIMEOUT`] or if the connection
/// broke, and [`BodyError::NoSpace`].
pub(super) async fn read(
    body: &mut RequestBody,
    largest: u64,
    memory: &FormMemory,
) -> Result<Form, BodyError> {
    let mut form = Form::default();
    read_into(&mut form, body, largest, memory).await.map(|()| form)
}

/// The same. After an error, `form` has what arrived.
pub(super) async fn read_into(
    form: &mut Form,
    body: &mut RequestBody,
    largest: u64,
    memory: &FormMemory,
) -> Result<(), BodyError> {
    match timeout(FORM_TIMEOUT, arriving(form, body, largest, memory)).await {
        Ok(result) => result,
        Err(_) => Err(BodyError::Incomplete),
    }
}

async fn arriving(
    form: &mut Form,
    body: &mut RequestBody,
    largest: u64,
    memory: &FormMemory,
) -> Result<(), BodyError> {
    while let Some(frame) = body.frame().await {
        let chunk = match frame.map_err(|_| BodyError::Incomplete)?.into_data() {
            Ok(chunk) => chunk,
            Err(trailers) => {
                form.rest = Some(trailers);
                continue;
            }
        };
        let length = form.length.saturating_add(chunk.len());
        if u64::try_from(length).unwrap_or(u64::MAX) > largest {
            form.rest = Some(Frame::data(chunk));
            return Err(BodyError::TooLarge(largest));
        }
        form.reserve(length, memory)?;
        form.add(&chunk);
    }
    Ok(())
}

impl Form {
    /// Reserves memory for this length in total.
    fn reserve(&mut self, length: usize, memory: &FormMemory) -> Result<(), BodyError> {
        let is_small = length <= LARGEST_SMALL;
        let was_small = self.length <= LARGEST_SMALL;
        let pool = if is_small { &memory.small } else { &memory.large };
        let is_same_pool = is_small == was_small && self.memory.is_some();
        let more = if is_same_pool { length - self.length } else { length };
        let more = u32::try_from(more).map_err(|_| BodyError::NoSpace)?;
        let more = Arc::clone(pool).try_acquire_many_owned(more).map_err(|_| BodyError::NoSpace)?;
        match &mut self.memory {
            Some(memory) if is_same_pool => memory.merge(more),
            memory => *memory = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(memory: &FormMemory, small: usize, large: usize) {
        assert_eq!(
            (memory.small.available_permits(), memory.large.available_permits()),
            (POOL - small, POOL - large)
        );
    }

    #[test]
    fn a_form_moves_to_the_larger_pool_when_it_grows() {
        let memory = FormMemory::default();
        let mut form = Form::default();
        for (length, small, large) in
            [(10, 10, 0), (LARGEST_SMALL, LARGEST_SMALL, 0), (LARGEST_SMALL + 1, 0, 16 * 1024 + 1)]
        {
            form.reserve(length, &memory).expect("space");
            form.add(&vec![0; length - form.length]);
            check(&memory, small, large);
        }
        form.reserve(POOL, &memory).expect("space");
        form.add(&vec![0; POOL - form.length]);
        check(&memory, 0, POOL);
        let mut other = Form::default();
        assert_eq!(other.reserve(LARGEST_SMALL + 1, &memory), Err(BodyError::NoSpace));
        assert_eq!(other.reserve(LARGEST_SMALL, &memory), Ok(()));
        drop(form);
        check(&memory, LARGEST_SMALL, 0);
    }

    #[test]
    fn a_form_has_its_bytes_in_order() {
        for size in [0, 1, 1000, LARGEST_SMALL, LARGEST_SMALL + 1, 5 * LARGEST_SMALL + 7] {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            for part in [7, 1000, LARGEST_SMALL, 100_000] {
                let mut form = Form::default();
                bytes.chunks(part).for_each(|chunk| form.add(chunk));
                let held: usize = form.blocks.iter().map(Vec::capacity).sum();
                let most = if size <= LARGEST_SMALL { size } else { size + LARGEST_SMALL };
                assert!(held <= most, "{size} in {part}: {held}");
                assert_eq!(form.into_parts().0, bytes, "{size} in {part}");
            }
        }
    }
}
