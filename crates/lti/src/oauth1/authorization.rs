//! The `Authorization` header of a request with a body that is not a form (RFC 5849 §3.5.1, OAuth
//! Request Body Hash 1.0).

use thiserror::Error;

use super::base_string::{base_string, split_url};
use super::encode::encode_into;
use super::params::{ParamError, Params, Source};
use super::signature::{SignatureMethod, SigningKey, decode_signature};

/// The values that sign a request.
pub struct Credentials<'a> {
    /// The consumer's key.
    pub key: &'a str,
    /// The consumer's secret.
    pub signing_key: &'a SigningKey,
    /// The signature method.
    pub method: SignatureMethod,
    /// Seconds since the epoch.
    pub timestamp: u64,
    /// A nonce, unique for its timestamp.
    pub nonce: &'a str,
}

/// The value of the `Authorization` header for a request with this method, absolute URL and body.
///
/// The signature covers the URL as given, with its query, and the hash of the body. Even an empty
/// body has a hash: edX requires it with `GET` and `DELETE`.
///
/// # Errors
/// A [`ParamError`] if the query of `url` is malformed.
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

    // Some receivers require a realm. It is not signed.
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

/// Why an `Authorization` header does not authenticate a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AuthorizationError {
    /// It is not an `OAuth` header (RFC 5849 §3.5.1), or the URL's query is malformed.
    #[error("the Authorization header is not a valid OAuth header")]
    Malformed,
    /// It has no value for this parameter.
    #[error("the Authorization header has no {0}")]
    Missing(&'static str),
    /// The request has this parameter more than once (RFC 5849 §3.2).
    #[error("the request has {0} more than once")]
    Repeated(&'static str),
    /// Its `oauth_version` is not `1.0`.
    #[error("oauth_version is not 1.0")]
    Version,
    /// It has another consumer key.
    #[error("the consumer key is wrong")]
    OtherKey,
    /// Its signature method is not a [`SignatureMethod`].
    #[error("the signature method is not accepted")]
    Method,
    /// Its body hash is not that of the body.
    #[error("oauth_body_hash is not the hash of the body")]
    BodyHash,
    /// Its signature does not match.
    #[error("the signature does not match")]
    Signature,
}

/// Verifies the `Authorization` header of a received request with this method, absolute URL and
/// body. The caller has to check timestamp and nonce.
///
/// # Errors
/// An [`AuthorizationError`] for the first check that fails.
pub fn verify_authorization(
    header: &str,
    http_method: &str,
    url: &str,
    body: &[u8],
    key: &str,
    signing_key: &SigningKey,
) -> Result<(), AuthorizationError> {
    let (scheme, credentials) = header.split_once(' ').ok_or(AuthorizationError::Malformed)?;
    if !scheme.eq_ignore_ascii_case("OAuth") {
        return Err(AuthorizationError::Malformed);
    }
    let (base_uri, query) = split_url(url);
    let params = Params::default()
        .read_form(Source::Query, query.as_bytes())
        .and_then(|params| params.read_authorization(credentials))
        .map_err(|_| AuthorizationError::Malformed)?;
    let value = |name: &'static str| {
        let mut named = params.iter().filter(|param| param.name == name);
        let found = named.next().filter(|param| param.source == Source::Header);
        let found = found.map(|param| param.value).filter(|value| !value.is_empty());
        match named.next() {
            Some(_) => Err(AuthorizationError::Repeated(name)),
            None => found.ok_or(AuthorizationError::Missing(name)),
        }
    };
    value("oauth_timestamp")?;
    value("oauth_nonce")?;
    if !matches!(value("oauth_version"), Ok("1.0") | Err(AuthorizationError::Missing(_))) {
        return Err(AuthorizationError::Version);
    }
    if value("oauth_consumer_key")? != key {
        return Err(AuthorizationError::OtherKey);
    }
    let method = SignatureMethod::named(value("oauth_signature_method")?)
        .ok_or(AuthorizationError::Method)?;
    if value("oauth_body_hash")? != method.body_hash(body) {
        return Err(AuthorizationError::BodyHash);
    }
    let signature = decode_signature(value("oauth_signature")?);
    let base = base_string(http_method, &base_uri, params.iter());
    if signing_key.verify(method, &base, &signature) {
        Ok(())
    } else {
        Err(AuthorizationError::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn header(http_method: &str, url: &str, body: &[u8], method: SignatureMethod) -> String {
        let signing_key = SigningKey::new(&Secret::new("s3cret"));
        let credentials = Credentials {
            key: "a key, \"quoted\"",
            signing_key: &signing_key,
            method,
            timestamp: 1_700_000_000,
            nonce: "n+1",
        };
        authorization(http_method, url, body, &credentials).expect("a well-formed query")
    }

    /// The result of verifying a header for this request.
    fn verifies(
        header: &str,
        http_method: &str,
        url: &str,
        body: &[u8],
    ) -> Result<(), AuthorizationError> {
        let key = SigningKey::new(&Secret::new("s3cret"));
        verify_authorization(header, http_method, url, body, "a key, \"quoted\"", &key)
    }

    #[test]
    fn the_header_has_each_parameter_once_encoded_and_in_quotes() {
        let header =
            header("POST", "https://lms.example/outcome", b"<a/>", SignatureMethod::HmacSha1);
        let (unsigned, signature) =
            header.split_once(",oauth_signature=").expect("a signature, last");
        assert_eq!(
            unsigned,
            "OAuth realm=\"\",oauth_body_hash=\"25qoZjLG8syZaEot0V0rZIKOdiI%3D\",\
             oauth_consumer_key=\"a%20key%2C%20%22quoted%22\",oauth_nonce=\"n%2B1\",\
             oauth_signature_method=\"HMAC-SHA1\",oauth_timestamp=\"1700000000\",\
             oauth_version=\"1.0\""
        );
        assert!(signature.starts_with('"') && signature.ends_with("%3D\""));
    }

    #[test]
    fn method_url_query_and_hash_are_signed_and_nothing_else_verifies() {
        const URL: &str = "https://LMS.example:443/a:b+c@d%3A/o?type_id=3&x=a+b%20c&x=";
        for method in SignatureMethod::ALL {
            let header = header("put", URL, b"{}", method);
            let check = |header: &str, http_method, url: &str, body: &[u8], expected| {
                assert_eq!(
                    verifies(header, http_method, url, body),
                    expected,
                    "{header} {http_method} {url}"
                );
            };
            let differs = Err(AuthorizationError::Signature);
            check(&header, "PUT", URL, b"{}", Ok(()));
            // A fragment is not sent.
            check(&header, "PUT", &format!("{URL}#part"), b"{}", Ok(()));
            for other in [
                URL.replace("%3A", ":"),
                URL.replace("https", "http"),
                URL.replace("=3", "=4"),
                URL.replace("&x=a+b", "&x=a"),
                URL.split('?').next().unwrap_or_default().to_owned(),
            ] {
                check(&header, "PUT", &other, b"{}", differs);
            }
            check(&header, "POST", URL, b"{}", differs);
            check(&header.replace("timestamp=\"1", "timestamp=\"2"), "PUT", URL, b"{}", differs);
            check(&header, "PUT", URL, b"{ }", Err(AuthorizationError::BodyHash));
        }
    }

    #[test]
    fn an_incomplete_header_is_refused_for_the_missing_part() {
        const URL: &str = "https://lms.example/o";
        let header = header("POST", URL, b"x", SignatureMethod::HmacSha1);
        let check = |header: &str, expected| {
            assert_eq!(verifies(header, "POST", URL, b"x"), Err(expected), "{header}")
        };
        check("", AuthorizationError::Malformed);
        check("OAuth", AuthorizationError::Malformed);
        check("Bearer abc", AuthorizationError::Malformed);
        check("OAuth oauth_nonce", AuthorizationError::Malformed);
        for name in [
            "oauth_body_hash",
            "oauth_consumer_key",
            "oauth_nonce",
            "oauth_signature_method",
            "oauth_signature",
            "oauth_timestamp",
        ] {
            let start = format!("{name}=\"");
            check(&header.replace(&start, "x=\""), AuthorizationError::Missing(name));
            check(
                &header.replace(&start, &format!("{name}=\"x\",{start}")),
                AuthorizationError::Repeated(name),
            );
        }
        let in_query = verifies(&header, "POST", &format!("{URL}?oauth_nonce=1"), b"x");
        assert_eq!(in_query, Err(AuthorizationError::Repeated("oauth_nonce")));
        check(&header.replace("version=\"1.0", "version=\"2.0"), AuthorizationError::Version);
        check(&header.replace("a%20key", "key"), AuthorizationError::OtherKey);
        check(&header.replace("HMAC-SHA1", "PLAINTEXT"), AuthorizationError::Method);
        check(&header.replace("HMAC-SHA1", "HMAC-SHA256"), AuthorizationError::BodyHash);
        assert_eq!(verifies(&header.replace("OAuth ", "oauth  "), "POST", URL, b"x"), Ok(()));
    }

    #[test]
    fn a_malformed_query_is_not_signed() {
        let signing_key = SigningKey::new(&Secret::new("s3cret"));
        let credentials = Credentials {
            key: "key-1",
            signing_key: &signing_key,
            method: SignatureMethod::HmacSha1,
            timestamp: 1_700_000_000,
            nonce: "n",
        };
        let signed = authorization("POST", "https://lms.example/o?a=%zz", b"", &credentials);
        assert_eq!(signed, Err(ParamError::BrokenEscape(2)));
    }
}
