//! The key and the secret of a new tool.

use crate::cli::machine::random_string;

/// The key and secret of a new tool, which platforms take as they are: letters, digits, `-` and `_`.
pub(super) struct NewConsumer {
    pub(super) key: String,
    pub(super) secret: String,
}

impl NewConsumer {
    /// Makes them: a key that no other tool has had, and a secret of 256 bits in 43 characters. Platforms cut longer ones:
    /// Brightspace at 100.
    pub(super) fn new(tool: &str) -> Result<Self, getrandom::Error> {
        Ok(Self {
            key: format!("{tool}-{}", random_string::<6>()?),
            secret: random_string::<32>()?,
        })
    }
}
