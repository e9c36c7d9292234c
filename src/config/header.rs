//! Header names with a meaning for the gateway, and the validity of header values.

use std::borrow::Cow;

use thiserror::Error;

/// Prefixes of headers by which upstreams learn the user or their own public URL from the gateway.
const IDENTITY_PREFIXES: [&str; 2] = ["x-forwarded-", "x-lti-"];

/// Other such headers. CGI's `REMOTE_USER` is the user of most servers. Some servers read the path
/// from one of the last two, not from the request.
const IDENTITY: [&str; 7] = [
    "forwarded",
    "remote-user",
    "x-forwarded",
    "x-real-ip",
    "x-script-name",
    "x-original-url",
    "x-rewrite-url",
];

/// Hop-by-hop headers (RFC 9110 §7.6.1), and headers about the framing of a message.
const CONNECTION: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
];

/// Why a header value is invalid. Each message is the end of a sentence that starts with "the value
/// of".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeaderValueError {
    #[error("contains a line break")]
    LineBreak,
    #[error("contains characters other than visible ASCII")]
    Character,
    #[error("has leading or trailing spaces, which servers remove")]
    OuterSpace,
}

/// Checks that no server changes this header value.
pub(super) fn check_value(text: &str) -> Result<(), HeaderValueError> {
    if text.contains(['\r', '\n']) {
        Err(HeaderValueError::LineBreak)
    } else if !text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        Err(HeaderValueError::Character)
    } else if text.trim() != text {
        Err(HeaderValueError::OuterSpace)
    } else {
        Ok(())
    }
}

/// Whether `text` is a `token` (RFC 9110 §5.6.2), the syntax of header names.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Whether an upstream learns the user or its own public URL from this header of the gateway. Only
/// the gateway may set such a header, and removes it from a browser's request. Case does not count,
/// and any punctuation counts as `-`, because CGI and its successors convert all of it to `_`.
pub(crate) fn is_identity(name: &str) -> bool {
    IDENTITY.iter().any(|known| is_same(name, known))
        || IDENTITY_PREFIXES
            .iter()
            .any(|prefix| name.get(..prefix.len()).is_some_and(|start| is_same(start, prefix)))
}

/// Whether a header is hop-by-hop. The gateway does not forward it.
pub(crate) fn is_hop_by_hop(name: &str) -> bool {
    CONNECTION.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// A header's name in lower case, with `-` for every other character. CGI and its successors read
/// two names as one if these are the same.
pub(crate) fn normalized(name: &str) -> Cow<'_, str> {
    let is_normal = |byte: u8| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if name.bytes().all(is_normal) {
        return Cow::Borrowed(name);
    }
    let normalize = |letter: char| {
        if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' }
    };
    Cow::Owned(name.chars().map(normalize).collect())
}

/// Whether a server that ignores case and the kind of punctuation treats two header names as one.
/// `known` is in lower case, with `-`.
pub(crate) fn is_same(name: &str, known: &str) -> bool {
    let normalized =
        |byte: u8| if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' };
    name.len() == known.len()
        && name.bytes().zip(known.bytes()).all(|(one, other)| normalized(one) == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_headers_are_recognized_in_any_spelling() {
        for name in [
            "X-Forwarded-User",
            "x_forwarded_user",
            "X-Forwarded_Whatever",
            "X-LTI-Assertion",
            "x-lti-",
            "Forwarded",
            "X_REAL_IP",
            "x-script_name",
            "X.Forwarded.User",
            "X~Forwarded!User",
            "X-Forwarded",
            "X-Original_URL",
            "Remote-User",
        ] {
            assert!(is_identity(name), "{name}");
        }
        for name in [
            "X-Forward",
            "XForwardedUser",
            "Authorization",
            "X-LT",
            "X-WEBAUTH-User",
            "",
            "ü-forwarded-user",
        ] {
            assert!(!is_identity(name), "{name}");
        }
    }
}
