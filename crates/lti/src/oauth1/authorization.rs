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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

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

    /// Reads a header as a receiver does, and says whether its signature is right for this request.
    fn verifies(header: &str, http_method: &str, url: &str, method: SignatureMethod) -> bool {
        let (base_uri, query) = split_url(url);
        let params = Params::default()
            .read_form(Source::Query, query.as_bytes())
            .and_then(|params| params.read_authorization(header.strip_prefix("OAuth ").expect("the scheme")))
            .expect("well formed");
        let signature = params.iter().find(|param| param.name == "oauth_signature").expect("signed").value;
        let base = base_string(http_method, &base_uri, params.iter());
        let key = SigningKey::new(&Secret::new("s3cret"));
        key.verify(method, &base, &super::super::decode_signature(signature))
    }

    #[test]
    fn the_header_has_each_parameter_once_encoded_and_in_quotes() {
        let header = header("POST", "https://lms.example/outcome", b"<a/>", SignatureMethod::HmacSha1);
        let (unsigned, signature) = header.split_once(",oauth_signature=").expect("a signature, last");
        assert_eq!(
            unsigned,
            "OAuth realm=\"\",oauth_body_hash=\"25qoZjLG8syZaEot0V0rZIKOdiI%3D\",\
             oauth_consumer_key=\"a%20key%2C%20%22quoted%22\",oauth_nonce=\"n%2B1\",\
             oauth_signature_method=\"HMAC-SHA1\",oauth_timestamp=\"1700000000\",oauth_version=\"1.0\""
        );
        assert!(signature.starts_with('"') && signature.ends_with("%3D\""));
    }

    #[test]
    fn method_url_query_and_hash_are_signed_and_nothing_else_verifies() {
        const URL: &str = "https://LMS.example:443/a:b+c@d%3A/o?type_id=3&x=a+b%20c&x=";
        for method in SignatureMethod::ALL {
            let header = header("put", URL, b"{}", method);
            assert!(verifies(&header, "PUT", URL, method));
            assert!(verifies(&header, "PUT", &format!("{URL}#part"), method), "a fragment is not sent");
            for other in [
                URL.replace("%3A", ":"),
                URL.replace("https", "http"),
                URL.replace("=3", "=4"),
                URL.replace("&x=a+b", "&x=a"),
                URL.split('?').next().unwrap_or_default().to_owned(),
            ] {
                assert!(!verifies(&header, "PUT", &other, method), "{other}");
            }
            assert!(!verifies(&header, "POST", URL, method));
            assert!(!verifies(
                &header.replace("oauth_body_hash=\"", "oauth_body_hash=\"A"),
                "PUT",
                URL,
                method
            ));
        }
    }

    #[test]
    fn a_query_that_cannot_be_read_one_way_only_is_not_signed() {
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
