//! PEM (RFC 7468), as OpenSSL writes it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// The label and the bytes of the first block. `None` if it is missing or malformed.
pub(super) fn read(text: &str) -> Option<(&str, Zeroizing<Vec<u8>>)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (encoded, rest) = rest.split_once("-----END ")?;
    rest.strip_prefix(label)?.strip_prefix("-----")?;
    let encoded: Zeroizing<String> =
        Zeroizing::new(encoded.chars().filter(|letter| !letter.is_ascii_whitespace()).collect());
    Some((label, Zeroizing::new(BASE64_STANDARD.decode(encoded.as_bytes()).ok()?)))
}

/// A block with this label, in lines of 64 characters.
pub(super) fn write(label: &str, bytes: &[u8]) -> String {
    let encoded = BASE64_STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
