//! The user's identity, in headers that many apps already read behind other proxies.

use hyper::header::{HeaderName, HeaderValue};

use crate::session::{Field, Session};

/// The identity headers of a session. They contain only fields that fitted into the session.
pub fn headers(session: &Session) -> Vec<(HeaderName, HeaderValue)> {
    let groups: Vec<&str> = session.roles.iter().map(lti::Role::name).collect();
    let groups = (!groups.is_empty()).then(|| groups.join(","));
    let values = [
        ("x-forwarded-user", session.upstream_user().map(|user| percent_encoded(&user))),
        ("x-forwarded-preferred-username", session.get(Field::Name).map(percent_encoded)),
        ("x-forwarded-email", session.get(Field::Email).map(percent_encoded)),
        ("x-forwarded-groups", groups),
    ];
    let headers = values.into_iter().filter_map(|(name, value)| {
        Some((HeaderName::from_static(name), HeaderValue::from_str(&value?).ok()?))
    });
    headers.collect()
}

/// A string that a header can carry: `%` and every byte of UTF-8 that is not printable ASCII are
/// percent-encoded, so line breaks cannot lead to header injection. Leading and trailing spaces are
/// encoded too, because parsers remove them.
fn percent_encoded(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let outer = text.len() - text.trim_start_matches(' ').len()..text.trim_end_matches(' ').len();
    let mut encoded = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        if (b' '..=b'~').contains(&byte) && byte != b'%' && (byte != b' ' || outer.contains(&at)) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(DIGITS[usize::from(byte >> 4)]));
            encoded.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_string_fits_into_a_header_without_header_injection() {
        let check = |text: &str, expected: &str| assert_eq!(percent_encoded(text), expected);
        check("Ada Lovelace", "Ada Lovelace");
        check("Zoë", "Zo%C3%AB");
        check("100%", "100%25");
        check("  Ada L ", "%20%20Ada L%20");
        check("  ", "%20%20");
        check("a\r\nX-Forwarded-User: b\0", "a%0D%0AX-Forwarded-User: b%00");
        check("\u{7f}~", "%7F~");
    }
}
