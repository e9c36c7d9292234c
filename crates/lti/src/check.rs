/// The checks of a launch, in the order of their execution. Each LTI version has some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The form is readable.
    Form,
    /// The form has the OAuth parameters.
    Oauth,
    /// The tool has a consumer with this key (1.1).
    Consumer,
    /// The tool accepts the platform and client of the login (1.3).
    Platform,
    /// The state is ours and has not expired (1.3).
    State,
    /// The browser is that of the login (1.3).
    Browser,
    /// The id_token is a compact JWS (1.3).
    Token,
    /// The platform may use the signature algorithm (1.3).
    Algorithm,
    /// The platform's keyset has the key of the token (1.3).
    Key,
    /// The consumer or platform made the signature.
    Signature,
    /// The platform issued the token (1.3).
    Issuer,
    /// The token is for the client (1.3).
    Audience,
    /// The timestamp is near the gateway's clock.
    Time,
    /// The token answers the login (1.3).
    Login,
    /// The launch has the LTI parameters or claims.
    Parameters,
    /// The user has a role that may launch the tool.
    Roles,
    /// The nonce is new.
    Nonce,
}

impl Check {
    /// The checks of an LTI 1.1 launch.
    pub const V1P1: [Self; 8] = [
        Self::Form,
        Self::Oauth,
        Self::Consumer,
        Self::Signature,
        Self::Time,
        Self::Parameters,
        Self::Roles,
        Self::Nonce,
    ];

    /// The checks of an LTI 1.3 launch.
    pub const V1P3: [Self; 15] = [
        Self::Form,
        Self::Oauth,
        Self::State,
        Self::Browser,
        Self::Token,
        Self::Algorithm,
        Self::Key,
        Self::Signature,
        Self::Issuer,
        Self::Audience,
        Self::Time,
        Self::Login,
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
            Self::Platform => "platform",
            Self::State => "state",
            Self::Browser => "browser",
            Self::Token => "token",
            Self::Algorithm => "algorithm",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Time => "time",
            Self::Login => "login",
            Self::Parameters => "parameters",
            Self::Roles => "roles",
            Self::Nonce => "nonce",
        }
    }
}
