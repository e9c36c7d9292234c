//! Replay protection: each nonce is valid once (RFC 5849 §3.3).
//!
//! The store keeps a nonce as long as its timestamp is acceptable, and never evicts it earlier. A
//! full store rejects new nonces, because after an eviction a replay could succeed. A launch spends
//! its nonce after all other checks. Without a secret, an attacker can neither spend a nonce nor
//! fill the store.
//!
//! Tools share the store. A tool that stores a nonce leaves 1/(n+1) of the store free. Here n
//! counts the tools that hold at least half as many nonces as this one, including itself. The
//! consumers of a tool share its part by the same rule. So floods of k tools leave 1/(k+1) of the
//! store free, in any order.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::sender::Sender;

/// The maximum length of a nonce, in bytes. Canvas sends 43.
pub(crate) const LONGEST_NONCE: usize = 1024;

/// The account of a nonce in the replay store: one sender of one tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    tool: [u8; 8],
    sender: [u8; 8],
}

impl Account {
    /// The account of this sender of the tool with this name.
    pub fn new(tool: &str, sender: &Sender) -> Self {
        let mut parts = Sha256::new();
        for part in sender.parts() {
            parts.update((part.len() as u64).to_be_bytes());
            parts.update(part);
        }
        let [tool, sender] = [Sha256::new().chain_update(tool), parts].map(|digest| {
            let mut short = [0; 8];
            short.copy_from_slice(&digest.finalize()[..8]);
            short
        });
        Self { tool, sender }
    }
}

/// Issuer, timestamp and nonce of a launch, hashed to a constant size. They make it unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce {
    account: Account,
    fingerprint: [u8; 16],
    acceptable_until: u64,
}

impl Nonce {
    /// Hashes a nonce. `issuer` identifies the consumer, or another issuer of single-use values.
    /// `acceptable_until` is the last second since the epoch at which a launch with this timestamp
    /// is accepted.
    pub fn new(
        account: Account,
        issuer: [u8; 16],
        timestamp: u64,
        nonce: &str,
        acceptable_until: u64,
    ) -> Self {
        let mut digest = Sha256::new();
        digest.update(issuer);
        digest.update(timestamp.to_be_bytes());
        digest.update(nonce);
        Self { account, fingerprint: shortened(digest), acceptable_until }
    }

    /// The last second since the epoch at which a launch with this nonce is accepted.
    pub fn acceptable_until(&self) -> u64 {
        self.acceptable_until
    }

    /// The nonce for storage: tool, sender, fingerprint, and the last acceptable second in
    /// big-endian order.
    pub fn to_bytes(&self) -> [u8; 40] {
        let mut bytes = [0; 40];
        bytes[..8].copy_from_slice(&self.account.tool);
        bytes[8..16].copy_from_slice(&self.account.sender);
        bytes[16..32].copy_from_slice(&self.fingerprint);
        bytes[32..].copy_from_slice(&self.acceptable_until.to_be_bytes());
        bytes
    }

    /// Reads a nonce from [`to_bytes`](Self::to_bytes).
    ///
    /// An older version stored the issuer in place of the account. Such a nonce counts for an
    /// account that no new nonce has, until it expires.
    pub fn from_bytes(bytes: &[u8; 40]) -> Self {
        let mut account = Account { tool: [0; 8], sender: [0; 8] };
        let (mut fingerprint, mut last) = ([0; 16], [0; 8]);
        account.tool.copy_from_slice(&bytes[..8]);
        account.sender.copy_from_slice(&bytes[8..16]);
        fingerprint.copy_from_slice(&bytes[16..32]);
        last.copy_from_slice(&bytes[32..]);
        Self { account, fingerprint, acceptable_until: u64::from_be_bytes(last) }
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
    /// The nonce expired before the store could spend it. The store may have deleted it.
    Expired,
    /// The nonce is not stored: there is no space for it.
    Full(FullShare),
    /// The nonce is not stored: the clock was set back. When it showed a later time, the store
    /// deleted nonces that are acceptable again, so it cannot detect a replay.
    ClockSetBack,
    /// The nonce is not stored: the store cannot be written.
    Unavailable,
}

/// The share of the replay store that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FullShare {
    /// The share of the nonce's consumer.
    Consumer,
    /// The share of all consumers of the nonce's tool.
    Tool,
    /// The whole store.
    Store,
}

