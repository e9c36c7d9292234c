use async_trait::async_trait;
use lti::{MemoryReplay, Nonce, Spent};

/// The replay store: it remembers which nonces were spent (RFC 5849 §3.3).
#[async_trait]
pub trait Replay: Send + Sync {
    /// Spends a nonce at `now`, in seconds since the epoch. Returns `Now` only once for each nonce,
    /// and only after the store has recorded it.
    async fn spend(&self, nonce: &Nonce, now: u64) -> Spent;

    /// Whether the store could spend nonces the last time. Writes nothing.
    async fn is_reachable(&self) -> bool;
}

#[async_trait]
impl Replay for MemoryReplay {
    async fn spend(&self, nonce: &Nonce, now: u64) -> Spent {
        Self::spend(self, nonce, now)
    }

    async fn is_reachable(&self) -> bool {
        true
    }
}
