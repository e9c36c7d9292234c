use super::consumer::KnownConsumer;
use super::oauth_parameters::OauthParameters;
use super::policy::LaunchPolicy;
use crate::oauth1::Params;
use crate::oauth1::encode::decode;
use crate::rejection::Rejection;

/// The consumer that a launch claims to come from.
pub(super) struct ClaimedConsumer<'p, 't> {
    pub(super) oauth: OauthParameters<'p>,
    /// The consumer of that key.
    pub(super) known: Option<&'t KnownConsumer>,
    /// The decoded key, where only that one is known.
    pub(super) decoded_key: Option<String>,
}

impl<'p, 't> ClaimedConsumer<'p, 't> {
    pub(super) fn read(params: &'p Params, policy: &'t LaunchPolicy) -> Result<Self, Rejection> {
        let oauth = OauthParameters::read(params)?;
        if let Some(known) = policy.consumers.get(oauth.consumer_key) {
            return Ok(Self { oauth, known: Some(known), decoded_key: None });
        }
        let decoded = decode(oauth.consumer_key);
        let known = decoded.as_deref().and_then(|key| policy.consumers.get(key));
        Ok(Self { oauth, known, decoded_key: decoded.filter(|_| known.is_some()) })
    }
}
