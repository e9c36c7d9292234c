//! Checks 3 to 7: the login that the launch answers, and the shape of the token.

use sha2::{Digest as _, Sha256};

use super::claim::LONGEST_ID;
use super::policy::{AnsweredLogin, TokenPolicy};
use crate::jose::Algorithm;
use crate::jose::jws::JwsParts;
use crate::rejection::Rejection;
use crate::replay::shortened;

/// A token whose signature is not verified yet.
#[derive(Clone)]
pub struct ReadToken {
    pub(super) parts: JwsParts,
    pub(super) algorithm: Algorithm,
    pub(super) key_id: String,
    pub(super) fingerprint: [u8; 16],
    pub(super) is_reload: bool,
}

impl ReadToken {
    /// The `kid`, with which the gateway finds the key. It is only compared, and not used in a URL.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }
}

/// Checks state and browser at `now`, in seconds since the epoch, and reads the token.
///
/// It calls `admitted_before` with the launch's [fingerprint](crate::Launch::fingerprint). The
/// closure returns `true` if there is proof of an earlier admission of the same token from the same
/// browser. The launch is then a reload: the state's expiry, browser and nonce do not count, nor do
/// the timestamps of the token.
///
/// # Errors
/// [`Rejection::StateExpired`], [`Rejection::OtherBrowser`], [`Rejection::NotToken`],
/// [`Rejection::AlgorithmNotAllowed`] or [`Rejection::NoKeyId`].
pub fn read_token(
    id_token: &str,
    login: &AnsweredLogin<'_>,
    policy: &TokenPolicy<'_>,
    now: u64,
    admitted_before: impl FnOnce(&[u8; 16]) -> bool,
) -> Result<ReadToken, Rejection> {
    let fingerprint = fingerprint(id_token, policy);
    let is_reload = admitted_before(&fingerprint);
    if !is_reload {
        if now > login.expires {
            return Err(Rejection::StateExpired);
        }
        if !login.same_browser {
            return Err(Rejection::OtherBrowser);
        }
    }
    let (parts, header) = JwsParts::read(id_token).map_err(Rejection::NotToken)?;
    let accepted = &policy.platform.algorithms;
    let algorithm = header.algorithm.as_deref().and_then(|name| accepted.accepted(name));
    let Some(algorithm) = algorithm else {
        let found = header.algorithm.as_deref().map(Rejection::quote);
        return Err(Rejection::AlgorithmNotAllowed { found, accepted: accepted.clone() });
    };
    let key_id = header.key_id.filter(|key_id| key_id.chars().count() <= LONGEST_ID);
    let key_id = key_id.ok_or(Rejection::NoKeyId)?;
    Ok(ReadToken { parts, algorithm, key_id, fingerprint, is_reload })
}

/// A hash of tool, platform, client and signature. The signature covers everything else.
fn fingerprint(id_token: &str, policy: &TokenPolicy<'_>) -> [u8; 16] {
    let signature = id_token.rsplit('.').next().unwrap_or_default();
    let (platform, client) = (policy.platform.name.as_str(), policy.client.id.as_str());
    let mut digest = Sha256::new();
    for part in [policy.tool, platform, client] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.update(signature);
    shortened(digest)
}
