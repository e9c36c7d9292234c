//! Percent encoding (RFC 5849 §3.6) and its inverse for forms.
//!
//! Exactly `A-Z a-z 0-9 - . _ ~` stand for themselves; every other byte becomes `%XX` with upper-case
//! digits. Neither a browser's nor a form's encoding is the same.

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

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// `text`, percent-encoded.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    encode_into(text, &mut encoded);
    encoded
}

/// Appends `text`, percent-encoded, to `encoded`.
pub fn encode_into(text: &str, encoded: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !UNRESERVED[usize::from(byte)]) {
        encoded.push_str(&rest[..at]);
        // A character of several bytes is encoded whole, so that `rest` never begins inside one.
        let length = rest[at..].chars().next().map_or(1, char::len_utf8);
        for byte in rest[at..at + length].bytes() {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
        rest = &rest[at + length..];
    }
    encoded.push_str(rest);
}

/// Appends the bytes behind a form component (`+` is a space, `%XX` a byte) to `decoded`.
///
/// Returns the offset of the first `%` that is not followed by two hexadecimal digits as the error.
/// Decoding leniently would let two different requests carry one signature.
pub(crate) fn decode_form_into(component: &[u8], decoded: &mut Vec<u8>) -> Result<(), usize> {
    let mut at = 0;
    while let Some(&byte) = component.get(at) {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                decoded.push(hex_byte(component, at + 1).ok_or(at)?);
                at += 2;
            }
            other => decoded.push(other),
        }
        at += 1;
    }
    Ok(())
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

fn hex_byte(bytes: &[u8], at: usize) -> Option<u8> {
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

    #[test]
    fn broken_escapes_are_errors_at_their_place() {
        let check = |text: &str, expected: Result<&str, usize>| {
            let mut decoded = Vec::new();
            let result = decode_form_into(text.as_bytes(), &mut decoded);
            assert_eq!(
                result.map(|()| String::from_utf8_lossy(&decoded).into_owned()),
                expected.map(str::to_owned),
                "{text:?}"
            );
        };
        check("a+b%20c%2Bd%c3%9c", Ok("a b c+dÜ"));
        check("ab%", Err(2));
        check("ab%2", Err(2));
        check("%zz", Err(0));
        check("a%+1", Err(1));
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text in any::<String>()) {
            prop_assert_eq!(decode(&encode(&text)), Some(text.clone()));
            let mut decoded = Vec::new();
            prop_assert_eq!(decode_form_into(encode(&text).as_bytes(), &mut decoded), Ok(()));
            prop_assert_eq!(decoded, text.into_bytes());
        }
    }
}
