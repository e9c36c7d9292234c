//! The token of `/dev`, and the cookie of a browser that knows it.
//!
//! Others can reach development with `dev_host`, and `/dev` signs launches.

#![deny(clippy::arithmetic_side_effects)]

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lti::Secret;
use sha2::Sha256;

use crate::clock::Millis;

/// The name of the cookie. It is one of the gateway's own, so that no app receives it.
pub(super) const COOKIE: &str = "__Secure-lti-dev";
/// How long a browser may use `/dev`, in seconds.
pub(super) const LIFETIME: u64 = 8 * 3600;
/// The most attempts at once.
const ATTEMPTS: u64 = 5;
/// A further attempt is possible after this many milliseconds.
pub(super) const PAUSE: u64 = 12_000;

/// The token of `/dev`. The cookie of a browser is an expiry with a MAC.
pub struct DevToken {
    token: Secret,
    /// MACs with the key of this process.
    mac: Option<Hmac<Sha256>>,
    budget: Mutex<Budget>,
}

/// The attempts that are left, in milliseconds of waiting.
struct Budget {
    millis: u64,
    at: Millis,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenError {
    /// It is another one.
    Wrong,
    /// Too many attempts came before it. It was not compared.
    TooMany,
}

impl DevToken {
    /// A token, and a random key.
    pub fn new(token: Secret, key: [u8; 32]) -> Self {
        let budget = Budget { millis: ATTEMPTS.saturating_mul(PAUSE), at: Millis::new(0) };
        // HMAC accepts keys of any length.
        let mac = Hmac::new_from_slice(&key).ok();
        Self { token, mac, budget: Mutex::new(budget) }
    }

    /// The value of the cookie for a browser that sent this token.
    ///
    /// # Errors
    /// A [`TokenError`]. Right tokens spend attempts, too: otherwise the limit would not bound the
    /// number of guesses.
    pub(super) fn redeem(&self, sent: &str, now: Millis) -> Result<String, TokenError> {
        if !self.spend(now) {
            return Err(TokenError::TooMany);
        }
        // MACs have one length, and are compared in constant time.
        let sent = self.mac("token", sent).map(|mac| mac.finalize().into_bytes());
        let token = self.mac("token", self.token.expose());
        let is_right =
            token.zip(sent).is_some_and(|(token, sent)| token.verify_slice(&sent).is_ok());
        let cookie = self.cookie(now.seconds().saturating_add(LIFETIME));
        cookie.filter(|_| is_right).ok_or(TokenError::Wrong)
    }

    /// Whether this value of the cookie is valid at `now`.
    pub(super) fn admits(&self, cookie: &str, now: u64) -> bool {
        let Some((expiry, mac)) = cookie.split_once('.') else { return false };
        let Ok(mac) = URL_SAFE_NO_PAD.decode(mac) else { return false };
        self.mac("cookie", expiry).is_some_and(|own| own.verify_slice(&mac).is_ok())
            && expiry
                .parse::<u64>()
                .is_ok_and(|expiry| now < expiry && expiry <= now.saturating_add(LIFETIME))
    }

    fn cookie(&self, expiry: u64) -> Option<String> {
        let expiry = expiry.to_string();
        let mac = self.mac("cookie", &expiry)?.finalize().into_bytes();
        Some(format!("{expiry}.{}", URL_SAFE_NO_PAD.encode(mac)))
    }

    fn mac(&self, purpose: &str, text: &str) -> Option<Hmac<Sha256>> {
        let mac = self.mac.clone()?;
        Some(mac.chain_update(purpose).chain_update(b"\0").chain_update(text))
    }

    /// Spends one attempt; `false` if none is left. A clock that jumps ahead fills the budget once.
    /// One that was set back adds nothing for the time before.
    fn spend(&self, now: Millis) -> bool {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = now.get().saturating_sub(budget.at.get());
        let filled = budget.millis.saturating_add(elapsed).min(ATTEMPTS.saturating_mul(PAUSE));
        budget.at = now;
        let left = filled.checked_sub(PAUSE);
        budget.millis = left.unwrap_or(filled);
        left.is_some()
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn token() -> DevToken {
        DevToken::new(Secret::new("the-token"), [7; 32])
    }

    fn at(seconds: u64) -> Millis {
        Millis::new(seconds * 1000)
    }

    #[test]
    fn the_token_gives_a_cookie_for_eight_hours() {
        let token = token();
        let cookie = token.redeem("the-token", at(NOW)).expect("a cookie");
        for (now, expected) in [
            (NOW, true),
            (NOW + LIFETIME - 1, true),
            (NOW + LIFETIME, false),
            (u64::MAX, false),
            // The clock was set back: the cookie is valid for no longer than its lifetime.
            (NOW - 1, false),
            (0, false),
        ] {
            assert_eq!(token.admits(&cookie, now), expected, "{now}");
        }
    }

    #[test]
    fn another_cookie_is_invalid() {
        let token = token();
        let cookie = token.redeem("the-token", at(NOW)).expect("a cookie");
        let (expiry, mac) = cookie.split_once('.').expect("two parts");
        let later = format!("{}.{mac}", expiry.parse::<u64>().expect("a number") - 1);
        let of_other_process = DevToken::new(Secret::new("the-token"), [8; 32])
            .redeem("the-token", at(NOW))
            .expect("a cookie");
        let empty = format!("{expiry}.");
        let short = format!("{expiry}.{}", &mac[..mac.len() - 2]);
        for other in ["", ".", "the-token", expiry, &empty, &short, &later, &of_other_process] {
            assert!(!token.admits(other, NOW), "{other}");
        }
    }

    #[test]
    fn another_token_is_wrong() {
        let others = ["", " the-token", "the-token ", "THE-TOKEN", "the-toke", "the-token\0"];
        for sent in others {
            assert_eq!(token().redeem(sent, at(NOW)), Err(TokenError::Wrong), "{sent:?}");
        }
    }

    #[test]
    fn after_five_attempts_one_is_left_every_twelve_seconds() {
        let token = token();
        let attempts = |now: u64| {
            let is_compared =
                |_: &u32| token.redeem("wrong", Millis::new(now)) == Err(TokenError::Wrong);
            (0..20).filter(is_compared).count()
        };
        let start = NOW * 1000;
        let of = |millis: u64| attempts(start + millis);
        assert_eq!([of(0), of(0), of(11_999), of(12_000), of(24_000)], [5, 0, 0, 1, 1]);
        // The token itself has no attempt left.
        assert_eq!(
            token.redeem("the-token", Millis::new(start + 24_000)),
            Err(TokenError::TooMany)
        );
        assert!(token.redeem("the-token", Millis::new(start + 36_000)).is_ok());
        assert_eq!(of(10_000_000), 5, "no more than at the start");
        // A clock that was set back gives none.
        assert_eq!([of(9_000_000), of(9_000_000), of(9_012_000)], [0, 0, 1]);
    }
}
