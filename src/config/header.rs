//! Names of headers, as far as they mean something to a gateway, and values that arrive as they are
//! written.

use thiserror::Error;

/// Beginnings of the names by which upstreams learn who is there and where they stand.
const IDENTITY_PREFIXES: [&str; 3] = ["x-forwarded-", "x-lti-", "x-auth-request-"];

/// Such names themselves. The last two tell some servers another path than the request's.
const IDENTITY: [&str; 8] = [
    "forwarded",
    "x-forwarded",
    "x-real-ip",
    "x-script-name",
    "remote-user",
    "x-remote-user",
    "x-original-url",
    "x-rewrite-url",
];

/// What concerns one connection only (RFC 9110 §7.6.1), and what frames a message.
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

/// Why text is not the value of a header. Each text is the end of a sentence that begins with "the
/// value of".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeaderValueError {
    #[error("has a line break")]
    LineBreak,
    #[error("has characters other than visible ASCII")]
    Character,
    #[error("begins or ends with a blank, which servers take off")]
    OuterSpace,
}

/// Checks that every server receives a value as it is written.
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

/// Whether text is a `token` (RFC 9110 §5.6.2), as names of headers are.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Whether a header tells an upstream who is there or where it stands. Only the gateway may set one: a browser's copy is
/// taken away, in any case and with any other sign for `-`: CGI and what came after it turn all of them into `_`.
pub(crate) fn is_identity(name: &str) -> bool {
    IDENTITY.iter().any(|known| is_same(name, known))
        || IDENTITY_PREFIXES
            .iter()
            .any(|prefix| name.get(..prefix.len()).is_some_and(|start| is_same(start, prefix)))
}

/// Whether a header concerns one connection and is not passed on.
pub(crate) fn is_hop_by_hop(name: &str) -> bool {
    CONNECTION.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether two names are one to a server that ignores case and takes every sign for one. `known` is in lower case, with `-`.
pub(crate) fn is_same(name: &str, known: &str) -> bool {
    let spelt =
        |byte: u8| if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' };
    name.len() == known.len()
        && name.bytes().zip(known.bytes()).all(|(one, other)| spelt(one) == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_header_is_one_in_any_spelling() {
        for name in [
            "X-Forwarded-User",
            "x_forwarded_user",
            "X-Forwarded_Whatever",
            "X-LTI-Assertion",
            "x-lti-",
            "X_Auth_Request_Email",
            "Forwarded",
            "X_REAL_IP",
            "x-script_name",
            "Remote_User",
            "X-Remote-User",
            "X.Forwarded.User",
            "X~Forwarded!User",
            "X-Forwarded",
            "X-Original_URL",
        ] {
            assert!(is_identity(name), "{name}");
        }
        for name in [
            "X-Forward",
            "XForwardedUser",
            "Authorization",
            "X-LT",
            "Remote-Users",
            "",
            "ü-forwarded-user",
        ] {
            assert!(!is_identity(name), "{name}");
        }
    }
}
