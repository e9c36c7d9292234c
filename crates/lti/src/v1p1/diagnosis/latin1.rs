//! ISO-8859-1, which browsers treat as Windows-1252.

use encoding_rs::WINDOWS_1252;

/// Decodes bytes.
pub(super) fn decode(bytes: &[u8]) -> String {
    WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_a_different_character() {
        let letters: std::collections::BTreeSet<String> =
            (0..=u8::MAX).map(|byte| decode(&[byte])).collect();
        assert_eq!(letters.len(), 256);
        assert!(letters.iter().all(|letter| letter.chars().count() == 1));
        assert_eq!(decode(b"a\xfc\x80\x92"), "aü€’");
    }
}
