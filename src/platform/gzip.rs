//! Responses that a platform compressed, although the gateway accepts no compression.

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};

/// A body without the compression by gzip (RFC 1952). Another body, and one that is damaged, stays
/// as it is. `None` if the result is larger than `largest` bytes.
pub(super) fn gunzipped(body: Vec<u8>, largest: usize) -> Option<Vec<u8>> {
    let Some(deflated) = deflated(&body) else { return Some(body) };
    match decompress_to_vec_with_limit(deflated, largest) {
        Ok(inflated) => Some(inflated),
        Err(error) if error.status == TINFLStatus::HasMoreOutput => None,
        Err(_) => Some(body),
    }
}

/// The part of a gzip member after its header: the deflated data, and a checksum.
fn deflated(body: &[u8]) -> Option<&[u8]> {
    const HEADER_CHECKSUM: u8 = 1 << 1;
    const EXTRA: u8 = 1 << 2;
    const NAME: u8 = 1 << 3;
    const COMMENT: u8 = 1 << 4;
    let [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, rest @ ..] = body else { return None };
    let mut rest = rest;
    if flags & EXTRA != 0 {
        let (length, after) = rest.split_first_chunk()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            rest = rest.splitn(2, |byte| *byte == 0).nth(1)?;
        }
    }
    if flags & HEADER_CHECKSUM != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec;

    use super::*;

    fn gzip(flags: u8, header: &[u8], text: &[u8]) -> Vec<u8> {
        let mut body = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3];
        body.extend_from_slice(header);
        body.extend(compress_to_vec(text, 6));
        body.extend([0; 8]);
        body
    }

    #[test]
    fn a_gzip_member_is_decompressed_whatever_its_header_has() {
        let text = b"<x>a</x>";
        for (flags, header) in [
            (0, &b""[..]),
            (1, b""),
            (2, b"hc"),
            (4, b"\x03\x00abc"),
            (8, b"name\0"),
            (16, b"comment\0"),
            (31, b"\x01\x00xname\0comment\0hc"),
        ] {
            assert_eq!(gunzipped(gzip(flags, header, text), 8).as_deref(), Some(&text[..]));
        }
    }

    #[test]
    fn the_size_after_decompression_is_bounded() {
        let bomb = gzip(0, b"", &vec![0; 10 << 20]);
        assert!(bomb.len() < 64 * 1024);
        assert_eq!(gunzipped(bomb, 64 * 1024), None);
    }

    #[test]
    fn another_body_or_a_damaged_one_stays_as_it_is() {
        let whole = gzip(31, b"\x01\x00xname\0comment\0hc", b"text");
        let cuts = (0..whole.len() - 8).map(|cut| whole[..cut].to_vec());
        for body in cuts.chain([b"<x/>".to_vec(), b"\x1f\x8b\x08\xff".to_vec()]) {
            assert_eq!(gunzipped(body.clone(), 1024), Some(body));
        }
    }
}
