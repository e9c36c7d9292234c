use std::fmt;

/// Why a store did not read or write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    /// The store is full.
    Full,
    /// The store cannot be read or written. Holds its message, which contains no stored value.
    Unavailable(String),
}

impl fmt::Display for StateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => formatter.write_str("the store is full"),
            Self::Unavailable(message) => formatter.write_str(message),
        }
    }
}

impl std::error::Error for StateError {}
