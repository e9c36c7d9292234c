//! The location of durable state.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::key::MEMORY;
use super::suggestion::nearest;

/// Where the gateway stores state that outlives a request: spent launches, and grades that a
/// platform cannot accept yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StateLocation {
    /// In the memory of this process. Another process would accept the same launch again, and the
    /// gateway does not queue grades.
    #[default]
    Memory,
    /// In this directory. Only one serving process may use it. It may not exist yet.
    Directory(PathBuf),
}

/// Why `gateway.state` is invalid. The value may contain a password, so the error does not hold it.
/// Each message is the end of a sentence that starts with "the state".
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
    /// Parses `gateway.state`. A relative path starts in `directory`. A path must contain a slash, so
    /// that a misspelled `memory` is not a path.
    pub(super) fn parse(text: &str, directory: &Path) -> Result<Self, StateLocationError> {
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
        Ok(Self::Directory(directory.join(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSPELLED: &str = "is a misspelled `memory`";

    #[test]
    fn state_is_in_memory_or_in_a_directory_relative_to_the_file() {
        let directory = Path::new("config");
        assert_eq!(StateLocation::parse("memory", directory), Ok(StateLocation::Memory));
        for (text, expected) in [
            ("./state", "config/./state"),
            ("state/", "config/state/"),
            ("../state", "config/../state"),
            ("/var/lib/lti gateway", "/var/lib/lti gateway"),
            ("./memory", "config/./memory"),
        ] {
            let expected = StateLocation::Directory(expected.into());
            assert_eq!(StateLocation::parse(text, directory), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_invalid_state_is_reported_with_the_reason() {
        const REDIS: &str = "is a Redis URL, which this version of the gateway does not support";
        const URL: &str = "is a URL, not a directory";
        const NO_SLASH: &str = "is neither `memory` nor a directory with a slash in its path";
        const CONTROL: &str = "contains control characters";
        const SPACE: &str = "has leading or trailing whitespace";
        for (text, why) in [
            ("Memory", MISSPELLED),
            ("memroy", MISSPELLED),
            ("memory/", MISSPELLED),
            ("memory ", MISSPELLED),
            ("redis://:hunter2@redis.example:6379", REDIS),
            ("REDISS://redis.example", REDIS),
            ("postgres://db.example/state", URL),
            ("file:///var/state", URL),
            ("://", URL),
            ("state", NO_SLASH),
            ("C:\\state", NO_SLASH),
            ("./state\n", CONTROL),
            ("./st\0ate", CONTROL),
            (" ./state", SPACE),
            ("./state ", SPACE),
            ("~/state", "begins with ~, which only a shell expands to a home directory"),
        ] {
            let error = StateLocation::parse(text, Path::new("")).expect_err(text);
            assert_eq!(error.to_string(), why, "{text}");
        }
    }
}
