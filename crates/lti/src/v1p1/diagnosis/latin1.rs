//! ISO-8859-1 as browsers have it, which is Windows-1252.

use encoding_rs::WINDOWS_1252;

/// The text of some bytes.
pub(super) fn decode(bytes: &[u8]) -> String {
    WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
}

/// The bytes of a text; `None` if one of its letters has none.
pub(super) fn encode(text: &str) -> Option<Vec<u8>> {
    let (bytes, _, has_others) = WINDOWS_1252.encode(text);
    (!has_others).then(|| bytes.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_a_letter_of_its_own() {
        for one in 0..=u8::MAX {
            let text = decode(&[one]);
            assert_eq!(text.chars().count(), 1);
            assert_eq!(encode(&text), Some(vec![one]));
        }
        assert_eq!(decode(b"a\xfc\x80\x92"), "aü€’");
        assert_eq!(encode("漢"), None);
    }
}
