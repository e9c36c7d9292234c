//! Tokens of the tool's side: assertions of a client, and responses of deep linking.

use serde_json::Value;
use thiserror::Error;

use super::algorithm::Algorithm;
use super::jwk::Keyset;
use super::jws::{JwsParts, MalformedToken};

/// Why a token is not one of these keys.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotOfKeyset {
    /// It is not a compact JWS.
    #[error("the token is malformed: {0}")]
    Malformed(#[from] MalformedToken),
    /// Its algorithm is not RS256.
    #[error("the algorithm of the token is not RS256")]
    Algorithm,
    /// It names no key of the keyset.
    #[error("the token names no key of the keyset")]
    KeyId,
    /// The key did not make its signature.
    #[error("the signature of the token is wrong")]
    Signature,
}

/// The claims of a token that a key of this keyset signed by RS256, the only algorithm that every
/// platform accepts from tools.
///
/// # Errors
/// An [`NotOfKeyset`].
pub fn verified_claims(token: &str, keyset: &Keyset) -> Result<Value, NotOfKeyset> {
    let (parts, header) = JwsParts::read(token)?;
    if header.algorithm.as_deref() != Some(Algorithm::Rs256.name()) {
        return Err(NotOfKeyset::Algorithm);
    }
    let key_id = header.key_id.filter(|key_id| keyset.has(key_id)).ok_or(NotOfKeyset::KeyId)?;
    if !keyset.verify(&key_id, Algorithm::Rs256, parts.signed.as_bytes(), &parts.signature) {
        return Err(NotOfKeyset::Signature);
    }
    let claims = parts.claims();
    let claims = claims.iter().map(|(name, value)| {
        (name.to_owned(), serde_json::from_str(value.text()).unwrap_or_default())
    });
    Ok(Value::Object(claims.collect()))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use ring::rand::SystemRandom;
    use serde_json::json;

    use super::*;
    use crate::jose::jws::sign;
    use crate::jose::rsa::{RsaKey, keyset_document};
    use crate::secret::Secret;

    #[test]
    fn only_tokens_of_the_keyset_have_claims() {
        let key = |pem: &str| RsaKey::from_pem(&Secret::new(pem)).expect("a key");
        let own = key(include_str!("../../tests/keys/rsa_2048.pem"));
        let other = RsaKey::derive(&Secret::new("another"), &"x".into());
        let keyset =
            |key: &RsaKey| Keyset::read(keyset_document([key]).as_bytes()).expect("a keyset");
        let claims = json!({"iss": "a", "exp": 1.5, "scope": ["b"]});
        let token = sign(&claims, &own, &SystemRandom::new()).expect("a token");
        assert_eq!(verified_claims(&token, &keyset(&own)), Ok(claims));
        assert_eq!(verified_claims(&token, &keyset(&other)), Err(NotOfKeyset::KeyId));
        let with_part = |at: usize, part: String| {
            let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
            parts[at] = BASE64_URL_SAFE_NO_PAD.encode(part);
            verified_claims(&parts.join("."), &keyset(&own))
        };
        let header = |algorithm: &str| json!({"alg": algorithm, "kid": own.key_id()}).to_string();
        assert_eq!(with_part(1, json!({"iss": "b"}).to_string()), Err(NotOfKeyset::Signature));
        for algorithm in ["HS256", "none", "RS384", ""] {
            assert_eq!(with_part(0, header(algorithm)), Err(NotOfKeyset::Algorithm));
        }
        let malformed = verified_claims("a.b", &keyset(&own));
        assert_eq!(malformed, Err(MalformedToken::Parts(2).into()));
    }
}
