//! Receipts: cookies that prove that the gateway admitted this form from this browser. A reload,
//! which sends the form again, is then no replay. A receipt contains an expiry and a MAC, and no
//! personal data. The gateway does not store it.

#![deny(clippy::arithmetic_side_effects)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lti::Secret;
use sha2::Sha256;

use super::cookie::{COOKIE, cookies, set_cookie};
use super::key::derive_key;

/// The length of a truncated MAC, in bytes: 128 bits save space for the other cookies.
const MAC_LENGTH: usize = 16;

/// Creates and verifies receipts. Its keys are derived from `gateway.secret`: the first key signs,
/// every key verifies.
#[derive(Clone)]
pub struct Receipts {
    keys: Vec<Hmac<Sha256>>,
}

impl Receipts {
    /// Derives the keys from these secrets.
    pub fn new(secrets: &[Secret]) -> Self {
        let key = |secret| Hmac::new_from_slice(&derive_key(secret, "lti-gateway receipt 1")).ok();
        Self { keys: secrets.iter().filter_map(key).collect() }
    }

    /// The `Set-Cookie` value for a form admitted at `now` (seconds since the epoch). `seconds` is
    /// its lifetime. A session has one cookie name, so that a new receipt replaces the older one.
    /// `None` only without a key.
    pub fn set_cookie(
        &self,
        id: &str,
        path: &str,
        seconds: u64,
        fingerprint: &[u8; 16],
        now: u64,
    ) -> Option<String> {
        let expiry = now.saturating_add(seconds);
        let mac = mac(self.keys.first()?, fingerprint, expiry).finalize().into_bytes();
        let value = format!("{expiry}.{}", URL_SAFE_NO_PAD.encode(&mac[..MAC_LENGTH]));
        Some(set_cookie(&format!("{COOKIE}-{id}"), &value, path, seconds))
    }

    /// Whether one of the cookies is a valid receipt for the form with this fingerprint at `now`.
    pub fn prove<'c>(
        &self,
        headers: impl IntoIterator<Item = &'c [u8]>,
        fingerprint: &[u8; 16],
        now: u64,
    ) -> bool {
        cookies(headers)
            .filter(|(name, _)| name.strip_prefix(COOKIE).is_some_and(|rest| rest.starts_with('-')))
            .filter_map(|(_, value)| value.split_once('.'))
            .any(|(expiry, text)| {
                let (Ok(expiry), Ok(proof)) = (expiry.parse::<u64>(), URL_SAFE_NO_PAD.decode(text))
                else {
                    return false;
                };
                let proves =
                    |key| mac(key, fingerprint, expiry).verify_truncated_left(&proof).is_ok();
                expiry >= now && proof.len() == MAC_LENGTH && self.keys.iter().any(proves)
            })
    }
}

fn mac(key: &Hmac<Sha256>, fingerprint: &[u8; 16], expiry: u64) -> Hmac<Sha256> {
    key.clone().chain_update(fingerprint).chain_update(expiry.to_be_bytes())
}
