//! The platform's side of a launch, for the command `launch`, the practice platform and the tests.

use crate::oauth1::base_string::{base_string, split_url};
use crate::oauth1::encode::encode_into;
use crate::oauth1::{Credentials, ParamError, Params, Source};

/// The body of a signed launch form: `params`, the OAuth parameters and the signature. The
/// signature covers `url` with its query. Post the body to this URL.
///
/// # Errors
/// A [`ParamError`] if the query of `url` is malformed.
pub fn sign(
    url: &str,
    params: &[(&str, &str)],
    credentials: &Credentials<'_>,
) -> Result<String, ParamError> {
    let mut body = String::new();
    for (name, value) in signed_params(url, params, credentials)? {
        if !body.is_empty() {
            body.push('&');
        }
        encode_into(&name, &mut body);
        body.push('=');
        encode_into(&value, &mut body);
    }
    Ok(body)
}

/// The parameters of a signed form: `params`, the OAuth parameters and the signature. The signature
/// covers `url` with its query.
///
/// # Errors
/// A [`ParamError`] if the query of `url` is malformed.
pub(super) fn signed_params(
    url: &str,
    params: &[(&str, &str)],
    credentials: &Credentials<'_>,
) -> Result<Vec<(String, String)>, ParamError> {
    let (base_uri, query) = split_url(url);
    let mut signed = Params::default().read_form(Source::Query, query.as_bytes())?;
    let timestamp = credentials.timestamp.to_string();
    let oauth = [
        ("oauth_callback", "about:blank"),
        ("oauth_consumer_key", credentials.key),
        ("oauth_nonce", credentials.nonce),
        ("oauth_signature_method", credentials.method.name()),
        ("oauth_timestamp", timestamp.as_str()),
        ("oauth_version", "1.0"),
    ];
    for (name, value) in params.iter().chain(&oauth) {
        signed.push(Source::Body, name, value);
    }
    let base = base_string("POST", &base_uri, signed.iter());
    let signature = credentials.signing_key.sign(credentials.method, &base);
    signed.push(Source::Body, "oauth_signature", &signature);
    let form = signed.iter().filter(|param| param.source == Source::Body);
    Ok(form.map(|param| (param.name.to_owned(), param.value.to_owned())).collect())
}
