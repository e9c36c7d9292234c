//! Prints the user of each assertion on standard input.

use std::error::Error;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

const TOOL: &str = "notebook";

/// The gateway's public keys. To share them between threads, use a `Mutex`.
struct Keys {
    issuer: String,
    set: JwkSet,
    fetched: Instant,
}

impl Keys {
    fn fetch(issuer: String) -> Result<Self, Box<dyn Error>> {
        let request = ureq::get(format!("{issuer}/.well-known/jwks.json"));
        let request = request.config().timeout_global(Some(Duration::from_secs(5))).build();
        let set = request.call()?.body_mut().read_json()?;
        Ok(Self { issuer, set, fetched: Instant::now() })
    }

    /// Returns a key. Fetches the keys again if they are old, or if this key is unknown.
    fn find(&mut self, kid: &str) -> Result<DecodingKey, Box<dyn Error>> {
        let seconds = if self.set.find(kid).is_some() { 300 } else { 30 };
        if self.fetched.elapsed() > Duration::from_secs(seconds) {
            *self = Self::fetch(self.issuer.clone())?;
        }
        Ok(DecodingKey::from_jwk(self.set.find(kid).ok_or("signed with an unknown key")?)?)
    }
}

/// Returns the claims of a valid assertion.
fn verified(assertion: &str, keys: &mut Keys) -> Result<Value, Box<dyn Error>> {
    let mut expected = Validation::new(Algorithm::EdDSA);
    expected.set_issuer(&[&keys.issuer]);
    expected.set_audience(&[TOOL]);
    expected.set_required_spec_claims(&["iss", "aud", "exp"]);
    expected.leeway = 30;
    let kid = decode_header(assertion)?.kid.ok_or("signed with no key")?;
    Ok(decode::<Value>(assertion, &keys.find(&kid)?, &expected)?.claims)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut keys = Keys::fetch(std::env::var("LTI_ISSUER")?)?;
    for assertion in std::io::stdin().lines() {
        let claims = verified(&assertion?, &mut keys)?;
        println!("{}", claims["sub"].as_str().unwrap_or("anonymous"));
    }
    Ok(())
}
