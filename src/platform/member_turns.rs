use std::sync::Arc;

use tokio::sync::Semaphore;

/// The most courses whose members the gateway reads at once. Others wait.
const CONCURRENT: usize = 4;

/// The turns of requests for members.
#[derive(Clone)]
pub(super) struct MemberTurns(pub(super) Arc<Semaphore>);

impl Default for MemberTurns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CONCURRENT)))
    }
}
