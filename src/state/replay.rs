use async_trait::async_trait;
use lti::{MemoryReplay, Nonce, Spent};

/// Remembers which nonces were spent (RFC 5849 §3.3).
#[async_trait]
pub trait Replay: Send + Sync {
    /// Spends a nonce at `now`, in seconds since the epoch. A nonce is `Now` only once, and only when the
    /// store will remember it.
    async fn spend(&self, nonce: &Nonce, now: u64) -> Spent;

    /// Whether the store can spend nonces now.
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
