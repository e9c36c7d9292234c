//! The mistakes of practice launches by LTI 1.3.

/// A common mistake of platforms, of their admins, and of attackers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenMistake {
    /// The token names a key that the keyset does not have (edX: the keyset of another passport).
    KeyId,
    /// A claim changed after signing.
    Claim,
    /// The keyset cannot be fetched.
    KeysDown,
    /// The token expired ten minutes ago.
    Expired,
    /// The token is valid in ten minutes (the platform's clock is fast).
    Early,
    /// The token is for another client.
    Audience,
    /// The token is for this client, and `azp` names another one (Blackboard).
    AuthorizedParty,
    /// The token answers another login.
    Nonce,
    /// The header names HS256, whose key would be a shared secret.
    Algorithm,
    /// The token has no user (the platform's privacy settings).
    User,
    /// The deployment is not among those of the client.
    Deployment,
    /// The target link is at another host.
    Target,
    /// The issuer has a trailing slash.
    Issuer,
    /// The form has no state: the platform skipped the login.
    State,
    /// The platform answers the login with an error.
    Login,
    /// The platform has a new key since a moment ago. The gateway fetches the keyset again, at most
    /// once a minute.
    Rotated,
    /// The platform grants the tool no access token: its admin turned the services off.
    Scope,
}

impl TokenMistake {
    /// Every mistake.
    pub const ALL: [Self; 17] = [
        Self::KeyId,
        Self::Claim,
        Self::KeysDown,
        Self::Expired,
        Self::Early,
        Self::Audience,
        Self::AuthorizedParty,
        Self::Nonce,
        Self::Algorithm,
        Self::User,
        Self::Deployment,
        Self::Target,
        Self::Issuer,
        Self::State,
        Self::Login,
        Self::Rotated,
        Self::Scope,
    ];

    /// Its name in URLs.
    pub fn name(self) -> &'static str {
        match self {
            Self::KeyId => "key-id",
            Self::Claim => "claim",
            Self::KeysDown => "keys-down",
            Self::Expired => "expired",
            Self::Early => "early",
            Self::Audience => "audience",
            Self::AuthorizedParty => "azp",
            Self::Nonce => "nonce",
            Self::Algorithm => "algorithm",
            Self::User => "user",
            Self::Deployment => "deployment",
            Self::Target => "target",
            Self::Issuer => "issuer",
            Self::State => "state",
            Self::Login => "login",
            Self::Rotated => "rotated",
            Self::Scope => "scope",
        }
    }

    /// The mistake of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mistake| mistake.name() == name)
    }

    /// Its name on the page.
    pub fn title(self) -> &'static str {
        match self {
            Self::KeyId => "Unknown key",
            Self::Claim => "Claim changed after signing",
            Self::KeysDown => "Keyset unreachable",
            Self::Expired => "Expired ten minutes ago",
            Self::Early => "Clock ten minutes fast",
            Self::Audience => "Token for another client",
            Self::AuthorizedParty => "Other azp, as Blackboard sends",
            Self::Nonce => "Answer to another login",
            Self::Algorithm => "Algorithm HS256",
            Self::User => "No user",
            Self::Deployment => "Unknown deployment",
            Self::Target => "Target link elsewhere",
            Self::Issuer => "Issuer with a slash",
            Self::State => "No state",
            Self::Login => "Nobody signed in at the platform",
            Self::Rotated => "Keys rotated a moment ago",
            Self::Scope => "Access tokens denied: no grade arrives",
        }
    }

    /// The code of the rejection if the gateway fetched the keyset within the last minute: it does
    /// not fetch it again so soon. `None` if that does not matter.
    pub fn code_within_a_minute(self) -> Option<&'static str> {
        (self == Self::Rotated).then_some("unknown-key-id")
    }

    /// The code of the rejection, if `clock_skew` is shorter than ten minutes. `None` for a mistake
    /// that the gateway accepts.
    pub fn code(self) -> Option<&'static str> {
        Some(match self {
            Self::KeyId => "unknown-key-id",
            Self::Claim => "bad-token-signature",
            Self::KeysDown => "platform-keys-unreachable",
            Self::Expired => "token-expired",
            Self::Early => "token-too-early",
            Self::Audience => "wrong-audience",
            Self::AuthorizedParty | Self::Rotated | Self::Scope => return None,
            Self::Nonce => "wrong-nonce",
            Self::Algorithm => "algorithm",
            Self::User => "missing-claim",
            Self::Deployment => "unknown-deployment",
            Self::Target => "target-elsewhere",
            Self::Issuer => "wrong-issuer",
            Self::State => "no-state",
            Self::Login => "platform-error",
        })
    }
}
