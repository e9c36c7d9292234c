//! The reference on a refusal page. The log line of the refusal has the same reference.

/// A random reference of eight characters. It has no I, L, O or U, so it is easy to read aloud.
pub(in crate::web) fn reference() -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut random = [0; 8];
    // A launch does not fail because the system has no randomness for its reference.
    if getrandom::fill(&mut random).is_err() {
        return "--------".to_owned();
    }
    random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}
