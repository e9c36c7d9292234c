//! A signed launch form, optionally with a mistake.

use lti::Secret;
use lti::oauth1::base_string::{base_string, split_url};
use lti::oauth1::{Credentials, ParamError, Params, SigningKey, Source};
use lti::v1p1::sign;

use super::mistake::Mistake;

/// A signed form and its base string.
pub struct SignedForm {
    /// The URL of the POST request.
    pub url: String,
    /// The parameters: names and values, in order.
    pub params: Vec<(String, String)>,
    /// The base string of the signature.
    pub base_string: String,
}

/// The delay of the clock in [`Mistake::Clock`], in seconds.
const LATE: u64 = 600;

impl SignedForm {
    /// Signs a launch of `url`.
    ///
    /// # Errors
    /// A [`ParamError`] if the query of `url` is malformed.
    pub fn sign(
        url: &str,
        params: &[(String, String)],
        credentials: Credentials<'_>,
        mistake: Option<Mistake>,
    ) -> Result<Self, ParamError> {
        let mut posted = url.to_owned();
        let mut signed = url.to_owned();
        let mut params: Vec<(&str, &str)> =
            params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        match mistake {
            Some(Mistake::Scheme) => {
                signed = match url.strip_prefix("http://") {
                    Some(rest) => format!("https://{rest}"),
                    None => url.replacen("https://", "http://", 1),
                };
            }
            Some(Mistake::Slash) => {
                signed = url.strip_suffix('/').map_or_else(|| format!("{url}/"), str::to_owned);
            }
            Some(Mistake::Query) => {
                posted.push_str("?unit=1");
                params.push(("unit", "1"));
            }
            _ => {}
        }
        let wrong_key = SigningKey::new(&Secret::new("not-the-secret"));
        let mut credentials = credentials;
        match mistake {
            Some(Mistake::Secret) => credentials.signing_key = &wrong_key,
            Some(Mistake::Clock) => {
                credentials.timestamp = credentials.timestamp.saturating_sub(LATE);
            }
            _ => {}
        }
        let body = sign(&signed, &params, &credentials)?;
        let read = Params::default().read_form(Source::Body, body.as_bytes())?;
        let (base_uri, _) = split_url(&signed);
        let base_string = base_string("POST", &base_uri, read.iter());
        let mut params: Vec<(String, String)> =
            read.iter().map(|param| (param.name.to_owned(), param.value.to_owned())).collect();
        if mistake == Some(Mistake::Role) {
            for (_, value) in params.iter_mut().filter(|(name, _)| name == "roles") {
                let role = if value == "Instructor" { "Administrator" } else { "Instructor" };
                role.clone_into(value);
            }
        }
        Ok(Self { url: posted, params, base_string })
    }
}
