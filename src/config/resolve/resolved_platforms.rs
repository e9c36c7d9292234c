//! The platforms of a file, and their uses by tools.

use std::sync::Arc;

use lti::ConsumerKey;

use crate::config::platform::Platform;
use crate::config::table::ValueSource;

/// The platforms of a file.
#[derive(Default)]
pub(super) struct ResolvedPlatforms {
    /// The valid ones, in the order of the file.
    pub(super) valid: Vec<ResolvedPlatform>,
    /// The names of all tables, even of invalid ones.
    pub(super) names: Vec<String>,
    /// The hosts that the tables name.
    pub(super) hosts: Vec<String>,
}

/// One valid platform.
pub(super) struct ResolvedPlatform {
    pub(super) platform: Arc<Platform>,
    /// The source of its name.
    pub(super) source: ValueSource,
    /// Whether the file has neither `client_id` nor `clients`, not even an invalid one.
    pub(super) lacks_client: bool,
}

/// The use of a platform by a tool.
pub(super) struct PlatformUse {
    pub(super) platform: String,
    pub(super) consumer_keys: Vec<ConsumerKey>,
}

impl ResolvedPlatforms {
    /// The valid platforms.
    pub(super) fn into_platforms(self) -> Vec<Arc<Platform>> {
        self.valid.into_iter().map(|one| one.platform).collect()
    }

    /// The valid platform with this name.
    pub(super) fn get(&self, name: &str) -> Option<&Arc<Platform>> {
        self.valid.iter().map(|one| &one.platform).find(|platform| platform.name.as_str() == name)
    }
}
