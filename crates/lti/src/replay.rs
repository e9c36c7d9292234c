//! Each nonce once (RFC 5849 §3.3).
//!
//! A nonce is remembered for exactly as long as its timestamp stays acceptable and never forgotten earlier:
//! a memory that is full refuses rather than forgets, since forgetting would let a flood open the way
//! for a replay. It is spent last, by a launch that passed everything else, so that nobody without the
//! secret can burn a nonce or fill the memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

/// The most bytes of a nonce's text. Canvas sends 43.
pub(crate) const LONGEST_NONCE: usize = 1024;

/// What makes a launch unique: its consumer, its timestamp and its nonce, of constant size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce {
    consumer: [u8; 16],
    fingerprint: [u8; 16],
    acceptable_until: u64,
}

impl Nonce {
    /// `consumer` identifies the consumer, or who else gives out what counts once; `acceptable_until` is the last second,
    /// since the epoch, at which a launch with this timestamp is accepted.
    pub fn new(consumer: [u8; 16], timestamp: u64, nonce: &str, acceptable_until: u64) -> Self {
        let mut digest = Sha256::new();
        digest.update(consumer);
        digest.update(timestamp.to_be_bytes());
        digest.update(nonce);
        Self { consumer, fingerprint: shortened(digest), acceptable_until }
    }

    /// The last second, since the epoch, at which a launch with this nonce is accepted.
    pub fn acceptable_until(&self) -> u64 {
        self.acceptable_until
    }

    /// The nonce as bytes that [`Nonce::from_bytes`] reads: consumer, fingerprint, and the last second, big-endian.
    pub fn to_bytes(&self) -> [u8; 40] {
        let mut bytes = [0; 40];
        bytes[..16].copy_from_slice(&self.consumer);
        bytes[16..32].copy_from_slice(&self.fingerprint);
        bytes[32..].copy_from_slice(&self.acceptable_until.to_be_bytes());
        bytes
    }

    /// The nonce that was written as these bytes.
    pub fn from_bytes(bytes: &[u8; 40]) -> Self {
        let mut nonce = Self { consumer: [0; 16], fingerprint: [0; 16], acceptable_until: 0 };
        let mut last = [0; 8];
        nonce.consumer.copy_from_slice(&bytes[..16]);
        nonce.fingerprint.copy_from_slice(&bytes[16..32]);
        last.copy_from_slice(&bytes[32..]);
        nonce.acceptable_until = u64::from_be_bytes(last);
        nonce
    }
}

/// The first half of a digest: 128 bits are ample where nobody gains by a collision of their own.
pub(crate) fn shortened(digest: Sha256) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&digest.finalize()[..16]);
    short
}

/// What became of an attempt to spend a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// It was new and is remembered from now on.
    Now,
    /// It had been spent before.
    Before,
    /// It could not be remembered, because the memory is full or out of reach.
    Unknown,
}

/// Remembers nonces in this process.
///
/// Bounded twice: in all, so that memory is, and per consumer, so that the flood of one does not shut out the others.
#[derive(Debug)]
pub struct MemoryReplay {
    most: usize,
    most_per_consumer: usize,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    seen: HashSet<[u8; 16]>,
    per_consumer: HashMap<[u8; 16], usize>,
    by_expiry: BTreeMap<u64, Vec<Nonce>>,
    /// The latest expiry of what was forgotten: of a nonce with this one or an earlier, nothing can be said any more.
    forgotten_until: Option<u64>,
}

impl MemoryReplay {
    /// A memory of at most `most` nonces, and at most `most_per_consumer` of one consumer. One nonce takes
    /// about 100 bytes.
    pub fn new(most: usize, most_per_consumer: usize) -> Self {
        Self { most, most_per_consumer, memory: Mutex::default() }
    }

