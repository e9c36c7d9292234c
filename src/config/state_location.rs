use std::path::{Path, PathBuf};

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

/// What the file calls the first of them.
const MEMORY: &str = "memory";

impl StateLocation {
    /// Reads `gateway.state`; a relative path begins in `folder`. A path has a slash, so that a misspelt `memory` is none.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with "the state".
    pub(super) fn parse(text: &str, folder: &Path) -> Result<Self, &'static str> {
        if text == MEMORY {
            return Ok(Self::Memory);
        }
        if nearest(text, &[MEMORY]).is_some() {
            return Err("is nearly `memory`, but not quite");
        }
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("redis" | "rediss") => {
                return Err("is in Redis, where this version of the gateway cannot keep it");
            }
            Some(_) => return Err("is an address, not a directory"),
            None => {}
        }
        if text.contains(char::is_control) {
            return Err("has characters that the path of a directory should not have");
        }
        if text.trim() != text {
            return Err("begins or ends with a blank");
        }
        if text.starts_with('~') {
            return Err("begins with ~, which only a shell takes for somebody's home");
        }
        if !text.contains('/') {
            return Err("is neither `memory` nor a directory with a slash in its path");
        }
        Ok(Self::Directory(folder.join(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSPELT: &str = "is nearly `memory`, but not quite";

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
        const REDIS: &str = "is in Redis, where this version of the gateway cannot keep it";
        const ADDRESS: &str = "is an address, not a directory";
        const NEITHER: &str = "is neither `memory` nor a directory with a slash in its path";
        const CHARACTERS: &str = "has characters that the path of a directory should not have";
        const BLANK: &str = "begins or ends with a blank";
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
            ("~/state", "begins with ~, which only a shell takes for somebody's home"),
        ] {
            assert_eq!(StateLocation::parse(text, Path::new("")), Err(why), "{text}");
        }
    }
}