impl fmt::Display for FullShare {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Consumer => "this consumer",
            Self::Tool => "this tool",
            Self::Store => "all tools",
        })
    }
}

/// A replay store in the memory of this process.
///
/// It has one limit, which bounds its memory. Tools and consumers share it.
#[derive(Debug)]
pub struct MemoryReplay {
    most: usize,
    spent: Mutex<SpentNonces>,
}

#[derive(Debug, Default)]
struct SpentNonces {
    seen: HashSet<[u8; 16]>,
    per_tool: HashMap<[u8; 8], ToolNonces>,
    by_expiry: BTreeMap<u64, Vec<Nonce>>,
    /// The latest expiry of all deleted nonces. For a nonce with this expiry or an earlier one, the
    /// store cannot detect a replay any more.
    deleted_until: Option<u64>,
}

/// The number of nonces of one tool: all, and those of each sender.
#[derive(Debug, Default)]
struct ToolNonces {
    all: usize,
    per_sender: HashMap<[u8; 8], usize>,
}

impl MemoryReplay {
    /// An empty store for at most `most` nonces. One nonce uses about 100 bytes.
    pub fn new(most: usize) -> Self {
        Self { most, spent: Mutex::default() }
    }

    /// A store with the nonces of an earlier one, and the latest expiry of the nonces that it had
    /// deleted. The limit applies to new nonces: all restored nonces stay.
    pub fn restore(
        most: usize,
        nonces: impl IntoIterator<Item = Nonce>,
        deleted_until: Option<u64>,
    ) -> Self {
        let mut spent = SpentNonces { deleted_until, ..SpentNonces::default() };
        for nonce in nonces {
            spent.insert(&nonce);
        }
        Self { most, spent: Mutex::new(spent) }
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
            // At its last second, a request may also have been overtaken by one a second later.
            return if nonce.acceptable_until <= now {
                Spent::Expired
            } else {
                Spent::ClockSetBack
            };
        }
        if let Some(share) = spent.full_share(&nonce.account, self.most) {
            return Spent::Full(share);
        }
        spent.insert(nonce);
        Spent::Now
    }
}

impl SpentNonces {
    /// The share that is used up for a nonce of this account. `None` if there is space for it.
    fn full_share(&self, account: &Account, most: usize) -> Option<FullShare> {
        let tool = self.per_tool.get(&account.tool);
        let of_tool = tool.map_or(0, |tool| tool.all);
        let free = most.saturating_sub(self.seen.len());
        // The usual case. The bounds below cannot be tighter than this.
        if free.saturating_sub(most / 2) > of_tool {
            return None;
        }
        if free == 0 {
            return Some(FullShare::Store);
        }
        let tools = self.per_tool.iter().map(|(tool, nonces)| (tool, nonces.all));
        let reserved = most / (comparable(tools, &account.tool, of_tool) + 1);
        let free_for_tool = free.saturating_sub(reserved);
        if free_for_tool == 0 {
            return Some(FullShare::Tool);
        }
        let per_sender = tool.map(|tool| &tool.per_sender);
        let of_sender =
            per_sender.and_then(|senders| senders.get(&account.sender)).copied().unwrap_or(0);
        let senders = per_sender.into_iter().flatten().map(|(sender, count)| (sender, *count));
        let share = of_tool.saturating_add(free_for_tool);
        let reserved = share / (comparable(senders, &account.sender, of_sender) + 1);
        (free_for_tool <= reserved).then_some(FullShare::Consumer)
    }

