//! Replay protection: each nonce is valid once (RFC 5849 §3.3).
//!
//! The store keeps a nonce as long as its timestamp is acceptable, and never evicts it earlier. A
//! full store rejects new nonces, because after an eviction a replay could succeed. A launch spends
//! its nonce after all other checks. Without a secret, an attacker can neither spend a nonce nor
//! fill the store.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

/// The maximum length of a nonce, in bytes. Canvas sends 43.
pub(crate) const LONGEST_NONCE: usize = 1024;

/// Consumer, timestamp and nonce of a launch, hashed to a constant size. They make it unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce {
    consumer: [u8; 16],
    fingerprint: [u8; 16],
    acceptable_until: u64,
}

impl Nonce {
    /// Hashes a nonce. `consumer` identifies the consumer, or another issuer of single-use values.
    /// `acceptable_until` is the last second since the epoch at which a launch with this timestamp
    /// is accepted.
    pub fn new(consumer: [u8; 16], timestamp: u64, nonce: &str, acceptable_until: u64) -> Self {
        let mut digest = Sha256::new();
        digest.update(consumer);
        digest.update(timestamp.to_be_bytes());
        digest.update(nonce);
        Self { consumer, fingerprint: shortened(digest), acceptable_until }
    }

    /// The last second since the epoch at which a launch with this nonce is accepted.
    pub fn acceptable_until(&self) -> u64 {
        self.acceptable_until
    }

    /// The nonce for storage: consumer, fingerprint, and the last acceptable second in big-endian
    /// order.
    pub fn to_bytes(&self) -> [u8; 40] {
        let mut bytes = [0; 40];
        bytes[..16].copy_from_slice(&self.consumer);
        bytes[16..32].copy_from_slice(&self.fingerprint);
        bytes[32..].copy_from_slice(&self.acceptable_until.to_be_bytes());
        bytes
    }

    /// Reads a nonce from [`to_bytes`](Self::to_bytes).
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

/// The first half of a digest. 128 bits are enough, because an attacker gains nothing from a
/// collision of two own values.
pub(crate) fn shortened(digest: Sha256) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&digest.finalize()[..16]);
    short
}

/// The result of spending a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// The nonce was new and is stored now.
    Now,
    /// The nonce was spent before.
    Before,
    /// The nonce could not be stored, because the store is full or unavailable.
    Unknown,
}

/// A replay store in the memory of this process.
///
/// It has two limits: in total, to bound its memory, and per consumer, so that a flood from one
/// consumer does not lock out the others.
#[derive(Debug)]
pub struct MemoryReplay {
    most: usize,
    most_per_consumer: usize,
    spent: Mutex<SpentNonces>,
}

#[derive(Debug, Default)]
struct SpentNonces {
    seen: HashSet<[u8; 16]>,
    per_consumer: HashMap<[u8; 16], usize>,
    by_expiry: BTreeMap<u64, Vec<Nonce>>,
    /// The latest expiry of all deleted nonces. For a nonce with this expiry or an earlier one, the
    /// store cannot detect a replay any more.
    deleted_until: Option<u64>,
}

impl MemoryReplay {
    /// An empty store for at most `most` nonces, and at most `most_per_consumer` of one consumer.
    /// One nonce uses about 100 bytes.
    pub fn new(most: usize, most_per_consumer: usize) -> Self {
        Self { most, most_per_consumer, spent: Mutex::default() }
    }

    /// A store with the nonces of an earlier one, and the latest expiry of the nonces that it had
    /// deleted. The limits apply to new nonces: all restored nonces stay.
    pub fn restore(
        most: usize,
        most_per_consumer: usize,
        nonces: impl IntoIterator<Item = Nonce>,
        deleted_until: Option<u64>,
    ) -> Self {
        let mut spent = SpentNonces { deleted_until, ..SpentNonces::default() };
        for nonce in nonces {
            spent.insert(&nonce);
        }
        Self { most, most_per_consumer, spent: Mutex::new(spent) }
    }

