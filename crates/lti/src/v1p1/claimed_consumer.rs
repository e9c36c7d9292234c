use super::consumer::KnownConsumer;
use super::oauth_parameters::OauthParameters;
use super::policy::LaunchPolicy;
use crate::oauth1::Params;
use crate::oauth1::encode::decode;
use crate::rejection::Rejection;

/// The consumer that a launch names.
pub(super) struct ClaimedConsumer<'p, 't> {
    pub(super) oauth: OauthParameters<'p>,
    /// The consumer with the key as sent or as decoded, if the tool has one.
    pub(super) known: Option<&'t KnownConsumer>,
    /// The percent-decoded key, if the tool knows it but not the key as sent.
    pub(super) decoded_key: Option<String>,
}

impl<'p, 't> ClaimedConsumer<'p, 't> {
    pub(super) fn read(params: &'p Params, policy: &'t LaunchPolicy) -> Result<Self, Rejection> {
        let oauth = OauthParameters::read(params)?;
        let key = oauth.consumer_key;
        // The sent key alone decides what is decoded and looked up: no timing side channel.
        let decoded = if key.contains('%') { decode(key) } else { None };
        let known_decoded = decoded.as_deref().and_then(|key| policy.consumers.get(key));
        if let Some(known) = policy.consumers.get(key) {
            return Ok(Self { oauth, known: Some(known), decoded_key: None });
        }
        let decoded_key = decoded.filter(|_| known_decoded.is_some());
        Ok(Self { oauth, known: known_decoded, decoded_key })
    }
}
