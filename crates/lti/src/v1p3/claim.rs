use std::fmt;

use crate::jose::JsonKind;
use crate::selection::LONGEST_DATA;

/// The maximum length of an identifier in a token, in characters.
pub(super) const LONGEST_ID: usize = 255;
/// The maximum length of a claim that no check needs, in bytes.
pub(super) const LONGEST_CLAIM: usize = 8 * 1024;

/// What a required claim is instead of the expected value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimFault {
    /// It has another type.
    Kind(JsonKind),
    /// It is a list that contains this type.
    ListWith(JsonKind),
    /// It is too long.
    TooLong,
    /// It has no valid return URL, or one that is not https.
    NoReturnUrl,
    /// Its `data` is too long.
    LongData,
}

impl fmt::Display for ClaimFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(formatter, "{kind}"),
            Self::ListWith(kind) => write!(formatter, "a list with {kind}"),
            Self::TooLong => write!(formatter, "longer than {LONGEST_ID} characters"),
            Self::NoReturnUrl => formatter.write_str("without an https return URL"),
            Self::LongData => {
                write!(formatter, "longer than the {} KiB that data may have", LONGEST_DATA / 1024)
            }
        }
    }
}

/// A value of a token that the launch does not contain, and why. It never contains the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimNote {
    /// The claim has a type that a launch cannot contain.
    Kind {
        /// The name of the claim, or of its member.
        name: String,
        /// The type.
        kind: JsonKind,
    },
    /// The claim is longer than 8 KiB. Contains its name.
    TooLong(String),
    /// The launch has as many parameters as it can have. Contains the first name that is left out.
    TooMany(String),
    /// A role contains a comma, which separates roles.
    RoleWithComma,
}

impl fmt::Display for ClaimNote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind { name, kind } => write!(formatter, "{name} is dropped: it is {kind}"),
            Self::TooLong(name) => {
                let most = LONGEST_CLAIM / 1024;
                write!(formatter, "{name} is dropped: it is longer than {most} KiB")
            }
            Self::TooMany(name) => {
                write!(formatter, "{name} and all after it are dropped: there are too many")
            }
            Self::RoleWithComma => formatter.write_str("a role with a comma is dropped"),
        }
    }
}
