//! Placeholders for secrets that are not set, in development.

use lti::Secret;

/// The fixed placeholder for a tool's secret.
pub const PLACEHOLDER_SECRET: &str = "development-secret";
/// The fixed placeholder for `gateway.secret`.
pub const PLACEHOLDER_GATEWAY_SECRET: &str = "development-only-gateway-secret-00";

/// The placeholders of one process. Others can reach development with `dev_host`, so that no
/// placeholder may be public.
#[derive(Clone, Debug)]
pub struct RandomPlaceholders {
    /// For `gateway.secret`.
    pub gateway: Secret,
    /// For the secrets of tools and for header values.
    pub tool: Secret,
}

/// The secret that a placeholder replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlaceholderUse {
    /// `gateway.secret`.
    Gateway,
    /// The secret of a tool, or a header value.
    Tool,
}

impl PlaceholderUse {
    /// The fixed placeholder.
    pub(super) fn fixed(self) -> &'static str {
        match self {
            Self::Gateway => PLACEHOLDER_GATEWAY_SECRET,
            Self::Tool => PLACEHOLDER_SECRET,
        }
    }

    /// The random placeholder.
    pub(super) fn random(self, placeholders: &RandomPlaceholders) -> Secret {
        match self {
            Self::Gateway => placeholders.gateway.clone(),
            Self::Tool => placeholders.tool.clone(),
        }
    }
}
