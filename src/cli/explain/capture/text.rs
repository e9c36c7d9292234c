//! The encoding of a captured file.

use std::borrow::Cow;

/// The content in an encoding that contains ASCII: UTF-16, which Windows writes, becomes UTF-8.
/// Everything else stays, without the byte order mark of UTF-8.
///
/// # Errors
/// The content is not valid UTF-16, but begins like it.
pub(super) fn decoded(content: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    let (content, from): (_, fn([u8; 2]) -> u16) = match content {
        [0xef, 0xbb, 0xbf, rest @ ..] => return Ok(Cow::Borrowed(rest)),
        [0xff, 0xfe, rest @ ..] => (rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => (rest, u16::from_be_bytes),
        // The first letters of every format are ASCII.
        [first, 0, second, 0, ..] if *first > 0 && *second > 0 => (content, u16::from_le_bytes),
        [0, first, 0, second, ..] if *first > 0 && *second > 0 => (content, u16::from_be_bytes),
        _ => return Ok(Cow::Borrowed(content)),
    };
    let (pairs, rest) = content.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| from(*pair)).collect();
    let text = String::from_utf16(&units).ok().filter(|_| rest.is_empty());
    let text = text.ok_or("the input is neither UTF-8 nor valid UTF-16")?;
    Ok(Cow::Owned(text.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_becomes_utf_8_and_everything_else_stays() {
        let text = "a=Übung 😀";
        let units: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for content in [
            text.as_bytes().to_vec(),
            ["\u{feff}".as_bytes(), text.as_bytes()].concat(),
            [&[0xff, 0xfe], &little[..]].concat(),
            [&[0xfe, 0xff], &big[..]].concat(),
            little.clone(),
            big,
        ] {
            assert_eq!(decoded(&content).as_deref(), Ok(text.as_bytes()), "{content:x?}");
        }
        assert_eq!(decoded(b"a=\xfc").as_deref(), Ok(&b"a=\xfc"[..]));
        assert_eq!(decoded(b"").as_deref(), Ok(&b""[..]));
        for bad in [&little[..little.len() - 1], b"\xff\xfea", b"\xff\xfe\x00\xd8"] {
            assert!(decoded(bad).is_err(), "{bad:x?}");
        }
    }
}
