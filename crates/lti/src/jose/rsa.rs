//! The private RSA keys of the gateway: one for each platform, derived or from a PEM.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use crypto_bigint::{BoxedUint, NonZero, Odd, Resize as _};
use hkdf::Hkdf;
use ring::rand::SecureRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

use super::pem;
use super::prime::{EXPONENT, PRIME_BITS, first_prime, remainder};
use crate::secret::Secret;
use crate::sender::PlatformName;

/// A private RSA key that signs with RS256. `Debug` shows only its `kid`.
pub struct RsaKey {
    pair: RsaKeyPair,
    key_id: String,
}

/// Why a string is not a usable private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PrivateKeyError {
    /// It is not a PEM with an unencrypted private key.
    #[error("it is not a PEM with an unencrypted private key")]
    NotPem,
    /// It is not an RSA key of 2048 to 4096 bits.
    #[error("it is not an RSA key of 2048 to 4096 bits")]
    NotRsa,
}

impl RsaKey {
    /// The command that creates a private key.
    pub const COMMAND: &str = "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048";

    /// The key of the platform with this name, derived from the gateway's secret.
    ///
    /// The search for its primes takes about a tenth of a second, and longer on a slow machine: do
    /// not call it on a thread that serves requests.
    pub fn derive(secret: &Secret, platform: &PlatformName) -> Self {
        let seed = platform_seed(secret, platform);
        let [(one, _), (other, _)] = [b'p', b'q'].map(|label| first_prime(&seed, label));
        let (p, q) = if *one > *other { (one, other) } else { (other, one) };
        Self::from_primes(&p, &q).expect("the key of two primes of 1024 bits")
    }

    /// The key of two primes of 1024 bits, the larger first. `None` if they are not suitable.
    fn from_primes(p: &BoxedUint, q: &BoxedUint) -> Option<Self> {
        const MODULUS_BITS: u32 = 2 * PRIME_BITS;
        let one = BoxedUint::one();
        let wide = |number: &BoxedUint| number.clone().resize(MODULUS_BITS);
        let minus_one = |prime: &BoxedUint| Zeroizing::new(prime.wrapping_sub(&one));
        let (p_minus_one, q_minus_one) = (minus_one(p), minus_one(q));
        let n = wide(p).wrapping_mul(q);
        let phi = Zeroizing::new(wide(&p_minus_one).wrapping_mul(&*q_minus_one));
        let d = Zeroizing::new(inverse_of_exponent(&phi)?);
        let modulo = |number: &BoxedUint, modulus: &BoxedUint| {
            let modulus = Option::<NonZero<BoxedUint>>::from(NonZero::new(wide(modulus)))?;
            Some(Zeroizing::new(number.rem(&modulus).resize(PRIME_BITS)))
        };
        let (d_p, d_q) = (modulo(&d, &p_minus_one)?, modulo(&d, &q_minus_one)?);
        let odd_p = Option::<Odd<BoxedUint>>::from(Odd::new(p.clone()))?;
        let q_inverse = Option::<BoxedUint>::from(q.invert_odd_mod(&odd_p)).map(Zeroizing::new)?;

        let bytes = |number: &BoxedUint| Zeroizing::new(number.to_be_bytes().into_vec());
        // ring accepts no zero before the first digit of d. One key of 256 has one.
        let d: Zeroizing<Vec<u8>> =
            Zeroizing::new(bytes(&d).iter().copied().skip_while(|byte| *byte == 0).collect());
        let pair = RsaKeyPair::from_components(&KeyPairComponents {
            public_key: PublicKeyComponents {
                n: n.to_be_bytes(),
                e: EXPONENT.to_be_bytes()[1..].into(),
            },
            d,
            p: bytes(p),
            q: bytes(q),
            dP: bytes(&d_p),
            dQ: bytes(&d_q),
            qInv: bytes(&q_inverse),
        });
        Some(Self::new(pair.ok()?))
    }