    /// Stores a nonce, once.
    fn insert(&mut self, nonce: &Nonce) {
        if self.seen.insert(nonce.fingerprint) {
            let tool = self.per_tool.entry(nonce.account.tool).or_default();
            tool.all += 1;
            *tool.per_sender.entry(nonce.account.sender).or_default() += 1;
            self.by_expiry.entry(nonce.acceptable_until).or_default().push(*nonce);
        }
    }

    /// Deletes the nonces with timestamps that are not acceptable any more.
    fn delete_before(&mut self, now: u64) {
        while let Some(expired) = self.by_expiry.first_entry().filter(|entry| *entry.key() < now) {
            self.deleted_until = self.deleted_until.max(Some(*expired.key()));
            for nonce in expired.remove() {
                self.seen.remove(&nonce.fingerprint);
                self.uncount(&nonce.account);
            }
        }
    }

    /// Counts one nonce less for an account.
    fn uncount(&mut self, account: &Account) {
        let Some(tool) = self.per_tool.get_mut(&account.tool) else { return };
        tool.all = tool.all.saturating_sub(1);
        if let Some(count) = tool.per_sender.get_mut(&account.sender) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                tool.per_sender.remove(&account.sender);
            }
        }
        if tool.all == 0 {
            self.per_tool.remove(&account.tool);
        }
    }
}

