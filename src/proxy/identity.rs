//! Who is there, as headers that apps behind other proxies read already.

use hyper::header::{HeaderName, HeaderValue};

use crate::session::{Field, Session};

/// A session's headers. They say nothing that was cut from the session.
pub fn headers(session: &Session) -> Vec<(HeaderName, HeaderValue)> {
    let groups: Vec<&str> = session.roles.iter().map(lti::Role::name).collect();
    let groups = (!groups.is_empty()).then(|| groups.join(","));
    let values = [
        ("x-forwarded-user", subject(session).map(|subject| printable(&subject))),
        ("x-forwarded-preferred-username", session.get(Field::Name).map(printable)),
        ("x-forwarded-email", session.get(Field::Email).map(printable)),
        ("x-forwarded-groups", groups),
    ];
    let headers = values.into_iter().filter_map(|(name, value)| {
        // What is printable is always a header's value.
        Some((HeaderName::from_static(name), HeaderValue::from_str(&value?).ok()?))
    });
    headers.collect()
}

/// The person: a user id is unique only within its sender. The sender's colons are encoded, so that the first colon ends it
/// and no sender can name another's users. `None` for an anonymous launch.
pub fn subject(session: &Session) -> Option<String> {
    let namespace = session.sender.user_namespace().replace('%', "%25").replace(':', "%3A");
    session.get(Field::UserId).map(|user| format!("{namespace}:{user}"))
}

/// Text as a header can carry it: every byte of UTF-8 that is not printable ASCII, and `%`, percent-encoded, and also spaces at
/// either end, which whoever reads a header takes off.
fn printable(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let outer = text.len() - text.trim_start_matches(' ').len()..text.trim_end_matches(' ').len();
    let mut printable = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        if (b' '..=b'~').contains(&byte) && byte != b'%' && (byte != b' ' || outer.contains(&at)) {
            printable.push(char::from(byte));
        } else {
            printable.push('%');
            printable.push(char::from(DIGITS[usize::from(byte >> 4)]));
            printable.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_every_language_fits_a_header_and_comes_back() {
        let check = |text: &str, expected: &str| assert_eq!(printable(text), expected);
        check("Ada Lovelace", "Ada Lovelace");
        check("Zoë", "Zo%C3%AB");
        check("100%", "100%25");
        check("  Ada L ", "%20%20Ada L%20");
        check("  ", "%20%20");
        check("a\r\nX-Forwarded-User: b\0", "a%0D%0AX-Forwarded-User: b%00");
        check("\u{7f}~", "%7F~");
    }
}