    /// The key of a PEM: PKCS #8 (`BEGIN PRIVATE KEY`) or PKCS #1 (`BEGIN RSA PRIVATE KEY`). The
    /// two characters `\n` count as a line break, because some variables cannot contain one.
    ///
    /// # Errors
    /// Any [`PrivateKeyError`].
    pub fn from_pem(pem: &Secret) -> Result<Self, PrivateKeyError> {
        let text = Zeroizing::new(pem.expose().replace("\\n", "\n"));
        let (label, der) = pem::read(&text).ok_or(PrivateKeyError::NotPem)?;
        let pair = match label {
            "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der),
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der),
            "EC PRIVATE KEY" => return Err(PrivateKeyError::NotRsa),
            _ => return Err(PrivateKeyError::NotPem),
        };
        pair.map(Self::new).map_err(|_| PrivateKeyError::NotRsa)
    }

    fn new(pair: RsaKeyPair) -> Self {
        let (n, e) = encoded_components(&pair);
        // RFC 7638: the required members, in lexicographic order and without whitespace.
        let members = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        let key_id = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(members));
        Self { pair, key_id }
    }

    /// The `kid`: the thumbprint of the public key (RFC 7638).
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public key as a PEM (`BEGIN PUBLIC KEY`), for platforms that want it pasted.
    pub fn public_pem(&self) -> String {
        // SubjectPublicKeyInfo (RFC 5280 §4.1): the algorithm rsaEncryption without parameters.
        const ALGORITHM: [u8; 15] = [
            0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05,
            0x00,
        ];
        let key = [&[0], self.pair.public_key().as_ref()].concat();
        let info = [ALGORITHM.as_slice(), &der(0x03, &key)].concat();
        pem::write("PUBLIC KEY", &der(0x30, &info))
    }

    /// The public key as a JWK.
    fn jwk(&self) -> Value {
        let (n, e) = encoded_components(&self.pair);
        json!({"kty": "RSA", "n": n, "e": e, "alg": "RS256", "use": "sig", "kid": self.key_id})
    }

    /// The signature of a message with RS256.
    pub(super) fn sign(
        &self,
        message: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<Vec<u8>, ring::error::Unspecified> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, random, message, &mut signature)?;
        Ok(signature)
    }
}

/// The keyset of these keys, as a JSON document (RFC 7517 §5).
pub fn keyset_document<'a>(keys: impl IntoIterator<Item = &'a RsaKey>) -> String {
    let keys: Vec<Value> = keys.into_iter().map(RsaKey::jwk).collect();
    json!({ "keys": keys }).to_string()
}

/// The seed of a platform's primes.
fn platform_seed(secret: &Secret, platform: &PlatformName) -> Zeroizing<[u8; 32]> {
    let mut seed = Zeroizing::new([0; 32]);
    let label = format!("lti-gateway platform key 1 {platform}");
    Hkdf::<Sha256>::new(None, secret.expose().as_bytes())
        .expand(label.as_bytes(), seed.as_mut_slice())
        .expect("HKDF yields 32 bytes");
    seed
}

/// Modulus and exponent of the public key, in base64url.
fn encoded_components(pair: &RsaKeyPair) -> (String, String) {
    let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    (encode(&public.n), encode(&public.e))
}

/// The inverse of the public exponent `e` modulo `phi`: (1 + k·phi) / e for the k < e with which
/// the division has no remainder.
fn inverse_of_exponent(phi: &BoxedUint) -> Option<BoxedUint> {
    let exponent = u64::from(EXPONENT);
    let remainder = remainder(phi, EXPONENT);
    let k = (1..exponent).find(|k| (k * remainder + 1).is_multiple_of(exponent))?;
    // One limb more than phi has.
    let wide = phi.clone().resize(phi.bits_precision() + 64);
    let product = wide.wrapping_mul(BoxedUint::from(k)).wrapping_add(BoxedUint::one());
    let divisor = Option::<NonZero<_>>::from(NonZero::new(BoxedUint::from(exponent)))?;
    Some(product.wrapping_div(&divisor).resize(phi.bits_precision()))
}

