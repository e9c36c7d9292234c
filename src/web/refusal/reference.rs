//! The reference on a refusal page. The log line of the refusal has the same reference.

use std::cell::RefCell;

/// The length of a reference.
const LENGTH: usize = 8;

thread_local! {
    /// Random bytes for the next references of this thread. The system is asked once for many.
    static RANDOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A random reference of eight characters. It has no I, L, O or U, so it is easy to read aloud.
pub(in crate::web) fn reference() -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    // A launch does not fail because the system has no randomness for its reference.
    let Some(random) = RANDOM.with_borrow_mut(random) else {
        return "--------".to_owned();
    };
    random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

/// The next random bytes; `None` if the system has no more.
fn random(left: &mut Vec<u8>) -> Option<[u8; LENGTH]> {
    if left.len() < LENGTH {
        left.resize(64 * LENGTH, 0);
        if getrandom::fill(left).is_err() {
            left.clear();
            return None;
        }
    }
    let (rest, next) = left.split_last_chunk::<LENGTH>()?;
    let (rest, next) = (rest.len(), *next);
    left.truncate(rest);
    Some(next)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn references_are_short_and_differ() {
        let references: HashSet<String> = (0..1000).map(|_| reference()).collect();
        assert_eq!(references.len(), 1000);
        assert!(references.iter().all(|reference| reference.len() == LENGTH));
    }
}
