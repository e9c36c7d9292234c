use crate::lti_version::is_signed;
use crate::oauth1::{Param, Params, SignatureMethod, Source};
use crate::rejection::Rejection;
use crate::replay::LONGEST_NONCE;

/// The OAuth parameters of a launch. Each is valid and occurs once.
pub(super) struct OauthParameters<'a> {
    pub(super) consumer_key: &'a str,
    pub(super) method: SignatureMethod,
    pub(super) timestamp: u64,
    pub(super) nonce: &'a str,
    pub(super) signature: &'a str,
}

impl<'a> OauthParameters<'a> {
    pub(super) fn read(params: &'a Params) -> Result<Self, Rejection> {
        let oauth: Vec<Param<'a>> =
            params.iter().filter(|param| param.name.starts_with("oauth_")).collect();
        let Some(first) = oauth.first().filter(|_| is_signed(params)) else {
            return Err(Rejection::Unsigned);
        };
        if first.source == Source::Query || oauth.iter().any(|param| param.source != first.source) {
            return Err(Rejection::MisplacedOauthParameters);
        }
        let mut names: Vec<&str> = oauth.iter().map(|param| param.name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Rejection::RepeatedOauthParameter(Rejection::quote(twice[0])));
        }
        let value =
            |name: &str| oauth.iter().find(|param| param.name == name).map(|param| param.value);
        let required = |name: &'static str| {
            value(name)
                .filter(|value| !value.is_empty())
                .ok_or(Rejection::MissingOauthParameter(name))
        };

        let consumer_key = required("oauth_consumer_key")?;
        let method = required("oauth_signature_method")?;
        let timestamp = required("oauth_timestamp")?;
        let nonce = required("oauth_nonce")?;
        let signature = required("oauth_signature")?;
        let method = SignatureMethod::named(method)
            .ok_or_else(|| Rejection::SignatureMethod(Rejection::quote(method)))?;
        if let Some(version) = value("oauth_version").filter(|version| *version != "1.0") {
            return Err(Rejection::OauthVersion(Rejection::quote(version)));
        }
        if value("oauth_token").is_some_and(|token| !token.is_empty()) {
            return Err(Rejection::TokenNotAllowed);
        }
        let timestamp = seconds(timestamp)
            .ok_or_else(|| Rejection::MalformedTimestamp(Rejection::quote(timestamp)))?;
        if nonce.len() > LONGEST_NONCE {
            return Err(Rejection::NonceTooLong);
        }
        Ok(Self { consumer_key, method, timestamp, nonce, signature })
    }
}

/// Whole seconds since the epoch, of digits only. Thirteen digits are milliseconds, a frequent
/// mistake.
fn seconds(text: &str) -> Option<u64> {
    let digits = text.len() < 13 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