/// A DER value with this tag.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let long = 0x80 | u8::try_from(length.len()).unwrap_or_default();
    let length = if content.len() < 0x80 { length } else { [&[long], length.as_slice()].concat() };
    [&[tag], length.as_slice(), content].concat()
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RsaKey({})", self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;

    use super::*;
    use crate::jose::algorithm::Algorithm;
    use crate::jose::jwk::Keyset;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    const PEM: &str = include_str!("../../tests/keys/rsa_2048.pem");

    fn derived(secret: &str, name: &str) -> RsaKey {
        RsaKey::derive(&Secret::new(secret), &name.into())
    }

    /// Whether the keyset of these keys verifies what `key` signs.
    fn verifies(keys: &[&RsaKey], key: &RsaKey) -> bool {
        let document = keyset_document(keys.iter().copied());
        let keyset = Keyset::read(document.as_bytes()).expect("a keyset");
        let signature = key.sign(b"message", &SystemRandom::new()).expect("a signature");
        keyset.verify(key.key_id(), Algorithm::Rs256, b"message", &signature)
    }

    // The vectors of derive_rsa_keys.py, an independent implementation in Python.
    #[test]
    fn derived_keys_are_the_first_primes_of_the_sequence() {
        let check = |name: &str, indexes: [u32; 2], key_id: &str| {
            let seed = platform_seed(&Secret::new(SECRET), &name.into());
            assert_eq!([b'p', b'q'].map(|label| first_prime(&seed, label).1), indexes, "{name}");
            let key = derived(SECRET, name);
            assert_eq!(key.key_id(), key_id, "{name}");
            assert!(verifies(&[&key], &key), "{name}");
        };
        check("moodle", [82, 157], "J1qkpMnoDgjhjQS6YqxnNH-JijZwqXjNaTmBGdLN63I");
        check("edx", [298, 62], "uBv_RHW9SUtxvWXCEoKbiJcOFuMcGRtMDfy_jFUrXUw");
        check("canvas", [115, 432], "SbGqK7fnhchFa-PB23Q_0JCnh55oAxC4nSZ-wEdBr-k");
    }

    #[test]
    fn a_key_whose_private_exponent_begins_with_a_zero_is_a_key() {
        let key = derived("secret number 61", "practice");
        assert!(verifies(&[&key], &key));
    }

    #[test]
    fn a_rotated_keyset_verifies_the_tokens_of_both_secrets() {
        let (old, new) = (derived(SECRET, "moodle"), derived("another secret", "moodle"));
        assert_ne!(old.key_id(), new.key_id());
        assert!(verifies(&[&old, &new], &old) && verifies(&[&new, &old], &new));
        assert!(verifies(&[&old, &new], &new) && !verifies(&[&old], &new));
    }

    #[test]
    fn a_pem_of_either_kind_is_the_same_key() {
        let pkcs1 = include_str!("../../tests/keys/rsa_2048_pkcs1.pem");
        let escaped = PEM.replace('\n', "\\n");
        let indented = format!("# a comment\n  {}", PEM.replace('\n', "\r\n  "));
        let public = include_str!("../../tests/keys/rsa_2048_public.pem");
        for pem in [PEM, pkcs1, &escaped, &indented] {
            let key = RsaKey::from_pem(&Secret::new(pem)).expect("a key");
            assert_eq!(key.public_pem(), public);
            assert!(verifies(&[&key], &key));
        }
    }

    #[test]
    fn another_pem_is_no_key() {
        let check = |pem: &str, expected: PrivateKeyError| {
            assert_eq!(RsaKey::from_pem(&Secret::new(pem)).err(), Some(expected), "{pem}");
        };
        check(include_str!("../../tests/keys/rsa_1024.pem"), PrivateKeyError::NotRsa);
        check(include_str!("../../tests/keys/ec_p256.pem"), PrivateKeyError::NotRsa);
        check(include_str!("../../tests/keys/rsa_2048_public.pem"), PrivateKeyError::NotPem);
        check("", PrivateKeyError::NotPem);
        check("-----BEGIN PRIVATE KEY-----", PrivateKeyError::NotPem);
        check(&PEM.replace("END PRIVATE", "END PUBLIC"), PrivateKeyError::NotPem);
        check(&PEM.replace("PRIVATE", "ENCRYPTED PRIVATE"), PrivateKeyError::NotPem);
        check(&PEM.replace('A', "_"), PrivateKeyError::NotPem);
        check(&PEM.replace('a', "b"), PrivateKeyError::NotRsa);
    }

    #[test]
    fn no_output_contains_the_private_key() {
        let key = RsaKey::from_pem(&Secret::new(PEM)).expect("a key");
        assert_eq!(format!("{key:?}"), format!("RsaKey({})", key.key_id()));
        let document: Value = serde_json::from_str(&keyset_document([&key])).expect("JSON");
        let members = document["keys"][0].as_object().expect("a key");
        let names: Vec<&str> = members.keys().map(String::as_str).collect();
        assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
    }
}
