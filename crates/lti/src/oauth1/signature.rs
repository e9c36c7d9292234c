//! Signatures (RFC 5849 §3.4.2): HMAC over the base string, keyed with the encoded secret.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::encode::encode_into;
use crate::secret::Secret;

/// A signature method. `PLAINTEXT` and `RSA-SHA1` are missing on purpose: the first sends the
/// secret, and LTI does not use the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureMethod {
    /// RFC 5849 §3.4.2. edX, Moodle and Canvas use it.
    HmacSha1,
    /// 1EdTech security framework 1.0, for OAuth 1.0a. Blackboard and Sakai support it.
    HmacSha256,
}

impl SignatureMethod {
    /// Every method.
    pub const ALL: [Self; 2] = [Self::HmacSha1, Self::HmacSha256];

    /// The value of `oauth_signature_method`.
    pub fn name(self) -> &'static str {
        match self {
            Self::HmacSha1 => "HMAC-SHA1",
            Self::HmacSha256 => "HMAC-SHA256",
        }
    }

    /// The method with this name, which is case-sensitive.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// The value of `oauth_body_hash` for a body: its SHA-1, or for HMAC-SHA256 its SHA-256, in
    /// base64 (OAuth Request Body Hash 1.0 §3.2).
    pub fn body_hash(self, body: &[u8]) -> String {
        match self {
            Self::HmacSha1 => STANDARD.encode(Sha1::digest(body)),
            Self::HmacSha256 => STANDARD.encode(Sha256::digest(body)),
        }
    }
}

/// A secret, prepared for signing and verifying. The key schedule of each method is computed once.
#[derive(Clone)]
pub struct SigningKey {
    sha1: Hmac<Sha1>,
    sha256: Hmac<Sha256>,
}

impl SigningKey {
    /// Prepares a consumer's secret. LTI has no token, so the HMAC key is the encoded secret and
    /// `&`.
    pub fn new(secret: &Secret) -> Self {
        Self::with_token(secret, "")
    }

    fn with_token(secret: &Secret, token_secret: &str) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(
            3 * (secret.expose().len() + token_secret.len()) + 1,
        ));
        encode_into(secret.expose(), &mut text);
        text.push('&');
        encode_into(token_secret, &mut text);
        Self::of_bytes(text.as_bytes())
    }

    /// Prepares an HMAC key as it is, without the encoding of LTI.
    pub(crate) fn of_bytes(key: &[u8]) -> Self {
        Self { sha1: keyed(key), sha256: keyed(key) }
    }

    /// The signature of a base string, in base64.
    pub fn sign(&self, method: SignatureMethod, base_string: &str) -> String {
        match method {
            SignatureMethod::HmacSha1 => {
                STANDARD.encode(self.sha1.clone().chain_update(base_string).finalize().into_bytes())
            }
            SignatureMethod::HmacSha256 => STANDARD
                .encode(self.sha256.clone().chain_update(base_string).finalize().into_bytes()),
        }
    }

    /// Whether `signature`, decoded from base64, is the signature of the base string. The
    /// comparison runs in constant time.
    pub fn verify(&self, method: SignatureMethod, base_string: &str, signature: &[u8]) -> bool {
        match method {
            SignatureMethod::HmacSha1 => {
                self.sha1.clone().chain_update(base_string).verify_slice(signature)
            }
            SignatureMethod::HmacSha256 => {
                self.sha256.clone().chain_update(base_string).verify_slice(signature)
            }
        }
        .is_ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(…)")
    }
}

/// The bytes of an `oauth_signature`. Everything except canonical base64 decodes to no bytes, which
/// no key verifies.
pub(crate) fn decode_signature(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap_or_default()
}

fn keyed<M: KeyInit>(key: &[u8]) -> M {
    // HMAC accepts keys of any length, so this error of the trait cannot occur.
    M::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC accepts keys of any length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By its errata, the RFC's printed signature is wrong. This one was computed independently.
    #[test]
    fn the_example_of_rfc_5849_is_signed_as_in_its_errata() {
        let base = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da\
                    %26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key\
                    %3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method\
                    %3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7";
        let key = SigningKey::with_token(&Secret::new("j49sk3j29djd"), "dh893hdasih9");
        assert_eq!(key.sign(SignatureMethod::HmacSha1, base), "r6/TJjbCOr97/+UU0NsvSne7s5g=");
    }

    #[test]
    fn only_the_whole_signature_verifies_and_only_by_its_method() {
        let key = SigningKey::new(&Secret::new("a&b% c"));
        for method in SignatureMethod::ALL {
            let signature = decode_signature(&key.sign(method, "base"));
            assert!(key.verify(method, "base", &signature));
            assert!(!key.verify(method, "bass", &signature));
            assert!(!key.verify(method, "base", &signature[1..]));
            assert!(!key.verify(method, "base", &[]));
            let other = SignatureMethod::ALL
                .into_iter()
                .find(|other| *other != method)
                .expect("two methods");
            assert!(!key.verify(other, "base", &signature));
            for at in 0..signature.len() * 8 {
                let mut flipped = signature.clone();
                flipped[at / 8] ^= 1 << (at % 8);
                assert!(!key.verify(method, "base", &flipped));
            }
        }
    }

    #[test]
    fn only_canonical_base64_is_a_signature() {
        assert_eq!(decode_signature("QUI="), b"AB");
        for bad in ["QUI", "QUJ=", "QUI= ", "Q_I=", "", "=", "!"] {
            assert_eq!(decode_signature(bad), b"", "{bad:?}");
        }
    }

    #[test]
    fn debug_hides_a_signing_key() {
        assert_eq!(format!("{:?}", SigningKey::new(&Secret::new("hunter2"))), "SigningKey(…)");
    }
}
