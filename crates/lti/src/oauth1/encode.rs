//! Percent-encoding (RFC 5849 §3.6) and its inverse for forms.
//!
//! `A-Z a-z 0-9 - . _ ~` stay unchanged. Every other byte becomes `%XX` with upper-case digits. The
//! encodings of browsers and forms differ from this one.

use std::cmp::Ordering;

/// Whether a byte stays unchanged.
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

/// The rank of a byte in the order of encoded bytes. Escaped bytes start with `%` and so come
/// before all unreserved characters. Among themselves they keep their order, because `0-9A-F` is
/// ascending.
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

/// Each byte encoded twice: `%25XX`, because the second pass encodes the `%` of `%XX`.
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

/// Percent-encodes `text`.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    encode_into(text, &mut encoded);
    encoded
}

/// Percent-encodes `text` and appends it to `encoded`.
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

/// Writes `text`, encoded twice, into `encoded` at `at`, and returns the end. `encoded` must have
/// space for five times the length of `text`.
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

/// Compares two strings in the order of their encoded forms, without encoding them: by the first
/// byte that differs.
pub(crate) fn compare_encoded(a: &str, b: &str) -> Ordering {
    match a.bytes().zip(b.bytes()).find(|(a, b)| a != b) {
        Some((a, b)) => RANK[usize::from(a)].cmp(&RANK[usize::from(b)]),
        None => a.len().cmp(&b.len()),
    }
}

/// Percent-decodes `text`. A `+` stays a plus (RFC 5849 §3.6, the `Authorization` header). `None`
/// if an escape is invalid or the bytes are not UTF-8.
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

/// The byte of the two hexadecimal digits at `at`.
pub(crate) fn hex_byte(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    Some((digit(at)? * 16 + digit(at + 1)?) as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_unreserved_characters_stay_unchanged() {
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
        fn strings_compare_like_their_encoded_forms(a in any::<String>(), b in any::<String>(), shared in any::<String>()) {
            prop_assert_eq!(compare_encoded(&a, &b), encode(&a).cmp(&encode(&b)));
            let (a, b) = (format!("{shared}{a}"), format!("{shared}{b}"));
            prop_assert_eq!(compare_encoded(&a, &b), encode(&a).cmp(&encode(&b)));
        }

        #[test]
        fn encoding_twice_equals_two_encodings(text in any::<String>()) {
            let mut twice = vec![0; text.len() * 5];
            let end = encode_twice(&text, &mut twice, 0);
            twice.truncate(end);
            prop_assert_eq!(twice, encode(&encode(&text)).into_bytes());
        }
    }
}
