//! Where state is kept.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::key::MEMORY;
use super::suggestion::nearest;

/// Where the gateway keeps what has to outlive a request: which launches were seen, and grades that a platform could not
/// take yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StateLocation {
    /// In the memory of this process: a launch counts once for this process only, and no grade is kept.
    #[default]
    Memory,
    /// In this directory, which belongs to one serving process. It need not exist yet.
    Directory(PathBuf),
}

/// Why text is no place for state. It may hold a password, so it is not held. Each text is the end
/// of a sentence that begins with "the state".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StateLocationError {
    #[error("is a misspelled `memory`")]
    NearlyMemory,
    #[error("is a Redis URL, which this version of the gateway does not support")]
    Redis,
    #[error("is a URL, not a directory")]
    Url,
    #[error("contains control characters")]
    Character,
    #[error("has leading or trailing whitespace")]
    OuterSpace,
    #[error("begins with ~, which only a shell expands to a home directory")]
    Tilde,
    #[error("is neither `memory` nor a directory with a slash in its path")]
    NoSlash,
}

impl StateLocation {
    /// Reads `gateway.state`; a relative path begins in `folder`. A path has a slash, so that a misspelt `memory` is none.
    pub(super) fn parse(text: &str, folder: &Path) -> Result<Self, StateLocationError> {
        if text == MEMORY {
            return Ok(Self::Memory);
        }
        if nearest(text, &[MEMORY]).is_some() {
            return Err(StateLocationError::NearlyMemory);
        }
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("redis" | "rediss") => return Err(StateLocationError::Redis),
            Some(_) => return Err(StateLocationError::Url),
            None => {}
        }
        if text.contains(char::is_control) {
            return Err(StateLocationError::Character);
        }
        if text.trim() != text {
            return Err(StateLocationError::OuterSpace);
        }
        if text.starts_with('~') {
            return Err(StateLocationError::Tilde);
        }
        if !text.contains('/') {
            return Err(StateLocationError::NoSlash);
        }
        Ok(Self::Directory(folder.join(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSPELT: &str = "is a misspelled `memory`";

    #[test]
    fn state_is_kept_in_memory_or_in_a_directory_beside_the_file() {
        let folder = Path::new("config");
        assert_eq!(StateLocation::parse("memory", folder), Ok(StateLocation::Memory));
        for (text, expected) in [
            ("./state", "config/./state"),
            ("state/", "config/state/"),
            ("../state", "config/../state"),
            ("/var/lib/lti gateway", "/var/lib/lti gateway"),
            ("./memory", "config/./memory"),
        ] {
            let expected = StateLocation::Directory(expected.into());
            assert_eq!(StateLocation::parse(text, folder), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_neither_is_told_why() {
        const REDIS: &str = "is a Redis URL, which this version of the gateway does not support";
        const ADDRESS: &str = "is a URL, not a directory";
        const NEITHER: &str = "is neither `memory` nor a directory with a slash in its path";
        const CHARACTERS: &str = "contains control characters";
        const BLANK: &str = "has leading or trailing whitespace";
        for (text, why) in [
            ("Memory", MISSPELT),
            ("memroy", MISSPELT),
            ("memory/", MISSPELT),
            ("memory ", MISSPELT),
            ("redis://:hunter2@redis.example:6379", REDIS),
            ("REDISS://redis.example", REDIS),
            ("postgres://db.example/state", ADDRESS),
            ("file:///var/state", ADDRESS),
            ("://", ADDRESS),
            ("state", NEITHER),
            ("C:\\state", NEITHER),
            ("./state\n", CHARACTERS),
            ("./st\0ate", CHARACTERS),
            (" ./state", BLANK),
            ("./state ", BLANK),
            ("~/state", "begins with ~, which only a shell expands to a home directory"),
        ] {
            let error = StateLocation::parse(text, Path::new("")).expect_err(text);
            assert_eq!(error.to_string(), why, "{text}");
        }
    }
}
