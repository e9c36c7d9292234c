//! Percent encoding (RFC 5849 §3.6) and its inverse for forms.
//!
//! Exactly `A-Z a-z 0-9 - . _ ~` stand for themselves; every other byte becomes `%XX` with upper-case
//! digits. Neither a browser's nor a form's encoding is the same.

use std::cmp::Ordering;

/// Whether a byte stands for itself.
const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    table
};

/// The place of a byte in the order of encoded bytes: those that are escaped begin with `%`, which comes before every
/// unreserved character, and among themselves keep their order, as the digits `0-9A-F` do.
const RANK: [u8; 256] = {
    let mut table = [0; 256];
    let mut rank: u8 = 0;
    let mut unreserved = false;
    loop {
        let mut byte = 0;
        while byte < 256 {
            if UNRESERVED[byte] == unreserved {
                table[byte] = rank;
                rank = rank.wrapping_add(1);
            }
            byte += 1;
        }
        if unreserved {
            break table;
        }
        unreserved = true;
    }
};

/// Each byte encoded twice: `%25XX`, as the `%` of `%XX` is encoded in turn.
const TWICE: [[u8; 5]; 256] = {
    let hex = b"0123456789ABCDEF";
    let mut table = [[0; 5]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [b'%', b'2', b'5', hex[byte >> 4], hex[byte & 15]];
        byte += 1;
    }
    table
};

/// `text`, percent-encoded.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    encode_into(text, &mut encoded);
    encoded
}

/// Appends `text`, percent-encoded, to `encoded`.
pub fn encode_into(text: &str, encoded: &mut String) {
    for byte in text.bytes() {
        if UNRESERVED[usize::from(byte)] {
            encoded.push(char::from(byte));
        } else {
            let [_, _, _, high, low] = TWICE[usize::from(byte)];
            encoded.extend(['%', char::from(high), char::from(low)]);
        }
    }
}

/// Writes `text`, encoded twice, into `encoded` from `at` on and returns where it ends. There has to be room for
/// five times its length.
pub(super) fn encode_twice(text: &str, encoded: &mut [u8], mut at: usize) -> usize {
    for byte in text.bytes() {
        if UNRESERVED[usize::from(byte)] {
            encoded[at] = byte;
            at += 1;
        } else {
            encoded[at..at + 5].copy_from_slice(&TWICE[usize::from(byte)]);
            at += 5;
        }
    }
    at
}

/// How two texts compare once they are encoded, without encoding them: by the first byte in which they differ.
pub(crate) fn compare_encoded(a: &str, b: &str) -> Ordering {
    match a.bytes().zip(b.bytes()).find(|(a, b)| a != b) {
        Some((a, b)) => RANK[usize::from(a)].cmp(&RANK[usize::from(b)]),
        None => a.len().cmp(&b.len()),
    }
}

/// Percent-decodes `text`, where `+` is a plus (RFC 5849 §3.6, the `Authorization` header). `None` where an
/// escape is broken or the bytes are not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            decoded.push(hex_byte(bytes, at + 1)?);
            at += 2;
        } else {
            decoded.push(byte);
        }
        at += 1;
    }
    String::from_utf8(decoded).ok()
}

/// The byte behind two hexadecimal digits.
pub(crate) fn hex_byte(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    Some((digit(at)? * 16 + digit(at + 1)?) as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_unreserved_characters_stand_for_themselves() {
        assert_eq!(encode("AZaz09-._~"), "AZaz09-._~");
        assert_eq!(encode(" +*'()!&=%\"/"), "%20%2B%2A%27%28%29%21%26%3D%25%22%2F");
        assert_eq!(encode("Ünï ☃👩‍🚀"), "%C3%9Cn%C3%AF%20%E2%98%83%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80");
        assert_eq!(encode("\0\r\n"), "%00%0D%0A");
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text in any::<String>()) {
            prop_assert_eq!(decode(&encode(&text)), Some(text.clone()));
        }

        #[test]
        fn texts_compare_as_their_encodings_do(a in any::<String>(), b in any::<String>(), shared in any::<String>()) {
            prop_assert_eq!(compare_encoded(&a, &b), encode(&a).cmp(&encode(&b)));
            let (a, b) = (format!("{shared}{a}"), format!("{shared}{b}"));
            prop_assert_eq!(compare_encoded(&a, &b), encode(&a).cmp(&encode(&b)));
        }

        #[test]
        fn encoding_twice_is_encoding_the_encoded(text in any::<String>()) {
            let mut twice = vec![0; text.len() * 5];
            let end = encode_twice(&text, &mut twice, 0);
            twice.truncate(end);
            prop_assert_eq!(twice, encode(&encode(&text)).into_bytes());
        }
    }
}
