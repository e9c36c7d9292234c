//! What a browser keeps of its launch.
//!
//! For a template it is a receipt: a cookie that proves that this very form was admitted from this very browser,
//! so that a reload, which sends the form again, shows the page again and is no replay. It holds an expiry and a
//! MAC, nothing about anybody, and nothing of it is kept here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lti::{Launch, Secret};
use sha2::Sha256;

use crate::config::Tool;

/// The beginning of the names of the gateway's cookies.
const COOKIE: &str = "__Secure-lti-";

/// Writes and reads receipts. Its keys are derived from `gateway.secret`: the first writes, all read.
#[derive(Clone)]
pub struct Receipts {
    keys: Vec<Hmac<Sha256>>,
}

impl Receipts {
    /// The most cookies that are looked at. Browsers keep fewer for one site.
    const MOST_COOKIES: usize = 300;

    /// Derives the keys (HKDF, RFC 5869).
    pub fn new(secrets: &[Secret]) -> Self {
        let keys = secrets
            .iter()
            .filter_map(|secret| {
                let mut key = [0; 32];
                Hkdf::<Sha256>::new(None, secret.expose().as_bytes())
                    .expand(b"lti-gateway receipt 1", &mut key)
                    .ok()?;
                Hmac::new_from_slice(&key).ok()
            })
            .collect();
        Self { keys }
    }

    /// The `Set-Cookie` of a launch admitted at `now` (seconds since the epoch). One person and resource link has
    /// one name, so that the newest launch takes the place of the one before.
    pub fn set_cookie(&self, tool: &Tool, launch: &Launch, now: u64) -> Option<String> {
        let key = self.keys.first()?;
        let seconds = tool.session.as_secs();
        let expiry = now.saturating_add(seconds);
        let mac = URL_SAFE_NO_PAD.encode(mac(key, &launch.fingerprint, expiry).finalize().into_bytes());
        let id = id(key, &tool.name, launch);
        Some(format!(
            "{COOKIE}{id}={expiry}.{mac}; Path={}; Max-Age={seconds}; HttpOnly; Secure; SameSite=None; Partitioned",
            tool.path
        ))
    }

    /// Whether one of the cookies is a receipt for the form with this fingerprint that has not expired.
    pub fn prove<'c>(
        &self,
        cookies: impl IntoIterator<Item = &'c str>,
        fingerprint: &[u8; 16],
        now: u64,
    ) -> bool {
        cookies
            .into_iter()
            .flat_map(|header| header.split(';'))
            .take(Self::MOST_COOKIES)
            .filter_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.split_once('=')?.1.split_once('.'))
            .any(|(expiry, text)| {
                let (Ok(expiry), Ok(proof)) = (expiry.parse::<u64>(), URL_SAFE_NO_PAD.decode(text)) else {
                    return false;
                };
                expiry >= now
                    && self.keys.iter().any(|key| mac(key, fingerprint, expiry).verify_slice(&proof).is_ok())
            })
    }
}

fn mac(key: &Hmac<Sha256>, fingerprint: &[u8; 16], expiry: u64) -> Hmac<Sha256> {
    key.clone().chain_update(b"receipt").chain_update(fingerprint).chain_update(expiry.to_be_bytes())
}

/// What tells a person's sessions apart, as a keyed hash: tool, consumer, user, course and resource link. A launch
/// without a user is told apart from every other.
fn id(key: &Hmac<Sha256>, tool: &str, launch: &Launch) -> String {
    let user = match &launch.user.id {
        Some(id) => id.as_bytes(),
        None => &launch.fingerprint,
    };
    let context = launch.context.id.as_deref().unwrap_or_default();
    let mut mac = key.clone().chain_update(b"id");
    let parts = [
        tool.as_bytes(),
        launch.consumer_key.as_bytes(),
        user,
        context.as_bytes(),
        launch.resource_link.id.as_bytes(),
    ];
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..12])
}

/// Whether a cookie is the gateway's own: it goes to no upstream, and no upstream may set it.
pub fn is_own_cookie(name: &str) -> bool {
    const OWN: &str = "__Secure-lti";
    name.get(..OWN.len()).is_some_and(|start| start.eq_ignore_ascii_case(OWN))
        && name.get(OWN.len()..).is_none_or(|rest| rest.is_empty() || rest.starts_with('-'))
}
