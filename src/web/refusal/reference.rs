//! The reference that leads from a page to its line in the log.

/// Eight characters that are easy to read aloud: no I, L, O or U.
pub(in crate::web) fn reference() -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut random = [0; 8];
    // Without randomness there is no reference, which is no reason to refuse a launch.
    if getrandom::fill(&mut random).is_err() {
        return "--------".to_owned();
    }
    random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}
