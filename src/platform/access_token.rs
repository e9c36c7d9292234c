//! Access tokens for the services of an LTI 1.3 platform: OAuth 2.0 with a client assertion
//! (1EdTech security framework §4.1, RFC 7523).

use std::time::Duration;

use lti::jose::{RsaKey, sign};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use ring::rand::SystemRandom;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::PlatformError;
use super::reply::{Reply, failure};
use super::service::Platforms;
use crate::config::PlatformClient;

/// The timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest response, in bytes.
const LARGEST: usize = 64 * 1024;
/// How long an assertion is valid, in seconds.
const LIFETIME: u64 = 300;
/// The lifetime of a token whose response names none, in seconds.
const EXPIRES_IN: u64 = 3600;

/// A request for an access token.
pub struct TokenRequest<'a> {
    /// Our registration at the platform.
    pub client: &'a PlatformClient,
    /// The gateway's key for the platform.
    pub key: &'a RsaKey,
    /// The scopes, separated by spaces.
    pub scope: &'a str,
    /// The time, in seconds since the epoch.
    pub now: u64,
    /// A random string for this request.
    pub id: &'a str,
}

/// The platform's answer to a request for an access token.
#[derive(Debug, PartialEq, Eq)]
pub struct GrantedToken {
    /// How long the token is valid, in seconds.
    pub expires_in: u64,
    /// The scopes of the token, if they are not the requested ones.
    pub scope: Option<String>,
}

/// The response of a token endpoint (RFC 6749 §5.1).
#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    expires_in: Option<Value>,
    scope: Option<String>,
}

impl TokenRequest<'_> {
    /// The form of the request.
    fn form(&self) -> Result<String, PlatformError> {
        let claims = json!({
            "iss": self.client.id.as_str(),
            "sub": self.client.id.as_str(),
            "aud": self.client.token_audience,
            "iat": self.now,
            "exp": self.now.saturating_add(LIFETIME),
            "jti": self.id,
        });
        let assertion = sign(&claims, self.key, &SystemRandom::new())
            .map_err(|_| PlatformError::Unreachable("this machine has no randomness".to_owned()))?;
        let values = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
            ("scope", self.scope),
        ];
        let mut form = String::new();
        for (name, value) in values {
            if !form.is_empty() {
                form.push('&');
            }
            form.push_str(name);
            form.push('=');
            lti::oauth1::encode::encode_into(value, &mut form);
        }
        Ok(form)
    }
}

impl Platforms {
    /// Requests an access token, and drops it.
    ///
    /// # Errors
    /// A [`PlatformError`] if the platform grants none.
    pub async fn ask_for_token(
        &self,
        request: &TokenRequest<'_>,
    ) -> Result<GrantedToken, PlatformError> {
        let sent = self
            .client
            .post(self.url(&request.client.token_url)?)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity")
            .timeout(TIMEOUT)
            .body(request.form()?)
            .send();
        let reply = Reply::read(sent.await.map_err(failure)?, LARGEST).await?;
        reply.judge()?;
        granted(reply.body.as_deref()).ok_or_else(|| PlatformError::InvalidResponse {
            status: reply.status,
            fault: "the response has no access token".to_owned(),
        })
    }
}

/// The token of a response. Moodle calls its JSON `text/html`, so the media type does not count.
fn granted(body: Option<&[u8]>) -> Option<GrantedToken> {
    let response: TokenResponse = serde_json::from_slice(body?).ok()?;
    let expires_in = response.expires_in.and_then(|seconds| seconds.as_u64());
    (!response.access_token.is_empty()).then(|| GrantedToken {
        expires_in: expires_in.unwrap_or(EXPIRES_IN),
        scope: response.scope,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_from_json() {
        let check = |body: &str, expected: Option<(u64, Option<&str>)>| {
            let expected =
                expected.map(|(expires_in, scope)| (expires_in, scope.map(str::to_owned)));
            let found = granted(Some(body.as_bytes())).map(|it| (it.expires_in, it.scope));
            assert_eq!(found, expected, "{body}");
        };
        check(r#"{"access_token":"a","token_type":"Bearer","expires_in":60}"#, Some((60, None)));
        check(r#"{"access_token":"a","scope":"x y"}"#, Some((3600, Some("x y"))));
        check(r#"{"access_token":"a","expires_in":-1}"#, Some((3600, None)));
        for other in ["", "{}", "[]", r#"{"access_token":""}"#, r#"{"access_token":1}"#, "<html>"] {
            check(other, None);
        }
        assert_eq!(granted(None), None);
    }
}