/// The number of holders with at least half as many nonces as this one, including itself.
fn comparable<'a>(
    holders: impl Iterator<Item = (&'a [u8; 8], usize)>,
    own: &[u8; 8],
    own_count: usize,
) -> usize {
    let is_comparable = |count: usize| count.saturating_mul(2) >= own_count;
    1 + holders.filter(|(holder, count)| *holder != own && is_comparable(*count)).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn account(tool: &str, consumer: u8) -> Account {
        Account::new(tool, &Sender::Consumer(consumer.to_string().into()))
    }

    /// A nonce of one of a tool's consumers.
    fn nonce_of(tool: &str, consumer: u8, timestamp: u64, nonce: &str) -> Nonce {
        let mut issuer = [consumer; 16];
        issuer[..tool.len()].copy_from_slice(tool.as_bytes());
        Nonce::new(account(tool, consumer), issuer, timestamp, nonce, timestamp + 300)
    }

    fn nonce(consumer: u8, timestamp: u64, nonce: &str) -> Nonce {
        nonce_of("a", consumer, timestamp, nonce)
    }

    /// The number of nonces and of tools in a store, whose counters must agree.
    #[track_caller]
    fn counts(replay: &MemoryReplay) -> (usize, usize) {
        let spent = replay.spent.lock().expect("not poisoned");
        let all = spent.per_tool.values().map(|tool| tool.all).sum::<usize>();
        assert_eq!(all, spent.seen.len());
        assert_eq!(spent.by_expiry.values().map(Vec::len).sum::<usize>(), all);
        for tool in spent.per_tool.values() {
            assert_eq!(tool.per_sender.values().sum::<usize>(), tool.all);
            assert!(tool.per_sender.values().all(|count| *count > 0) && tool.all > 0);
        }
        (all, spent.per_tool.len())
    }

    /// Spends nonces of one consumer until one is not stored. Returns the number of stored ones.
    #[track_caller]
    fn flood(replay: &MemoryReplay, tool: &str, consumer: u8) -> usize {
        let spend = |number: &usize| {
            replay.spend(&nonce_of(tool, consumer, NOW, &format!("flood {number}")), NOW)
        };
        let stored = (0..).find(|number| spend(number) != Spent::Now).expect("a bound");
        assert!(matches!(spend(&stored), Spent::Full(_)));
        stored
    }

    #[test]
    fn a_nonce_is_unique_per_consumer_and_timestamp() {
        let replay = MemoryReplay::new(100);
        assert_eq!(replay.spend(&nonce(1, NOW, "n"), NOW), Spent::Now);
        assert_eq!(replay.spend(&nonce(1, NOW, "n"), NOW), Spent::Before);
        assert_eq!(replay.spend(&nonce(2, NOW, "n"), NOW), Spent::Now);
        assert_eq!(replay.spend(&nonce(1, NOW + 1, "n"), NOW), Spent::Now);
        assert_eq!(replay.spend(&nonce(1, NOW, "m"), NOW), Spent::Now);
    }

    #[test]
    fn a_nonce_is_stored_until_the_last_acceptable_second() {
        let replay = MemoryReplay::new(1);
        let first = nonce(1, NOW + 300, "from a clock that is ahead");
        assert_eq!(replay.spend(&first, NOW), Spent::Now);
        assert_eq!(replay.spend(&first, NOW + 600), Spent::Before);
        assert_eq!(
            replay.spend(&nonce(1, NOW + 600, "other"), NOW + 600),
            Spent::Full(FullShare::Store)
        );
        assert_eq!(
            replay.spend(&nonce(1, NOW + 600, "other"), NOW + 601),
            Spent::Now,
            "the first is deleted"
        );
    }

    #[test]
    fn a_clock_that_steps_back_allows_no_replay() {
        let replay = MemoryReplay::new(10);
        let spent = nonce(1, NOW, "n");
        assert_eq!(replay.spend(&spent, NOW), Spent::Now);
        assert_eq!(
            replay.spend(&nonce(1, NOW + 301, "m"), NOW + 301),
            Spent::Now,
            "and n is deleted"
        );
        assert_eq!(replay.spend(&spent, NOW), Spent::ClockSetBack);
        assert_eq!(replay.spend(&nonce(3, NOW, "n"), NOW), Spent::ClockSetBack);
        assert_eq!(replay.spend(&nonce(1, NOW + 1, "new"), NOW + 1), Spent::Now);
    }

    #[test]
    fn a_full_store_rejects_nonces_and_evicts_none() {
        let replay = MemoryReplay::new(4);
        let full = Spent::Full;
        assert_eq!(replay.spend(&nonce(1, NOW, "a"), NOW), Spent::Now);
        assert_eq!(replay.spend(&nonce(1, NOW, "b"), NOW), full(FullShare::Consumer));
        assert_eq!(replay.spend(&nonce(2, NOW, "a"), NOW), Spent::Now, "another consumer");
        assert_eq!(replay.spend(&nonce(3, NOW, "a"), NOW), full(FullShare::Tool));
        assert_eq!(replay.spend(&nonce_of("b", 1, NOW, "a"), NOW), Spent::Now, "another tool");
        assert_eq!(replay.spend(&nonce_of("c", 1, NOW, "a"), NOW), full(FullShare::Tool));
        for known in [nonce(1, NOW, "a"), nonce(2, NOW, "a"), nonce_of("b", 1, NOW, "a")] {
            assert_eq!(replay.spend(&known, NOW), Spent::Before);
        }
        assert_eq!(counts(&replay), (3, 2));
    }

    #[test]
    fn a_nonce_survives_storage() {
        let written = nonce(7, NOW, "n").to_bytes();
        assert_eq!(Nonce::from_bytes(&written), nonce(7, NOW, "n"));
        let account = account("a", 7);
        assert_eq!((&written[..8], &written[8..16]), (&account.tool[..], &account.sender[..]));
        assert_eq!(&written[32..], &(NOW + 300).to_be_bytes()[..]);
        assert_eq!(nonce(7, NOW, "n").acceptable_until(), NOW + 300);
    }

    /// An older version stored this row: issuer, fingerprint, last acceptable second.
    #[test]
    fn a_stored_nonce_of_an_older_version_stays_spent() {
        let digest = Sha256::new().chain_update([7; 16]).chain_update(NOW.to_be_bytes());
        let fingerprint = shortened(digest.chain_update("n"));
        let row = [&[7; 16][..], &fingerprint, &(NOW + 300).to_be_bytes()].concat();
        let restored = Nonce::from_bytes(&row.clone().try_into().expect("40 bytes"));
        assert_eq!(restored.to_bytes()[..], row, "and a later start reads it again");
        let replay = MemoryReplay::restore(10, [restored], None);
        let again = Nonce::new(account("a", 7), [7; 16], NOW, "n", NOW + 300);
        assert_eq!(replay.spend(&again, NOW), Spent::Before);
        let other = Nonce::new(account("a", 7), [7; 16], NOW + 1, "n", NOW + 301);
        assert_eq!(replay.spend(&other, NOW), Spent::Now);
        assert_eq!(counts(&replay), (2, 2));
        replay.spend(&nonce(1, NOW + 400, "x"), NOW + 400);
        assert_eq!(counts(&replay), (1, 1));
    }

    #[test]
    fn a_restored_store_keeps_its_nonces_and_its_limit() {
        let known =
            [nonce(1, NOW, "a"), nonce(1, NOW, "b"), nonce(1, NOW, "a"), nonce(2, NOW - 100, "c")];
        let smaller = MemoryReplay::restore(3, known, None);
        let other = nonce_of("b", 3, NOW, "d");
        assert_eq!(smaller.spend(&other, NOW), Spent::Full(FullShare::Store));
        let replay = MemoryReplay::restore(5, known, Some(NOW + 10));
        for known in known {
            assert_eq!(smaller.spend(&known, NOW), Spent::Before);
            assert_eq!(replay.spend(&known, NOW), Spent::Before);
        }
        assert_eq!(replay.spend(&nonce(3, NOW, "d"), NOW), Spent::Full(FullShare::Tool));
        let later = NOW + 201;
        assert_eq!(replay.spend(&nonce(2, NOW - 100, "c"), later), Spent::Expired);
        assert_eq!(replay.spend(&nonce(1, NOW, "e"), later), Spent::Full(FullShare::Consumer));
        assert_eq!(replay.spend(&other, later), Spent::Now);
    }

    #[test]
    fn a_restored_store_cannot_judge_nonces_that_were_deleted() {
        let replay = MemoryReplay::restore(10, [], Some(NOW + 300));
        assert_eq!(replay.spend(&nonce(1, NOW, "n"), NOW), Spent::ClockSetBack);
        assert_eq!(replay.spend(&nonce(1, NOW + 1, "n"), NOW), Spent::Now);
    }

    /// Another request may have been quicker, a second later. This does not prove that the clock
    /// was set back.
    #[test]
    fn a_nonce_that_expires_while_it_is_spent_is_expired() {
        let replay = MemoryReplay::restore(10, [], Some(NOW + 300));
        assert_eq!(replay.spend(&nonce(1, NOW, "n"), NOW + 299), Spent::ClockSetBack);
        assert_eq!(replay.spend(&nonce(1, NOW, "n"), NOW + 300), Spent::Expired);
        assert_eq!(replay.spend(&nonce(1, NOW, "n"), u64::MAX), Spent::Expired);
    }

    #[test]
    fn at_both_ends_of_time_nothing_wraps() {
        let replay = MemoryReplay::new(10);
        let nonce =
            |text: &str, until: u64| Nonce::new(account("a", 1), [1; 16], until, text, until);
        for (text, until, now) in [("a", 0, 0), ("b", u64::MAX, 0), ("c", u64::MAX, u64::MAX)] {
            assert_eq!(replay.spend(&nonce(text, until), now), Spent::Now, "{text}");
            assert_eq!(replay.spend(&nonce(text, until), now), Spent::Before, "{text}");
        }
        assert_eq!(counts(&replay), (2, 1));
        assert_eq!(replay.spend(&nonce("a", 0), 0), Spent::Expired);
    }

    #[test]
    fn a_flood_of_one_consumer_leaves_room_for_others_of_its_tool_and_for_other_tools() {
        const MOST: usize = 10_000;
        let replay = MemoryReplay::new(MOST);
        assert_eq!(flood(&replay, "a", 1), MOST / 4);
        assert!(flood(&replay, "a", 2) >= MOST / 20);
        assert!(flood(&replay, "b", 1) >= MOST / 10);
        let quiet = nonce(3, NOW, "a launch");
        assert_eq!(replay.spend(&quiet, NOW), Spent::Now);
    }

    #[test]
    fn floods_of_many_consumers_of_one_tool_leave_room_for_other_tools() {
        const MOST: usize = 10_000;
        let replay = MemoryReplay::new(MOST);
        for consumer in 0..50 {
            flood(&replay, "a", consumer);
        }
        let (stored, _) = counts(&replay);
        assert!((MOST * 9 / 20..=MOST / 2).contains(&stored), "{stored}");
        assert!(flood(&replay, "b", 1) >= MOST / 20);
        let quiet = nonce_of("c", 1, NOW, "a launch");
        assert_eq!(replay.spend(&quiet, NOW), Spent::Now);
    }

    #[test]
    fn floods_of_many_tools_leave_room_for_a_further_tool() {
        const MOST: usize = 10_000;
        let replay = MemoryReplay::new(MOST);
        for (already, tool) in ["a", "b", "c", "d", "e", "f", "g", "h"].into_iter().enumerate() {
            for consumer in 0..20 {
                flood(&replay, tool, consumer);
            }
            let free = MOST - counts(&replay).0;
            assert!(free >= MOST / (already + 2), "{tool}: {free}");
            let quiet = nonce_of("quiet", 1, NOW, tool);
            assert_eq!(replay.spend(&quiet, NOW), Spent::Now, "after {tool}");
        }
    }

    /// With equal loads, the store has space for all.
    #[test]
    fn many_equal_tools_use_nearly_the_whole_store() {
        const MOST: usize = 10_000;
        let replay = MemoryReplay::new(MOST);
        let names: Vec<String> = (0..50).map(|tool| format!("t{tool}")).collect();
        for round in 0..MOST / 50 * 9 / 10 {
            for tool in &names {
                let nonce = nonce_of(tool, 1, NOW, &round.to_string());
                assert_eq!(replay.spend(&nonce, NOW), Spent::Now, "{round} {tool}");
            }
        }
    }

    proptest! {
        /// In any order of launches and floods, k tools leave 1/(k+1) of the store free. All
        /// counters return to zero.
        #[test]
        fn tools_leave_room_and_their_counters_return_to_zero(
            most in 20..400_usize,
            bursts in proptest::collection::vec((0..5_usize, 0..4_u8, 1..150_u64), 1..30),
        ) {
            let replay = MemoryReplay::new(most);
            let (mut at, mut number) = (NOW, 0_u32);
            for (tool, consumer, length) in bursts {
                for _ in 0..length {
                    number += 1;
                    let tool = ["a", "b", "c", "d", "e"][tool];
                    let nonce = nonce_of(tool, consumer, at, &number.to_string());
                    let result = replay.spend(&nonce, at);
                    prop_assert!(matches!(result, Spent::Now | Spent::Full(_)), "{:?}", result);
                    let (stored, tools) = counts(&replay);
                    prop_assert!(most - stored >= most / (tools + 1), "{} of {}", stored, most);
                    let is_kept = replay.spend(&nonce, at) == Spent::Before;
                    prop_assert_eq!(is_kept, result == Spent::Now);
                    if result != Spent::Now {
                        break;
                    }
                }
                at += 7;
            }
            replay.spend(&nonce(9, at, "last"), at + 301);
            prop_assert!(counts(&replay).0 <= 1);
            replay.spend(&nonce(9, 0, "expired"), at + 1000);
            let spent = replay.spent.lock().expect("not poisoned");
            prop_assert!(spent.seen.len() <= 1 && spent.per_tool.len() <= 1);
        }
    }

    #[test]
    fn of_many_concurrent_attempts_exactly_one_succeeds() {
        let replay = MemoryReplay::new(100);
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
