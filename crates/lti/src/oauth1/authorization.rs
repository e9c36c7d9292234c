//! The `Authorization` header of a request whose body is no form (RFC 5849 §3.5.1, OAuth Request Body Hash 1.0).

use super::base_string::{base_string, split_url};
use super::encode::encode_into;
use super::{ParamError, Params, SignatureMethod, SigningKey, Source};

/// What a request is signed with.
pub struct Credentials<'a> {
    /// The consumer's key.
    pub key: &'a str,
    /// The consumer's secret.
    pub signing_key: &'a SigningKey,
    /// How to sign.
    pub method: SignatureMethod,
    /// Seconds since the epoch.
    pub timestamp: u64,
    /// Never the same twice with one timestamp.
    pub nonce: &'a str,
}

/// The value of the `Authorization` header for a request with this method, absolute URL and body.
///
/// The URL is signed as it is given, with its query, and the body through its hash, also where it is empty: edX asks for
/// the hash of the empty body with `GET` and `DELETE`.
///
/// # Errors
/// A [`ParamError`] where the query of `url` is malformed.
pub fn authorization(
    http_method: &str,
    url: &str,
    body: &[u8],
    credentials: &Credentials<'_>,
) -> Result<String, ParamError> {
    let (base_uri, query) = split_url(url);
    let mut signed = Params::default().read_form(Source::Query, query.as_bytes())?;
    let body_hash = credentials.method.body_hash(body);
    let timestamp = credentials.timestamp.to_string();
    for (name, value) in [
        ("oauth_body_hash", body_hash.as_str()),
        ("oauth_consumer_key", credentials.key),
        ("oauth_nonce", credentials.nonce),
        ("oauth_signature_method", credentials.method.name()),
        ("oauth_timestamp", timestamp.as_str()),
        ("oauth_version", "1.0"),
    ] {
        signed.push(Source::Header, name, value);
    }
    let base = base_string(http_method, &base_uri, signed.iter());
    let signature = credentials.signing_key.sign(credentials.method, &base);
    signed.push(Source::Header, "oauth_signature", &signature);

    // Some receivers want a realm; it is not signed.
    let mut header = String::from("OAuth realm=\"\"");
    for param in signed.iter().filter(|param| param.source == Source::Header) {
        header.push(',');
        encode_into(param.name, &mut header);
        header.push_str("=\"");
        encode_into(param.value, &mut header);
        header.push('"');
    }
    Ok(header)
}