    /// A memory of the same bounds that goes on from an earlier one, of which these nonces and the latest expiry of what
    /// it had forgotten were kept. The bounds are for what is new: nothing that is restored is dropped.
    pub fn restore(
        most: usize,
        most_per_consumer: usize,
        nonces: impl IntoIterator<Item = Nonce>,
        forgotten_until: Option<u64>,
    ) -> Self {
        let mut memory = Memory { forgotten_until, ..Memory::default() };
        for nonce in nonces {
            memory.remember(&nonce);
        }
        Self { most, most_per_consumer, memory: Mutex::new(memory) }
    }

    /// Spends a nonce at `now` (seconds since the epoch). Looking and remembering are one step.
    pub fn spend(&self, nonce: &Nonce, now: u64) -> Spent {
        // Nothing in here can panic between two changes, so that a poisoned lock still guards a whole memory.
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.forget_before(now);
        if memory.seen.contains(&nonce.fingerprint) {
            return Spent::Before;
        }
        if memory.forgotten_until.is_some_and(|until| nonce.acceptable_until <= until) {
            return Spent::Unknown;
        }
        let of_consumer = memory.per_consumer.get(&nonce.consumer).copied().unwrap_or_default();
        if memory.seen.len() >= self.most || of_consumer >= self.most_per_consumer {
            return Spent::Unknown;
        }
        memory.remember(nonce);
        Spent::Now
    }
}

impl Memory {
    /// Remembers a nonce, once.
    fn remember(&mut self, nonce: &Nonce) {
        if self.seen.insert(nonce.fingerprint) {
            *self.per_consumer.entry(nonce.consumer).or_default() += 1;
            self.by_expiry.entry(nonce.acceptable_until).or_default().push(*nonce);
        }
    }

