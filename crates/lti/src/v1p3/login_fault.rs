use std::fmt;

/// The maximum length of all values of a login together, in bytes.
pub(super) const LONGEST_LOGIN: usize = 4 * 1024;

/// Why a login is unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginFault {
    /// A parameter is missing or empty. Contains its name.
    Missing(&'static str),
    /// A parameter was sent twice. Contains its name.
    Repeated(&'static str),
    /// The values are too long.
    TooLong,
}

impl fmt::Display for LoginFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(formatter, "has no {name}"),
            Self::Repeated(name) => write!(formatter, "has {name} twice"),
            Self::TooLong => {
                write!(formatter, "has more than {} KB of values", LONGEST_LOGIN / 1024)
            }
        }
    }
}
