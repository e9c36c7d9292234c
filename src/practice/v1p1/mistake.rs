//! The mistakes that the practice platform can make with a launch.

/// A mistake that platforms, and those who set them up, make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Signed with another secret than the tool's.
    Secret,
    /// Signed by a clock that is ten minutes late.
    Clock,
    /// A second form with the nonce and timestamp of the first (Canvas, on a quick second click).
    Nonce,
    /// Signed for the other of http and https (platforms behind a proxy).
    Scheme,
    /// Signed with a slash at the end of the launch URL, sent without, or the other way round.
    Slash,
    /// A role that was changed after signing.
    Role,
    /// The query of the launch URL sent in the form, too, and signed once (Canvas).
    Query,
}

impl Mistake {
    /// Every mistake.
    pub const ALL: [Self; 7] = [
        Self::Secret,
        Self::Clock,
        Self::Nonce,
        Self::Scheme,
        Self::Slash,
        Self::Role,
        Self::Query,
    ];

    /// Its name in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Clock => "clock",
            Self::Nonce => "nonce",
            Self::Scheme => "scheme",
            Self::Slash => "slash",
            Self::Role => "role",
            Self::Query => "query",
        }
    }

    /// The mistake of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mistake| mistake.name() == name)
    }

    /// What people read.
    pub fn title(self) -> &'static str {
        match self {
            Self::Secret => "Wrong secret",
            Self::Clock => "Clock ten minutes late",
            Self::Nonce => "Same nonce again",
            Self::Scheme => "http and https mixed up",
            Self::Slash => "Slash at the end",
            Self::Role => "Role changed after signing",
            Self::Query => "Query doubled, as Canvas does",
        }
    }

    /// The code of the refusal that it leads to, as long as `clock_skew` is shorter than ten minutes; `None` for a mistake that
    /// the gateway understands.
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::Secret | Self::Scheme | Self::Slash | Self::Role => Some("bad-signature"),
            Self::Clock => Some("stale"),
            Self::Nonce => Some("replayed"),
            Self::Query => None,
        }
    }
}
