use hkdf::Hkdf;
use lti::Secret;
use sha2::Sha256;

/// The key for one purpose (HKDF, RFC 5869), so that no two uses of `gateway.secret` share one.
pub fn derive_key(secret: &Secret, purpose: &str) -> [u8; 32] {
    let mut key = [0; 32];
    // It fails for keys of more than 255 hashes only, and a key of zeros would open nothing that was sealed before.
    let expanded =
        Hkdf::<Sha256>::new(None, secret.expose().as_bytes()).expand(purpose.as_bytes(), &mut key);
    debug_assert!(expanded.is_ok());
    key
}
