//! The key and the secret of a new tool.

use crate::cli::machine::random_string;

/// The key and secret of a new tool: letters, digits, `-` and `_`, which need no encoding.
pub(super) struct NewConsumer {
    pub(super) key: String,
    pub(super) secret: String,
}

impl NewConsumer {
    /// Generates a key that starts with the tool's name, and a secret of 256 bits in 43 characters.
    /// Platforms truncate long secrets (Brightspace after 100 characters).
    ///
    /// # Errors
    /// The error of the system's random generator.
    pub(super) fn new(tool: &str) -> Result<Self, getrandom::Error> {
        Ok(Self {
            key: format!("{tool}-{}", random_string::<6>()?),
            secret: random_string::<32>()?,
        })
    }
}
