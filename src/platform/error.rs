use std::fmt;

/// Why a platform did not do what it was asked to do. It has no `Debug`, because a platform's message may
/// name a person.
pub enum PlatformError {
    /// The gateway does not send grades there. Holds what is wrong with the URL.
    NotAllowed(&'static str),
    /// The platform's grade service refuses.
    Refused {
        /// The status of the response.
        status: u16,
        /// The platform's message. May be empty.
        description: String,
    },
    /// The platform, or a server in front of it, refuses by the status alone.
    TurnedAway {
        /// The status of the response.
        status: u16,
        /// The message. May be empty.
        description: String,
    },
    /// The platform redirects. Holds the status.
    Redirected(u16),
    /// The response is not one of a grade service.
    Unintelligible {
        /// The status of the response.
        status: u16,
        /// What is wrong with the response, in a sentence.
        fault: String,
    },
    /// The platform cannot do it now.
    Unavailable {
        /// The status of the response.
        status: u16,
        /// The platform's message. May be empty.
        description: String,
        /// After how many seconds the platform wants the next request.
        retry_after: Option<u64>,
    },
    /// There was no response. Holds the library's message.
    Unreachable(String),
}

impl PlatformError {
    /// The host has no public address.
    pub(super) const NOT_PUBLIC: Self =
        Self::NotAllowed("its host has no public address, and is not named in `outcome_hosts`");

    /// Whether a retry does not help soon, so that the upstream must know.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::NotAllowed(_)
            | Self::Refused { .. }
            | Self::TurnedAway { .. }
            | Self::Redirected(_) => true,
            Self::Unintelligible { .. } | Self::Unavailable { .. } | Self::Unreachable(_) => false,
        }
    }

    /// Whether a retry never helps. A bare status may change with the next deployment of the server that
    /// sent it, and a URL that is not allowed may become allowed.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

impl fmt::Display for PlatformError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed(why) => write!(f, "the platform's grade URL is not used: {why}"),
            Self::Refused { status, description } | Self::TurnedAway { status, description } => {
                let colon = colon(description);
                write!(f, "the platform refused with status {status}{colon}{description}")
            }
            Self::Redirected(status) => write!(
                f,
                "the platform points to another address with status {status}, which is not followed"
            ),
            Self::Unintelligible { status, fault } => write!(f, "{fault} (status {status})"),
            Self::Unavailable { status, description, .. } => {
                let colon = colon(description);
                write!(f, "the platform failed with status {status}{colon}{description}")
            }
            Self::Unreachable(message) => write!(f, "the platform cannot be reached: {message}"),
        }
    }
}

/// The separator in front of a message, if there is one.
fn colon(message: &str) -> &'static str {
    if message.is_empty() { "" } else { ": " }
}
