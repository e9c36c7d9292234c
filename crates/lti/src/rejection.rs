use std::fmt;

use crate::admission::Check;
use crate::oauth1::Params;
use crate::role::Roles;

/// Why a launch is refused: a stable code, the fact, and what to do about it.
///
/// The fact and the advice are for admins and their logs. They may quote what came in where that helps
/// to find the mistake (shortened, and never a signature, a secret or a person's data).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// A `%` in the query or body is not followed by two hexadecimal digits. Holds its byte offset.
    BrokenEscape(usize),
    /// The query or body is not UTF-8.
    NotUtf8,
    /// More than [`Params::MAX`] parameters.
    TooManyParameters,
    /// The `Authorization: OAuth` header is malformed, or there are several.
    BrokenAuthorization,
    /// No OAuth parameter at all: the platform has no key and secret for this tool.
    Unsigned,
    /// An OAuth parameter is absent or empty. Holds its name.
    MissingOauthParameter(&'static str),
    /// An OAuth parameter stands in the request twice. Holds its name.
    RepeatedOauthParameter(String),
    /// OAuth parameters stand in the URL's query, or both in the body and the header.
    MisplacedOauthParameters,
    /// `oauth_version` is neither absent nor `1.0`. Holds what it is.
    OauthVersion(String),
    /// `oauth_token` is not empty; LTI has none.
    TokenNotAllowed,
    /// `oauth_timestamp` is not a whole number of seconds. Holds what it is.
    MalformedTimestamp(String),
    /// `oauth_nonce` is longer than 1,024 bytes.
    NonceTooLong,
    /// `oauth_signature_method` is not one that is understood. Holds what it is.
    SignatureMethod(String),
    /// The key belongs to no consumer of this tool. Holds it, unless it turned out to be a secret.
    UnknownConsumer(Option<String>),
    /// The consumer is pinned to other signature methods. Holds the one used.
    SignatureMethodNotAllowed(&'static str),
    /// The signature is not one that any of the consumer's secrets makes over this request.
    BadSignature,
    /// The timestamp is too far from our clock. Both numbers are seconds; the distance is negative where the
    /// launch is older than now.
    Stale {
        /// Timestamp minus clock.
        distance: i64,
        /// The accepted distance.
        accepted: u64,
    },
    /// A parameter that LTI names has two different values. Holds its name.
    ConflictingParameter(String),
    /// `lti_message_type` is not `basic-lti-launch-request`. Holds what it is.
    MessageType(Option<String>),
    /// `lti_version` is not `LTI-1p0`. Holds what it is.
    LtiVersion(Option<String>),
    /// `resource_link_id` is absent or blank.
    NoResourceLink,
    /// The person has none of the roles that may launch the tool. Holds the roles they have.
    RoleNotAllowed(Roles),
    /// The nonce has been spent: the same form came before.
    Replayed,
    /// The nonce could not be remembered, so that a replay could not be noticed.
    ReplayMemoryFull,
}

impl Rejection {
    /// A stable name: in logs, and a heading of `docs/rejections.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BrokenEscape(_) => "broken-escape",
            Self::NotUtf8 => "not-utf8",
            Self::TooManyParameters => "too-many-parameters",
            Self::BrokenAuthorization => "broken-authorization",
            Self::Unsigned => "unsigned",
            Self::MissingOauthParameter(_) => "missing-oauth-parameter",
            Self::RepeatedOauthParameter(_) => "repeated-oauth-parameter",
            Self::MisplacedOauthParameters => "misplaced-oauth-parameters",
            Self::OauthVersion(_) => "oauth-version",
            Self::TokenNotAllowed => "token-not-allowed",
            Self::MalformedTimestamp(_) => "malformed-timestamp",
            Self::NonceTooLong => "nonce-too-long",
            Self::SignatureMethod(_) => "signature-method",
            Self::UnknownConsumer(_) => "unknown-consumer",
            Self::SignatureMethodNotAllowed(_) => "signature-method-not-allowed",
            Self::BadSignature => "bad-signature",
            Self::Stale { .. } => "stale",
            Self::ConflictingParameter(_) => "conflicting-parameter",
            Self::MessageType(_) => "message-type",
            Self::LtiVersion(_) => "lti-version",
            Self::NoResourceLink => "no-resource-link",
            Self::RoleNotAllowed(_) => "role-not-allowed",
            Self::Replayed => "replayed",
            Self::ReplayMemoryFull => "replay-memory-full",
        }
    }

    /// The check that failed.
    pub fn check(&self) -> Check {
        match self {
            Self::BrokenEscape(_)
            | Self::NotUtf8
            | Self::TooManyParameters
            | Self::BrokenAuthorization => Check::Form,
            Self::Unsigned
            | Self::MissingOauthParameter(_)
            | Self::RepeatedOauthParameter(_)
            | Self::MisplacedOauthParameters
            | Self::OauthVersion(_)
            | Self::TokenNotAllowed
            | Self::MalformedTimestamp(_)
            | Self::NonceTooLong
            | Self::SignatureMethod(_) => Check::Oauth,
            Self::UnknownConsumer(_) => Check::Consumer,
            Self::SignatureMethodNotAllowed(_) | Self::BadSignature => Check::Signature,
            Self::Stale { .. } => Check::Time,
            Self::ConflictingParameter(_)
            | Self::MessageType(_)
            | Self::LtiVersion(_)
            | Self::NoResourceLink => Check::Parameters,
            Self::RoleNotAllowed(_) => Check::Roles,
            Self::Replayed | Self::ReplayMemoryFull => Check::Nonce,
        }
    }

    /// What an admin or a course author can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::TooManyParameters => "send fewer parameters; a launch has about forty",
            Self::BrokenAuthorization => {
                "send one OAuth header, each value percent-encoded and in quotes (RFC 5849 §3.5.1), or none and the OAuth parameters in the form"
            }
            Self::BrokenEscape(_) | Self::NotUtf8 => {
                "send a form that is application/x-www-form-urlencoded UTF-8, as LTI 1.1 asks; a platform page in another charset sends this"
            }
            Self::Unsigned => {
                "enter the tool's key and secret in the platform: without them Moodle and others launch unsigned"
            }
            Self::MissingOauthParameter(_)
            | Self::RepeatedOauthParameter(_)
            | Self::TokenNotAllowed
            | Self::NonceTooLong => {
                "have the platform sign the launch as LTI 1.1 asks; something between platform and gateway may change the form"
            }
            Self::MisplacedOauthParameters => {
                "send the OAuth parameters in the form body, or all of them in one Authorization header"
            }
            Self::OauthVersion(_) => {
                "sign with OAuth 1.0a; for LTI 1.3 register the tool as LTI 1.1"
            }
            Self::MalformedTimestamp(_) => {
                "send oauth_timestamp in whole seconds since 1970, not in milliseconds"
            }
            Self::SignatureMethod(_) => "set the platform to sign with HMAC-SHA1 or HMAC-SHA256",
            Self::UnknownConsumer(None) => {
                "it is overlong, or a secret stands in it and so it is not shown: check key and secret in the platform (edX's LTI passport is id:key:secret)"
            }
            Self::UnknownConsumer(Some(_)) => {
                "compare the key in the platform with the tool's key in tools.toml; a key counts for its own tool only"
            }
            Self::SignatureMethodNotAllowed(_) => {
                "set the platform to a method of the consumer's signature_methods, or add this one there"
            }
            Self::BadSignature => {
                "compare the secret in the platform with the tool's, without spaces around it; then the launch URL in the platform with the one shown at /, letter by letter: https, host, port, slash at the end"
            }
            Self::Stale { .. } => {
                "if it happens to everybody, set the clock of the platform's server (or raise clock_skew); for one person, the page was open for long: launch again from the course"
            }
            Self::ConflictingParameter(_) => {
                "take it out of the launch URL or out of the custom parameters: a signature does not say which of two values counts"
            }
            Self::MessageType(_) => {
                "add the tool as an ordinary LTI link; content selection and other messages are not launches"
            }
            Self::LtiVersion(_) => {
                "register the tool as LTI 1.1 (1.0, 1.1 and 1.2 all send LTI-1p0)"
            }
            Self::NoResourceLink => {
                "add the tool to the course as a link of its own, so that the platform sends resource_link_id"
            }
            Self::RoleNotAllowed(_) => {
                "add the role to the tool's roles in tools.toml, or give the person the role in the course"
            }
            Self::Replayed => {
                "launch again from the course: a launch form counts once, and its copies are refused"
            }
            Self::ReplayMemoryFull => {
                "launches arrive faster than they can be remembered; they are accepted again as soon as the oldest have expired"
            }
        }
    }

    /// Text of the request, fit to be quoted: short, on one line.
    pub(crate) fn quote(text: &str) -> String {
        const MOST: usize = 48;
        let mut quoted: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
        if text.chars().nth(MOST).is_some() {
            quoted.push('…');
        }
        quoted
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokenEscape(at) => {
                write!(f, "the % at byte {at} is not followed by two hexadecimal digits")
            }
            Self::NotUtf8 => f.write_str("the form is not UTF-8"),
            Self::TooManyParameters => {
                write!(f, "the form has more than {} parameters", Params::MAX)
            }
            Self::BrokenAuthorization => {
                f.write_str("the Authorization: OAuth header is malformed, or there are several")
            }
            Self::Unsigned => f.write_str("the launch is not signed"),
            Self::MissingOauthParameter(name) => write!(f, "{name} is missing or empty"),
            Self::RepeatedOauthParameter(name) => write!(f, "{name} was sent twice"),
            Self::MisplacedOauthParameters => {
                f.write_str("the OAuth parameters stand in two places or in the URL")
            }
            Self::OauthVersion(found) => write!(f, "oauth_version is \"{found}\", not \"1.0\""),
            Self::TokenNotAllowed => f.write_str("oauth_token was sent, which LTI does not have"),
            Self::MalformedTimestamp(found) => {
                write!(f, "oauth_timestamp is \"{found}\", not a number of seconds")
            }
            Self::NonceTooLong => f.write_str("oauth_nonce is longer than 1024 bytes"),
            Self::SignatureMethod(found) => {
                write!(f, "the signature method \"{found}\" is not accepted")
            }
            Self::UnknownConsumer(Some(key)) => {
                write!(f, "the tool has no consumer with the key \"{key}\"")
            }
            Self::UnknownConsumer(None) => f.write_str("the tool has no consumer with this key"),
            Self::SignatureMethodNotAllowed(method) => {
                write!(f, "the consumer is not allowed to sign with {method}")
            }
            Self::BadSignature => f.write_str("the signature does not match"),
            Self::Stale { distance, accepted } => write!(
                f,
                "the platform's clock is {} s {} ours, or the launch was kept that long ({accepted} s are accepted)",
                distance.unsigned_abs(),
                if *distance < 0 { "behind" } else { "ahead of" },
            ),
            Self::ConflictingParameter(name) => {
                write!(f, "{name} has two different values")
            }
            Self::MessageType(Some(found)) => {
                write!(f, "lti_message_type is \"{found}\", not \"basic-lti-launch-request\"")
            }
            Self::MessageType(None) => f.write_str("lti_message_type is missing"),
            Self::LtiVersion(Some(found)) => {
                write!(f, "lti_version is \"{found}\", not \"LTI-1p0\"")
            }
            Self::LtiVersion(None) => f.write_str("lti_version is missing"),
            Self::NoResourceLink => f.write_str("resource_link_id is missing or blank"),
            Self::RoleNotAllowed(roles) => {
                write!(f, "none of the roles {roles:?} may launch this tool")
            }
            Self::Replayed => f.write_str("this launch was used before"),
            Self::ReplayMemoryFull => f.write_str("the replay memory is full"),
        }
    }
}

impl std::error::Error for Rejection {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_stays_short_and_on_one_line() {
        assert_eq!(Rejection::quote("a\r\nb\u{1b}[31m\"é"), "a\\r\\nb\\u{1b}[31m\\\"é");
        assert_eq!(Rejection::quote(&"x".repeat(49)), format!("{}…", "x".repeat(48)));
    }

    #[test]
    fn a_stale_launch_says_in_which_direction() {
        let stale = |distance| Rejection::Stale { distance, accepted: 300 }.to_string();
        assert!(stale(-412).starts_with("the platform's clock is 412 s behind ours"));
        assert!(stale(412).starts_with("the platform's clock is 412 s ahead of ours"));
    }
}
