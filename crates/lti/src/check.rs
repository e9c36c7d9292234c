/// The checks of a launch, in the order of their execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The form is readable.
    Form,
    /// The form has the OAuth parameters.
    Oauth,
    /// The tool has a consumer with this key.
    Consumer,
    /// The consumer made the signature.
    Signature,
    /// The timestamp is near the gateway's clock.
    Time,
    /// The form has the LTI parameters of a launch.
    Parameters,
    /// The user has a role that may launch the tool.
    Roles,
    /// The nonce is new.
    Nonce,
}

impl Check {
    /// Every check.
    pub const ALL: [Self; 8] = [
        Self::Form,
        Self::Oauth,
        Self::Consumer,
        Self::Signature,
        Self::Time,
        Self::Parameters,
        Self::Roles,
        Self::Nonce,
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Oauth => "oauth",
            Self::Consumer => "consumer",
            Self::Signature => "signature",
            Self::Time => "time",
            Self::Parameters => "parameters",
            Self::Roles => "roles",
            Self::Nonce => "nonce",
        }
    }
}
