//! Compact JWS (RFC 7515 §7.1).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SecureRandom;
use thiserror::Error;

use super::json::JsonObject;
use super::rsa::RsaKey;

/// The maximum length of a token, in bytes.
pub(crate) const LONGEST_TOKEN: usize = 64 * 1024;

/// Why a string is not a compact JWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MalformedToken {
    /// It is longer than 64 KiB.
    #[error("it is longer than {} KiB", LONGEST_TOKEN / 1024)]
    TooLong,
    /// It does not have three parts. Contains their number. Five parts are an encrypted token.
    #[error("it has {0} parts, not 3")]
    Parts(usize),
    /// A part is not base64url without padding.
    #[error("its {0} is not base64url without padding")]
    Base64(&'static str),
    /// A part is not a JSON object, or an object has a duplicate key.
    #[error("its {0} is not a JSON object with unique keys")]
    Json(&'static str),
    /// The header has `crit`, which requires an extension.
    #[error("its header requires an extension (crit)")]
    Critical,
}

/// The decoded parts of a token. Nothing is verified.
#[derive(Clone)]
pub(crate) struct JwsParts {
    /// The signed text: the first two parts of the token.
    pub(crate) signed: String,
    header: Vec<u8>,
    payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// The parts of a header that the gateway reads. It never reads `jku`, `jwk`, `x5u` and `x5c`.
pub(crate) struct JwsHeader {
    /// `alg`, if it is a string.
    pub(crate) algorithm: Option<String>,
    /// `kid`, if it is a string.
    pub(crate) key_id: Option<String>,
}

impl JwsParts {
    /// Divides and decodes a token.
    ///
    /// # Errors
    /// Any [`MalformedToken`].
    pub(crate) fn read(token: &str) -> Result<(Self, JwsHeader), MalformedToken> {
        if token.len() > LONGEST_TOKEN {
            return Err(MalformedToken::TooLong);
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err(MalformedToken::Parts(parts.len()));
        };
        let decode = |part: &str, name| {
            BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| MalformedToken::Base64(name))
        };
        let parts = Self {
            signed: format!("{header}.{payload}"),
            header: decode(header, "header")?,
            payload: decode(payload, "payload")?,
            signature: decode(signature, "signature")?,
        };
        let header = JsonObject::read(&parts.header).ok_or(MalformedToken::Json("header"))?;
        if header.has("crit") {
            return Err(MalformedToken::Critical);
        }
        let string = |key: &str| header.get(key).and_then(|value| value.string());
        let header = JwsHeader { algorithm: string("alg"), key_id: string("kid") };
        if JsonObject::read(&parts.payload).is_none() {
            return Err(MalformedToken::Json("payload"));
        }
        Ok((parts, header))
    }

    /// The claims. The constructor has checked that they are an object.
    pub(crate) fn claims(&self) -> JsonObject<'_> {
        JsonObject::read(&self.payload).unwrap_or_default()
    }
}

/// A token with these claims, signed with RS256.
///
/// # Errors
/// If `random` fails.
pub fn sign(
    claims: &serde_json::Value,
    key: &RsaKey,
    random: &dyn SecureRandom,
) -> Result<String, ring::error::Unspecified> {
    let header = serde_json::json!({"alg": "RS256", "kid": key.key_id(), "typ": "JWT"});
    let [header, claims] =
        [&header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let signature = key.sign(signed.as_bytes(), random)?;
    Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_strict_compact_jws_is_a_token() {
        let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let token =
            |header: &str, payload: &str| format!("{}.{}.AAAA", encode(header), encode(payload));
        let header = r#"{"alg":"RS256","kid":"k","jku":"https://evil.example/"}"#;
        let good = token(header, "{}");
        let (parts, read) = JwsParts::read(&good).expect("a token");
        assert_eq!(read.algorithm.as_deref(), Some("RS256"));
        assert_eq!(read.key_id.as_deref(), Some("k"));
        assert_eq!(format!("{}.AAAA", parts.signed), good);

        let check = |token: &str, expected: MalformedToken| {
            assert_eq!(JwsParts::read(token).err(), Some(expected), "{token}");
        };
        check("", MalformedToken::Parts(1));
        check("a.b", MalformedToken::Parts(2));
        check("a.b.c.d.e", MalformedToken::Parts(5));
        check(&format!("{good}."), MalformedToken::Parts(4));
        check(&"x".repeat(LONGEST_TOKEN + 1), MalformedToken::TooLong);
        // Padding, standard base64, whitespace, and bits after the last byte.
        for signature in ["AA==", "AA=", "+AAA", "/AAA", "AAAA ", "\nAAAA", "AB", "A"] {
            let token = format!("{}.{}.{signature}", encode("{}"), encode("{}"));
            check(&token, MalformedToken::Base64("signature"));
        }
        check(
            &format!("{}=.{}.AAAA", encode("{}"), encode("{}")),
            MalformedToken::Base64("header"),
        );
        check(&token("[]", "{}"), MalformedToken::Json("header"));
        check(&token(r#"{"alg":"a","alg":"a"}"#, "{}"), MalformedToken::Json("header"));
        check(&token("{}", "null"), MalformedToken::Json("payload"));
        check(&token("{}", r#"{"iss":"a","iss":"a"}"#), MalformedToken::Json("payload"));
        check(&token(r#"{"crit":["b64"]}"#, "{}"), MalformedToken::Critical);
        check(&token(r#"{"crit":null}"#, "{}"), MalformedToken::Critical);
        check("..", MalformedToken::Json("header"));
    }
}
