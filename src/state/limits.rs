/// The most entries that a store holds.
#[derive(Clone, Copy, Debug)]
pub struct StateLimits {
    /// All nonces. One takes about 100 bytes of memory and 100 bytes of disk. Tools and senders
    /// share them (`lti::MemoryReplay`).
    pub nonces: usize,
    /// All queued grades. One usually takes about 1 KB of disk.
    pub queued: u64,
    /// The queued grades of one sender of a tool, so that one platform does not use up the space of
    /// all.
    pub queued_per_sender: u64,
    /// The finished grades. An upstream may still ask for their status.
    pub finished: u64,
}

impl Default for StateLimits {
    /// One sender alone can store 125,000 nonces. That is enough for about 170 launches a second
    /// without a pause, each with a ticket.
    fn default() -> Self {
        Self { nonces: 500_000, queued: 100_000, queued_per_sender: 25_000, finished: 100_000 }
    }
}
