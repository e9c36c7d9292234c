//! The mistakes of practice launches.

/// A common mistake of platforms and their admins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// The secret is not the tool's.
    Secret,
    /// The clock is ten minutes late.
    Clock,
    /// The nonce and timestamp are those of an earlier form (Canvas, on a quick second click).
    Nonce,
    /// The signature is for `http` instead of `https`, or the other way round (platforms behind a
    /// proxy).
    Scheme,
    /// The signature is for the launch URL with a trailing slash, or without its own.
    Slash,
    /// A role changed after signing.
    Role,
    /// The query of the launch URL is also in the form, but signed once (Canvas).
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

    /// Its name in URLs.
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

    /// Its name on the page.
    pub fn title(self) -> &'static str {
        match self {
            Self::Secret => "Wrong secret",
            Self::Clock => "Clock ten minutes late",
            Self::Nonce => "Same nonce again",
            Self::Scheme => "http and https mixed up",
            Self::Slash => "Trailing slash",
            Self::Role => "Role changed after signing",
            Self::Query => "Query doubled, as Canvas does",
        }
    }

    /// The code of the rejection, if `clock_skew` is shorter than ten minutes. `None` for a mistake
    /// that the gateway accepts.
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::Secret | Self::Scheme | Self::Slash | Self::Role => Some("bad-signature"),
            Self::Clock => Some("stale"),
            Self::Nonce => Some("replayed"),
            Self::Query => None,
        }
    }
}
