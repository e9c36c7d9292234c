//! The forms of requests that Rocket answers. The listener reads them, and bounds their memory.

use std::sync::Arc;

use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::web::{BodyError, FORM_TIMEOUT, RequestBody};

/// The memory for small forms, in bytes; and that for larger ones.
const POOL: usize = 8 * 1024 * 1024;
/// The largest small form, in bytes. Launches have 2 to 8 KiB.
const LARGEST_SMALL: usize = 16 * 1024;

/// The memory for forms. Large forms cannot use that of launches.
pub(super) struct FormMemory {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl Default for FormMemory {
    fn default() -> Self {
        Self { small: Arc::new(Semaphore::new(POOL)), large: Arc::new(Semaphore::new(POOL)) }
    }
}

/// A form that has arrived, and its memory.
pub(super) struct Form {
    pub(super) bytes: Vec<u8>,
    memory: Option<OwnedSemaphorePermit>,
}

impl Form {
    pub(super) fn empty() -> Self {
        Self { bytes: Vec::new(), memory: None }
    }

    /// The bytes, and the memory that they use until it is dropped.
    pub(super) fn into_parts(self) -> (Vec<u8>, Option<OwnedSemaphorePermit>) {
        (self.bytes, self.memory)
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
    match timeout(FORM_TIMEOUT, arriving(body, largest, memory)).await {
        Ok(form) => form,
        Err(_) => Err(BodyError::Incomplete),
    }
}

async fn arriving(
    body: &mut RequestBody,
    largest: u64,
    memory: &FormMemory,
) -> Result<Form, BodyError> {
    let mut form = Form::empty();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyError::Incomplete)?;
        let Ok(chunk) = frame.into_data() else { continue };
        let length = form.bytes.len() + chunk.len();
        if u64::try_from(length).unwrap_or(u64::MAX) > largest {
            return Err(BodyError::TooLarge(largest));
        }
        form.reserve(length, memory)?;
        // The chunk can be a small part of a large buffer, so copy it.
        form.bytes.reserve_exact(chunk.len());
        form.bytes.extend_from_slice(&chunk);
    }
    Ok(form)
}

impl Form {
    /// Reserves memory for this length in total.
    fn reserve(&mut self, length: usize, memory: &FormMemory) -> Result<(), BodyError> {
        let is_small = length <= LARGEST_SMALL;
        let was_small = self.bytes.len() <= LARGEST_SMALL;
        let pool = if is_small { &memory.small } else { &memory.large };
        let is_same_pool = is_small == was_small && self.memory.is_some();
        let more = if is_same_pool { length - self.bytes.len() } else { length };
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
        let mut form = Form::empty();
        for (length, small, large) in
            [(10, 10, 0), (LARGEST_SMALL, LARGEST_SMALL, 0), (LARGEST_SMALL + 1, 0, 16 * 1024 + 1)]
        {
            form.reserve(length, &memory).expect("space");
            form.bytes.resize(length, 0);
            check(&memory, small, large);
        }
        form.reserve(POOL, &memory).expect("space");
        form.bytes.resize(POOL, 0);
        check(&memory, 0, POOL);
        let mut other = Form::empty();
        assert_eq!(other.reserve(LARGEST_SMALL + 1, &memory), Err(BodyError::NoSpace));
        assert_eq!(other.reserve(LARGEST_SMALL, &memory), Ok(()));
        drop(form);
        check(&memory, LARGEST_SMALL, 0);
    }
}