    /// Forgets the nonces whose timestamps are not acceptable any more.
    fn forget_before(&mut self, now: u64) {
        while let Some(expired) = self.by_expiry.first_entry().filter(|entry| *entry.key() < now) {
            self.forgotten_until = self.forgotten_until.max(Some(*expired.key()));
            for nonce in expired.remove() {
                self.seen.remove(&nonce.fingerprint);
                if let Some(count) = self.per_consumer.get_mut(&nonce.consumer) {
                    *count -= 1;
                    if *count == 0 {
                        self.per_consumer.remove(&nonce.consumer);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn nonce(consumer: u8, timestamp: u64, nonce: &str) -> Nonce {
        Nonce::new([consumer; 16], timestamp, nonce, timestamp + 300)
    }

    #[test]
    fn a_nonce_is_one_of_its_consumer_and_timestamp() {
        let replay = MemoryReplay::new(100, 100);
        assert_eq!(replay.spend(&nonce(1, NOW, "n"), NOW), Spent::Now);
        assert_eq!(replay.spend(&nonce(1, NOW, "n"), NOW), Spent::Before);
        assert_eq!(replay.spend(&nonce(2, NOW, "n"), NOW), Spent::Now);
        assert_eq!(replay.spend(&nonce(1, NOW + 1, "n"), NOW), Spent::Now);
        assert_eq!(replay.spend(&nonce(1, NOW, "m"), NOW), Spent::Now);
    }

    #[test]
    fn a_nonce_is_remembered_to_the_last_acceptable_second_and_no_longer() {
        let replay = MemoryReplay::new(1, 1);
        let first = nonce(1, NOW + 300, "from a clock that is ahead");
        assert_eq!(replay.spend(&first, NOW), Spent::Now);
        assert_eq!(replay.spend(&first, NOW + 600), Spent::Before);
        assert_eq!(replay.spend(&nonce(1, NOW + 600, "other"), NOW + 600), Spent::Unknown);
        assert_eq!(
            replay.spend(&nonce(1, NOW + 600, "other"), NOW + 601),
            Spent::Now,
            "the first is forgotten"
        );
    }

    #[test]
    fn a_clock_that_steps_back_opens_no_way_for_a_replay() {
        let replay = MemoryReplay::new(10, 10);
        let spent = nonce(1, NOW, "n");
        assert_eq!(replay.spend(&spent, NOW), Spent::Now);
        assert_eq!(
            replay.spend(&nonce(1, NOW + 301, "m"), NOW + 301),
            Spent::Now,
            "and n is forgotten"
        );
        assert_eq!(replay.spend(&spent, NOW), Spent::Unknown);
        assert_eq!(replay.spend(&nonce(1, NOW + 1, "new"), NOW + 1), Spent::Now);
    }

    #[test]
    fn a_full_memory_refuses_and_forgets_nothing() {
        let replay = MemoryReplay::new(3, 2);
        assert_eq!(replay.spend(&nonce(1, NOW, "a"), NOW), Spent::Now);
        assert_eq!(replay.spend(&nonce(1, NOW, "b"), NOW), Spent::Now);
        assert_eq!(
            replay.spend(&nonce(1, NOW, "c"), NOW),
            Spent::Unknown,
            "this consumer's share is used up"
        );
        assert_eq!(replay.spend(&nonce(2, NOW, "a"), NOW), Spent::Now, "another consumer's is not");
        assert_eq!(replay.spend(&nonce(3, NOW, "a"), NOW), Spent::Unknown, "the whole is used up");
        for known in [nonce(1, NOW, "a"), nonce(1, NOW, "b"), nonce(2, NOW, "a")] {
            assert_eq!(replay.spend(&known, NOW), Spent::Before);
        }
        let memory = replay.memory.lock().expect("not poisoned");
        assert_eq!(memory.per_consumer.values().sum::<usize>(), memory.seen.len());
    }

    #[test]
    fn a_nonce_is_the_same_after_its_way_through_bytes() {
        let written = nonce(7, NOW, "n").to_bytes();
        assert_eq!(Nonce::from_bytes(&written), nonce(7, NOW, "n"));
        assert_eq!(
            (&written[..16], &written[32..]),
            (&[7; 16][..], &(NOW + 300).to_be_bytes()[..])
        );
        assert_eq!(nonce(7, NOW, "n").acceptable_until(), NOW + 300);
    }

    #[test]
    fn a_restored_memory_knows_what_the_earlier_one_knew_and_takes_no_more_than_its_bounds() {
        let known =
            [nonce(1, NOW, "a"), nonce(1, NOW, "b"), nonce(1, NOW, "a"), nonce(2, NOW - 100, "c")];
        let replay = MemoryReplay::restore(3, 1, known, Some(NOW + 10));
        for known in known {
            assert_eq!(replay.spend(&known, NOW), Spent::Before);
        }
        assert_eq!(replay.spend(&nonce(3, NOW, "d"), NOW), Spent::Unknown, "it is full");
        let later = NOW + 201;
        assert_eq!(
            replay.spend(&nonce(2, NOW - 100, "c"), later),
            Spent::Unknown,
            "it has expired"
        );
        assert_eq!(
            replay.spend(&nonce(1, NOW, "e"), later),
            Spent::Unknown,
            "the consumer's share is used up"
        );
        assert_eq!(replay.spend(&nonce(3, NOW, "d"), later), Spent::Now);
    }

    #[test]
    fn a_restored_memory_says_nothing_of_what_the_earlier_one_had_forgotten() {
        let replay = MemoryReplay::restore(10, 10, [], Some(NOW + 300));
        assert_eq!(replay.spend(&nonce(1, NOW, "n"), NOW), Spent::Unknown);
        assert_eq!(replay.spend(&nonce(1, NOW + 1, "n"), NOW), Spent::Now);
    }

    #[test]
    fn of_many_at_once_exactly_one_is_first() {
        let replay = MemoryReplay::new(100, 100);
        let fresh = std::thread::scope(|scope| {
            let attempts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| replay.spend(&nonce(1, NOW, "n"), NOW) == Spent::Now))
                .collect();
            attempts
                .into_iter()
                .map(|one| one.join().expect("no panic"))
                .filter(|first| *first)
                .count()
        });
        assert_eq!(fresh, 1);
    }
}
