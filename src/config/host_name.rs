//! What names of hosts look like (RFC 952, RFC 1123 §2.1).

const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Judges the name of a host. `_` is not one of the letters that names on the internet have, but containers and private networks
/// have it.
///
/// # Errors
/// What is wrong with it, as the end of a sentence that begins with what it is the host of.
pub(super) fn check(text: &str, takes_underscore: bool) -> Result<(), &'static str> {
    if !text.is_ascii() {
        return Err("has letters that an address cannot have: such a name is written as xn--…");
    }
    if text.len() > LONGEST {
        return Err("is longer than the name of a host can be");
    }
    let is_letter = |byte: u8| {
        byte.is_ascii_alphanumeric() || byte == b'-' || (takes_underscore && byte == b'_')
    };
    for label in text.split('.') {
        if label.is_empty() {
            return Err("has a dot too many");
        }
        if label.len() > LONGEST_LABEL {
            return Err("has a part that is longer than 63 characters");
        }
        if !label.bytes().all(is_letter) {
            return Err("has characters that the name of a host cannot have");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("has a part that begins or ends with -");
        }
    }
    Ok(())
}

/// Whether browsers and clients take a name for an IPv4 address, and may spell it anew (WHATWG URL, "ends in a number
/// checker").
pub(super) fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number(&last) || last.strip_prefix("0x").is_some_and(is_hexadecimal)
}
