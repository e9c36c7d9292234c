//! Secrets with their places.

use lti::Secret;

use crate::config::table::ValueSource;

/// The secrets of one place, and its key if it is a consumer.
pub(super) struct Credential {
    pub(super) place: SecretPlace,
    pub(super) secrets: Vec<(Secret, ValueSource)>,
}

/// The place of a secret.
pub(super) enum SecretPlace {
    /// `gateway.secret`.
    Gateway,
    /// A header for the upstream of this tool.
    Header { tool: String, name: String },
    /// A variable of the app of this tool.
    Environment { tool: String, name: String },
    /// A consumer of this tool. `source` is that of its key.
    Consumer { tool: String, key: String, source: ValueSource },
}

impl SecretPlace {
    /// Places of one group may have the same secret: a key in two tools has its own warning, and
    /// one upstream may receive the same header from several tools.
    pub(super) fn group(&self) -> (u8, &str) {
        match self {
            Self::Gateway => (0, ""),
            Self::Header { .. } | Self::Environment { .. } => (1, ""),
            Self::Consumer { key, .. } => (2, key),
        }
    }

    /// Whether an app receives the secret.
    pub(super) fn is_received_by_app(&self) -> bool {
        matches!(self, Self::Header { .. } | Self::Environment { .. })
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Gateway => "`gateway.secret`".to_owned(),
            Self::Header { tool, name } => format!("the header `{name}` of the tool `{tool}`"),
            Self::Environment { tool, name } => {
                format!("the variable `{name}` of the tool `{tool}`")
            }
            Self::Consumer { tool, key, .. } => format!("the key `{key}` of the tool `{tool}`"),
        }
    }
}
