//! Strings that only this gateway can create and read.
//!
//! The content is compressed, encrypted and authenticated (XChaCha20-Poly1305) together with a
//! binding, such as tool and id. It opens only with the same binding.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use lti::Secret;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::key::derive_key;

/// The version of the format. Increment it with every change of the format.
const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;
/// The length of a sealed string without content.
const SHORTEST: usize = (1 + NONCE + TAG).div_ceil(3) * 4 - 1;
/// The most bytes of decompressed content. A session has a tenth of that.
const MAX_CONTENT: usize = 64 * 1024;
/// The compression level. A higher level does not shorten small content.
const COMPRESSION_LEVEL: u8 = 6;

/// Seals and opens content for one purpose. The first key seals, every key opens.
pub struct Seal {
    keys: Vec<XChaCha20Poly1305>,
}

impl Seal {
    /// Derives the keys for a purpose from these secrets.
    pub fn new(secrets: &[Secret], purpose: &str) -> Self {
        let keys = secrets
            .iter()
            .map(|secret| XChaCha20Poly1305::new(&derive_key(secret, purpose).into()))
            .collect();
        Self { keys }
    }

    /// Seals compressed content. `None` only without a key or without randomness.
    pub fn close(&self, deflated: &[u8], bound_to: &[&str]) -> Option<String> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        let payload = Payload { msg: deflated, aad: &associated(bound_to) };
        let encrypted = self.keys.first()?.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some(URL_SAFE_NO_PAD.encode([&[VERSION], nonce.as_slice(), &encrypted].concat()))
    }

    /// Opens a sealed string with the same binding, and decompresses it. `None` if it is not
    /// authentic.
    pub fn open(&self, text: &str, bound_to: &[&str]) -> Option<Vec<u8>> {
        if !looks_sealed(text) {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&VERSION, rest) = bytes.split_first()? else { return None };
        let (nonce, encrypted) = rest.split_first_chunk::<NONCE>()?;
        let aad = associated(bound_to);
        let payload = || Payload { msg: encrypted, aad: &aad };
        let deflated =
            self.keys.iter().find_map(|key| key.decrypt(&XNonce::from(*nonce), payload()).ok())?;
        decompress_to_vec_with_limit(&deflated, MAX_CONTENT).ok()
    }
}

/// Compresses content for its seal.
pub fn deflated(content: &[u8]) -> Vec<u8> {
    compress_to_vec(content, COMPRESSION_LEVEL)
}

/// The length of a sealed string, for a content of `deflated` compressed bytes.
pub fn sealed_length(deflated: usize) -> usize {
    (1 + NONCE + deflated + TAG).div_ceil(3) * 4
}

/// Whether a string has the length and the version of a sealed one. It may still not open.
pub fn looks_sealed(text: &str) -> bool {
    let start = text.get(..4).and_then(|start| URL_SAFE_NO_PAD.decode(start).ok());
    text.len() >= SHORTEST && start.is_some_and(|start| start.first() == Some(&VERSION))
}

fn associated(bound_to: &[&str]) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    for part in bound_to {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_opens_only_unaltered_and_with_its_binding() {
        let [old, new] = ["the old secret", "the new secret"].map(Secret::new);
        let seal = Seal::new(std::slice::from_ref(&old), "session");
        let sealed = seal.close(&deflated(b"content"), &["tool", "id"]).expect("randomness");
        assert!(looks_sealed(&sealed));
        let empty = seal.close(&[], &[]).expect("randomness");
        assert_eq!((empty.len(), looks_sealed(&empty)), (SHORTEST, true));
        for other in
            ["", "AQ", "AQAA", &empty[1..], &empty[..empty.len() - 1], "xyz".repeat(20).as_str()]
        {
            assert!(!looks_sealed(other), "{other}");
        }
        assert!(sealed.len() <= sealed_length(deflated(b"content").len()));
        assert_eq!(seal.open(&sealed, &["tool", "id"]).as_deref(), Some(b"content".as_slice()));
        let rotated = Seal::new(&[new.clone(), old.clone()], "session");
        assert_eq!(rotated.open(&sealed, &["tool", "id"]).as_deref(), Some(b"content".as_slice()));

        for bound_to in
            [&["tool", "other"][..], &["other", "id"], &["tool"], &["tooli", "d"], &["", "toolid"]]
        {
            assert_eq!(seal.open(&sealed, bound_to), None, "{bound_to:?}");
        }
        assert_eq!(Seal::new(&[new], "session").open(&sealed, &["tool", "id"]), None);
        assert_eq!(Seal::new(&[old], "ticket").open(&sealed, &["tool", "id"]), None);
        for at in 0..sealed.len() {
            let mut altered = sealed.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).expect("ASCII");
            assert_eq!(seal.open(&altered, &["tool", "id"]), None, "{at}");
            assert_eq!(seal.open(&sealed[..at], &["tool", "id"]), None, "{at}");
        }
    }
}
