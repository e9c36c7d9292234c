//! The keys of a platform (RFC 7517), which verify its tokens.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, EcdsaVerificationAlgorithm,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
};
use thiserror::Error;

use super::algorithm::Algorithm;
use super::json::JsonObject;

/// The keys of a platform, as its keyset contains them.
#[derive(Clone, Debug, Default)]
pub struct Keyset {
    /// The number of keys, with those that are unusable.
    size: usize,
    keys: Vec<Jwk>,
}

/// Why a document is not a keyset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeysetError {
    /// It is longer than [`Keyset::LONGEST`].
    #[error("the keyset is longer than {} KiB", Keyset::LONGEST / 1024)]
    TooLong,
    /// It is not a JSON object with unique keys and a list `keys`.
    #[error("the keyset is not a JSON object with unique keys and a list \"keys\"")]
    NotKeyset,
    /// It has more than [`Keyset::MOST_KEYS`] keys.
    #[error("the keyset has more than {} keys", Keyset::MOST_KEYS)]
    TooManyKeys,
}

/// A public key that may sign tokens.
#[derive(Clone, Debug)]
struct Jwk {
    key_id: String,
    /// `alg`. A key with an algorithm is valid only for it.
    algorithm: Option<String>,
    material: KeyMaterial,
}

#[derive(Clone, Debug)]
enum KeyMaterial {
    /// Modulus and exponent, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// The uncompressed point of a key on P-256.
    P256(Vec<u8>),
    /// The uncompressed point of a key on P-384.
    P384(Vec<u8>),
    /// The key exists, but it may not verify a signature: it is too short, is for encryption, or
    /// has an unknown type.
    Unusable,
}

impl Keyset {
    /// The maximum length of a keyset. Brightspace's exceeds 64 KiB.
    pub const LONGEST: usize = 256 * 1024;
    /// The maximum number of keys.
    pub const MOST_KEYS: usize = 200;

    /// Reads a keyset. Keys without `kid` are omitted, because no token can name them.
    ///
    /// # Errors
    /// Any [`KeysetError`].
    pub fn read(document: &[u8]) -> Result<Self, KeysetError> {
        if document.len() > Self::LONGEST {
            return Err(KeysetError::TooLong);
        }
        let object = JsonObject::read(document).ok_or(KeysetError::NotKeyset)?;
        let keys = object.get("keys").and_then(|keys| keys.list()).ok_or(KeysetError::NotKeyset)?;
        if keys.len() > Self::MOST_KEYS {
            return Err(KeysetError::TooManyKeys);
        }
        let size = keys.len();
        let keys = keys.into_iter().filter_map(|key| Jwk::read(&key.object()?)).collect();
        Ok(Self { size, keys })
    }

    /// The number of keys in the document.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether a key has this `kid`. If not, the platform may have a newer keyset.
    pub fn has(&self, key_id: &str) -> bool {
        self.keys.iter().any(|key| key.key_id == key_id)
    }

    /// Whether a key with this `kid` made the signature.
    pub(crate) fn verify(
        &self,
        key_id: &str,
        algorithm: Algorithm,
        signed: &[u8],
        signature: &[u8],
    ) -> bool {
        self.keys
            .iter()
            .filter(|key| key.key_id == key_id)
            .any(|key| key.verify(algorithm, signed, signature))
    }
}

impl Jwk {
    fn read(key: &JsonObject<'_>) -> Option<Self> {
        let string = |name: &str| key.get(name).and_then(|value| value.string());
        let signs = match key.get("use") {
            Some(purpose) => purpose.string().as_deref() == Some("sig"),
            None => true,
        };
        // A value of another type equals no algorithm.
        let algorithm = key.get("alg").map(|value| value.string().unwrap_or_default());
        let material = if signs { KeyMaterial::read(key) } else { None };
        let material = material.unwrap_or(KeyMaterial::Unusable);
        Some(Self { key_id: string("kid")?, algorithm, material })
    }

    fn verify(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        if self.algorithm.as_deref().is_some_and(|own| own != algorithm.name()) {
            return false;
        }
        let rsa = |parameters: &'static RsaParameters| match &self.material {
            KeyMaterial::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(parameters, signed, signature).is_ok()
            }
            _ => false,
        };
        let ecdsa = |parameters: &'static EcdsaVerificationAlgorithm, point: &[u8]| {
            UnparsedPublicKey::new(parameters, point).verify(signed, signature).is_ok()
        };
        match (algorithm, &self.material) {
            (Algorithm::Rs256, _) => rsa(&RSA_PKCS1_2048_8192_SHA256),
            (Algorithm::Rs384, _) => rsa(&RSA_PKCS1_2048_8192_SHA384),
            (Algorithm::Rs512, _) => rsa(&RSA_PKCS1_2048_8192_SHA512),
            (Algorithm::Es256, KeyMaterial::P256(point)) => ecdsa(&ECDSA_P256_SHA256_FIXED, point),
            (Algorithm::Es384, KeyMaterial::P384(point)) => ecdsa(&ECDSA_P384_SHA384_FIXED, point),
            (Algorithm::Es256 | Algorithm::Es384, _) => false,
        }
    }
}

impl KeyMaterial {
    fn read(key: &JsonObject<'_>) -> Option<Self> {
        let string = |name: &str| key.get(name).and_then(|value| value.string());
        let bytes = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(string(name)?).ok();
        match string("kty")?.as_str() {
            "RSA" => {
                let without_zeros = |bytes: Vec<u8>| -> Vec<u8> {
                    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
                };
                // ring rejects a modulus of less than 2048 or more than 8192 bits.
                let (n, e) = (without_zeros(bytes("n")?), without_zeros(bytes("e")?));
                Some(Self::Rsa { n, e })
            }
            "EC" => {
                let point = |size: usize| {
                    let (x, y) = (bytes("x")?, bytes("y")?);
                    let is_whole = x.len() == size && y.len() == size;
                    is_whole.then(|| [&[4], x.as_slice(), y.as_slice()].concat())
                };
                match string("crv")?.as_str() {
                    "P-256" => point(32).map(Self::P256),
                    "P-384" => point(48).map(Self::P384),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
