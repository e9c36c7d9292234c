//! A cookie that proves that this very form was admitted from this very browser, so that a reload, which sends the form
//! again, leads to the same page again and is no replay. It holds an expiry and a MAC, nothing about anybody, and
//! nothing of it is kept here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lti::Secret;
use sha2::Sha256;

use super::cookie::{COOKIE, cookies, set_cookie};
use super::key::derive_key;

/// How much of a MAC is kept: 128 bits, since a page's ten receipts share a small space with everything else.
const MAC: usize = 16;

/// Writes and reads receipts. Its keys are derived from `gateway.secret`: the first writes, all read.
#[derive(Clone)]
pub struct Receipts {
    keys: Vec<Hmac<Sha256>>,
}

impl Receipts {
    /// Derives the keys.
    pub fn new(secrets: &[Secret]) -> Self {
        let key = |secret| Hmac::new_from_slice(&derive_key(secret, "lti-gateway receipt 1")).ok();
        Self { keys: secrets.iter().filter_map(key).collect() }
    }

    /// The `Set-Cookie` of a form admitted at `now` (seconds since the epoch), for so many seconds. One session has one
    /// name, so that the newest launch takes the place of the one before.
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
        let value = format!("{expiry}.{}", URL_SAFE_NO_PAD.encode(&mac[..MAC]));
        Some(set_cookie(&format!("{COOKIE}-{id}"), &value, path, seconds))
    }

    /// Whether one of the cookies is a receipt for the form with this fingerprint that has not expired.
    pub fn prove<'c>(
        &self,
        headers: impl IntoIterator<Item = &'c str>,
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
                expiry >= now && proof.len() == MAC && self.keys.iter().any(proves)
            })
    }
}

fn mac(key: &Hmac<Sha256>, fingerprint: &[u8; 16], expiry: u64) -> Hmac<Sha256> {
    key.clone().chain_update(fingerprint).chain_update(expiry.to_be_bytes())
}
