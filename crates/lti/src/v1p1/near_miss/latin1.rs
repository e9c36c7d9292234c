//! ISO-8859-1 as browsers have it, which is Windows-1252.

/// What the bytes from 0x80 to 0x9f stand for in Windows-1252 (Encoding Standard, index-windows-1252).
const UPPER: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}',
    '\u{90}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}',
    '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
];

/// The letter that a byte stands for.
pub(super) fn letter(byte: u8) -> char {
    match byte {
        0x80..=0x9f => UPPER[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The byte of a letter; `None` for one that has none.
pub(super) fn byte(letter: char) -> Option<u8> {
    (0..=u8::MAX).find(|byte| self::letter(*byte) == letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_a_letter_of_its_own() {
        for one in 0..=u8::MAX {
            assert_eq!(byte(letter(one)), Some(one));
        }
        assert_eq!((letter(b'a'), letter(0xfc), letter(0x80), letter(0x92)), ('a', 'ü', '€', '’'));
        assert_eq!(byte('漢'), None);
    }
}
