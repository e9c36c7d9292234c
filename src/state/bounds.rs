/// The most that a store remembers.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// All nonces. One takes about 100 bytes of memory and 100 bytes of disk.
    pub nonces: usize,
    /// The nonces of one sender.
    pub nonces_per_sender: usize,
    /// All queued grades. One usually takes about 1 KB of disk.
    pub kept: u64,
    /// The queued grades of one sender of a tool, so that one platform does not use up the space of all.
    pub kept_per_sender: u64,
    /// The finished grades. Somebody may still ask for their status.
    pub finished: u64,
}

impl Default for Bounds {
    /// Of half a million nonces, one sender has room for some 160 launches a second for ten minutes.
    fn default() -> Self {
        Self {
            nonces: 500_000,
            nonces_per_sender: 100_000,
            kept: 100_000,
            kept_per_sender: 25_000,
            finished: 100_000,
        }
    }
}
