//! What a token says without a proof, for `explain`. Nothing here leads to a launch.

use super::claim::ClaimNote;
use super::token_findings::TokenFindings;
use crate::admission::Examination;
use crate::jose::json::JsonValue;
use crate::jose::jws::JwsParts;
use crate::jose::{Algorithm, MalformedToken};
use crate::rejection::Rejection;
use crate::role::Roles;

/// The claims of a token by which `explain` finds platform, client and nonce. Only the state of a
/// login decides about them in the gateway.
///
/// It has no `Debug`, because a token contains personal data.
pub struct ClaimedToken {
    /// `iss`.
    pub issuer: Option<String>,
    /// The values of `aud`.
    pub audiences: Vec<String>,
    /// `nonce`.
    pub nonce: Option<String>,
    /// `iat`, in seconds since the epoch.
    pub issued: Option<u64>,
}

impl ClaimedToken {
    /// Reads a token. Verifies nothing.
    ///
    /// # Errors
    /// Any [`MalformedToken`].
    pub fn read(id_token: &str) -> Result<Self, MalformedToken> {
        let (parts, _) = JwsParts::read(id_token)?;
        let claims = parts.claims();
        let string = |claim| claims.get(claim).and_then(JsonValue::string);
        let audience = claims.get("aud");
        let audiences = match audience.and_then(JsonValue::list) {
            Some(list) => list.into_iter().filter_map(JsonValue::string).collect(),
            None => audience.and_then(JsonValue::string).into_iter().collect(),
        };
        Ok(Self {
            issuer: string("iss"),
            audiences,
            nonce: string("nonce"),
            issued: claims.get("iat").and_then(JsonValue::number).map(|issued| issued as u64),
        })
    }
}

/// The examination of a token whose signature was not verified.
///
/// It has no verdict, so it cannot become a [`Launch`](crate::Launch):
///
/// ```compile_fail
/// fn admit(token: lti::v1p3::UnverifiedToken) -> Option<lti::admission::Verdict> {
///     token.verdict().ok()
/// }
/// ```
#[derive(Debug)]
pub struct UnverifiedToken {
    rejection: Option<Rejection>,
    params: Option<usize>,
    timestamp: Option<u64>,
    roles: Option<Roles>,
    algorithm: Algorithm,
    key_id: String,
    notes: Vec<ClaimNote>,
    asks_for_links: bool,
}

impl UnverifiedToken {
    pub(super) fn new(
        examination: &Examination<TokenFindings>,
        rejection: Option<Rejection>,
        asks_for_links: bool,
    ) -> Self {
        Self {
            rejection,
            asks_for_links,
            params: examination.params(),
            timestamp: examination.timestamp(),
            roles: examination.roles(),
            algorithm: examination.algorithm(),
            key_id: examination.key_id().to_owned(),
            notes: examination.notes().to_vec(),
        }
    }

    /// The reason to reject the token, whatever its signature is.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_ref()
    }

    /// Whether the message is a request for links, as far as the checks have come.
    pub fn asks_for_links(&self) -> bool {
        self.asks_for_links
    }

    /// The number of parameters that a launch would have.
    pub fn params(&self) -> Option<usize> {
        self.params
    }

    /// `iat`, in seconds since the epoch.
    pub fn timestamp(&self) -> Option<u64> {
        self.timestamp
    }

    /// The claimed roles.
    pub fn roles(&self) -> Option<Roles> {
        self.roles
    }

    /// The algorithm that the header names.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key that the header names, shortened.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The values of the token that a launch would not contain.
    pub fn notes(&self) -> &[ClaimNote] {
        &self.notes
    }
}