    /// Spends a nonce at `now`, in seconds since the epoch, atomically.
    pub fn spend(&self, nonce: &Nonce, now: u64) -> Spent {
        // No code below can panic between two changes. A poisoned lock still protects consistent
        // data.
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.delete_before(now);
        if spent.seen.contains(&nonce.fingerprint) {
            return Spent::Before;
        }
        if spent.deleted_until.is_some_and(|until| nonce.acceptable_until <= until) {
            return Spent::Unknown;
        }
        let of_consumer = spent.per_consumer.get(&nonce.consumer).copied().unwrap_or_default();
        if spent.seen.len() >= self.most || of_consumer >= self.most_per_consumer {
            return Spent::Unknown;
        }
        spent.insert(nonce);
        Spent::Now
    }
}

impl SpentNonces {
    /// Stores a nonce, once.
    fn insert(&mut self, nonce: &Nonce) {
        if self.seen.insert(nonce.fingerprint) {
            *self.per_consumer.entry(nonce.consumer).or_default() += 1;
            self.by_expiry.entry(nonce.acceptable_until).or_default().push(*nonce);
        }
    }

    /// Deletes the nonces with timestamps that are not acceptable any more.
    fn delete_before(&mut self, now: u64) {
        while let Some(expired) = self.by_expiry.first_entry().filter(|entry| *entry.key() < now) {
            self.deleted_until = self.deleted_until.max(Some(*expired.key()));
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
    fn a_nonce_is_unique_per_consumer_and_timestamp() {
        let replay = MemoryReplay::new(100, 100);
        assert_eq!(replay.spend(&nonce(1, NOW, "n"), NOW), Spent::Now);
        assert_eq!(replay.spend(&nonce(1, NOW, "n"), NOW), Spent::Before);
        assert_eq!(replay.spend(&nonce(2, NOW, "n"), NOW), Spent::Now);
        assert_eq!(replay.spend(&nonce(1, NOW + 1, "n"), NOW), Spent::Now);
        assert_eq!(replay.spend(&nonce(1, NOW, "m"), NOW), Spent::Now);
    }

    #[test]
    fn a_nonce_is_stored_until_the_last_acceptable_second() {
        let replay = MemoryReplay::new(1, 1);
        let first = nonce(1, NOW + 300, "from a clock that is ahead");
        assert_eq!(replay.spend(&first, NOW), Spent::Now);
        assert_eq!(replay.spend(&first, NOW + 600), Spent::Before);
        assert_eq!(replay.spend(&nonce(1, NOW + 600, "other"), NOW + 600), Spent::Unknown);
        assert_eq!(
            replay.spend(&nonce(1, NOW + 600, "other"), NOW + 601),
            Spent::Now,
            "the first is deleted"
        );
    }

    #[test]
    fn a_clock_that_steps_back_allows_no_replay() {
        let replay = MemoryReplay::new(10, 10);
        let spent = nonce(1, NOW, "n");
        assert_eq!(replay.spend(&spent, NOW), Spent::Now);
        assert_eq!(
            replay.spend(&nonce(1, NOW + 301, "m"), NOW + 301),
            Spent::Now,
            "and n is deleted"
        );
        assert_eq!(replay.spend(&spent, NOW), Spent::Unknown);
        assert_eq!(replay.spend(&nonce(1, NOW + 1, "new"), NOW + 1), Spent::Now);
    }

    #[test]
    fn a_full_store_rejects_nonces_and_evicts_none() {
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
        let spent = replay.spent.lock().expect("not poisoned");
        assert_eq!(spent.per_consumer.values().sum::<usize>(), spent.seen.len());
    }

    #[test]
    fn a_nonce_survives_storage() {
        let written = nonce(7, NOW, "n").to_bytes();
        assert_eq!(Nonce::from_bytes(&written), nonce(7, NOW, "n"));
        assert_eq!(
            (&written[..16], &written[32..]),
            (&[7; 16][..], &(NOW + 300).to_be_bytes()[..])
        );
        assert_eq!(nonce(7, NOW, "n").acceptable_until(), NOW + 300);
    }

    #[test]
    fn a_restored_store_keeps_its_nonces_and_its_limits() {
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
    fn a_restored_store_cannot_judge_nonces_that_were_deleted() {
        let replay = MemoryReplay::restore(10, 10, [], Some(NOW + 300));
        assert_eq!(replay.spend(&nonce(1, NOW, "n"), NOW), Spent::Unknown);
        assert_eq!(replay.spend(&nonce(1, NOW + 1, "n"), NOW), Spent::Now);
    }

    #[test]
    fn of_many_concurrent_attempts_exactly_one_succeeds() {
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
