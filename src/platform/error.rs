use std::fmt;

use crate::config::PlatformType;

/// Why an operation on a platform failed. It has no `Debug`, because a platform's message may
/// contain personal data.
#[derive(Clone)]
pub enum PlatformError {
    /// The gateway does not send grades to the URL. Holds the reason, without a subject.
    NotAllowed(&'static str),
    /// The platform's grade service refused, in a message that LTI defines.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The platform's message. May be empty.
        description: String,
    },
    /// The platform, or a proxy in front of it, refused with a status only.
    RefusedByStatus {
        /// The HTTP status.
        status: u16,
        /// The message. May be empty.
        description: String,
    },
    /// The platform grants no access token with the scopes that the operation needs.
    ScopeRefused {
        /// The HTTP status.
        status: u16,
        /// The platform's message. May be empty.
        description: String,
        /// The OAuth code in it.
        code: Option<String>,
        /// The type of the platform, which has a setting for this.
        kind: Option<PlatformType>,
    },
    /// The platform grants the gateway no access token. Platforms cache the gateway's keys, and
    /// admins correct URLs, so it may grant one later.
    ClientRefused {
        /// The HTTP status.
        status: u16,
        /// The platform's message. May be empty.
        description: String,
        /// The OAuth code in it.
        code: Option<String>,
        /// The name of the platform in the configuration.
        platform: String,
        /// The URL of the gateway's keyset for the platform.
        keyset_url: String,
    },
    /// The platform has a newer score of the learner.
    Conflict {
        /// The HTTP status.
        status: u16,
        /// The platform's message. May be empty.
        description: String,
    },
    /// The launch does not grant the scope to read results.
    NoResults,
    /// The platform, client or deployment that launched is no longer in `tools.toml`.
    Removed,
    /// The platform responded with a redirect.
    Redirected {
        /// The HTTP status.
        status: u16,
        /// The origin of the target, if the redirect has a valid one.
        target: Option<String>,
    },
    /// The response is not a response of a grade service.
    InvalidResponse {
        /// The HTTP status.
        status: u16,
        /// The fault of the response, as a sentence.
        fault: String,
    },
    /// The platform cannot perform the operation now.
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// The platform's message. May be empty.
        description: String,
        /// The `Retry-After` of the response, in seconds.
        retry_after: Option<u64>,
    },
    /// There was no response. Holds the message of the HTTP library.
    Unreachable(String),
}

impl PlatformError {
    /// The host has no public network address (SSRF).
    pub(super) const NOT_PUBLIC: Self = Self::NotAllowed(
        "its host has no public network address, and `outcome_hosts` does not name it",
    );

    /// The URL is invalid.
    pub(super) const NOT_A_URL: Self = Self::NotAllowed("it is not a valid URL");

    /// Why the gateway does not send grades to the URL. Empty for another error.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::NotAllowed(why) => why,
            _ => "",
        }
    }

    /// Whether the gateway reports the error to the upstream instead of queueing the grade.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::NotAllowed(_)
            | Self::Refused { .. }
            | Self::RefusedByStatus { .. }
            | Self::ScopeRefused { .. }
            | Self::Conflict { .. }
            | Self::NoResults
            | Self::Removed
            | Self::Redirected { .. } => true,
            Self::ClientRefused { .. }
            | Self::InvalidResponse { .. }
            | Self::Unavailable { .. }
            | Self::Unreachable(_) => false,
        }
    }

    /// Whether a retry is useless. A bare status may come from a proxy and change, and `tools.toml`
    /// may allow a URL later.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::ScopeRefused { .. }
                | Self::Conflict { .. }
                | Self::Removed
        )
    }

    /// The status and the message of the platform's response, if there was one.
    pub fn response(&self) -> Option<(u16, &str)> {
        match self {
            Self::Refused { status, description }
            | Self::RefusedByStatus { status, description }
            | Self::ScopeRefused { status, description, .. }
            | Self::ClientRefused { status, description, .. }
            | Self::Conflict { status, description }
            | Self::Unavailable { status, description, .. } => Some((*status, description)),
            Self::Redirected { status, .. } | Self::InvalidResponse { status, .. } => {
                Some((*status, ""))
            }
            Self::NotAllowed(_) | Self::NoResults | Self::Removed | Self::Unreachable(_) => None,
        }
    }
}

impl fmt::Display for PlatformError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed(why) => {
                write!(f, "the gateway does not use the platform's grade URL: {why}")
            }
            Self::Refused { status, description }
            | Self::RefusedByStatus { status, description } => {
                let colon = colon(description);
                write!(f, "the platform refused with status {status}{colon}{description}")
            }
            Self::ScopeRefused { status, description, kind, .. } => {
                let (colon, setting) = (colon(description), scope_setting(*kind));
                write!(
                    f,
                    "the platform does not grant the gateway the scope of this service, with \
                     status {status}{colon}{description}; allow it in the platform: {setting}"
                )
            }
            Self::ClientRefused { status, description, platform, keyset_url, .. } => {
                let colon = colon(description);
                write!(
                    f,
                    "the platform grants the gateway no access token, with status \
                     {status}{colon}{description}; it must have the keyset {keyset_url}, and \
                     `lti-gateway platforms {platform} --ask` asks it again"
                )
            }
            Self::Conflict { status, description } => {
                let colon = colon(description);
                write!(
                    f,
                    "the platform has a newer score, with status {status}{colon}{description}"
                )
            }
            Self::Removed => f.write_str("its platform is no longer in tools.toml"),
            Self::NoResults => f.write_str("the platform does not let the tool read results"),
            Self::Redirected { status, target } => {
                write!(f, "the platform redirected with status {status}")?;
                if let Some(target) = target {
                    write!(f, " to {target}")?;
                }
                f.write_str(", and the gateway follows no redirect")
            }
            Self::InvalidResponse { status, fault } => write!(f, "{fault} (status {status})"),
            Self::Unavailable { status, description, .. } => {
                let colon = colon(description);
                write!(f, "the platform failed with status {status}{colon}{description}")
            }
            Self::Unreachable(message) => write!(f, "the platform cannot be reached: {message}"),
        }
    }
}

/// Where a platform of this type grants scopes.
fn scope_setting(kind: Option<PlatformType>) -> &'static str {
    match kind {
        Some(PlatformType::Edx) => {
            "the block's LTI Assignment and Grades Service, programmatic or declarative"
        }
        Some(PlatformType::Moodle) => {
            "the tool's services, IMS LTI Assignment and Grade Services and IMS LTI Names and Role \
             Provisioning"
        }
        Some(PlatformType::Canvas) => "the scopes of the developer key",
        _ => "the services or scopes of the tool's registration",
    }
}

/// The separator before a message. Empty for an empty message.
fn colon(message: &str) -> &'static str {
    if message.is_empty() { "" } else { ": " }
}
