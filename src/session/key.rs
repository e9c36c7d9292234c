use hkdf::Hkdf;
use lti::Secret;
use sha2::Sha256;

/// Derives a key from a secret of `gateway.secret` (HKDF, RFC 5869). Each purpose has a key of its
/// own.
pub fn derive_key(secret: &Secret, purpose: &str) -> [u8; 32] {
    let mut key = [0; 32];
    // HKDF fails only for keys longer than 255 hashes.
    let expanded =
        Hkdf::<Sha256>::new(None, secret.expose().as_bytes()).expand(purpose.as_bytes(), &mut key);
    debug_assert!(expanded.is_ok());
    key
}
