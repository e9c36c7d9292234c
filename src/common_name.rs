//! The common name in a certificate's subject or issuer, for a message.

#![deny(clippy::arithmetic_side_effects)]

/// The first common name in a distinguished name, DER-encoded. `None` if it has none, or one that
/// is no readable text for a message in quotes.
pub(crate) fn common_name(name: &[u8]) -> Option<String> {
    /// The DER encoding of the attribute type 2.5.4.3 (RFC 5280 §4.1.2.4).
    const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];
    let at = name.windows(COMMON_NAME.len()).position(|window| window == COMMON_NAME)?;
    // A string type, and a length below 128.
    let (_, value) = name.get(at.saturating_add(COMMON_NAME.len())..)?.split_first()?;
    let (length, value) = value.split_first()?;
    let text = std::str::from_utf8(value.get(..usize::from(*length))?).ok()?;
    (*length < 128 && !text.contains(|letter: char| letter.is_control() || letter == '"'))
        .then(|| text.to_owned())
}
