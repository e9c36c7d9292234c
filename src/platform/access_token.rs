//! Access tokens for the services of an LTI 1.3 platform: OAuth 2.0 with a client assertion
//! (1EdTech security framework §4.1, RFC 7523).

use std::time::Duration;

use lti::Secret;
use lti::jose::{RsaKey, sign};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use ring::rand::SystemRandom;
use serde::Deserialize;
use serde_json::{Value, json};

use super::bearer_token::{AccessToken, NO_HEADER_CAN_CARRY};
use super::error::PlatformError;
use super::log_reason::error_code;
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
    scope: Option<Value>,
}

/// The response of a token endpoint that grants no token (RFC 6749 §5.2).
#[derive(Deserialize)]
struct TokenFault {
    error: String,
    error_description: Option<String>,
}

impl TokenFault {
    /// The code, and the description if it has one.
    fn message(self) -> String {
        let Self { error, error_description } = self;
        match error_description.filter(|more| !more.trim().is_empty()) {
            Some(more) => format!("{error}: {more}"),
            None => error,
        }
    }
}

impl TokenRequest<'_> {
    /// The form of the request, and the assertion in it.
    fn form(&self) -> Result<(String, String), PlatformError> {
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
        Ok((form, assertion))
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
        let reply = self.token_reply(request).await?;
        reply.judge()?;
        granted(&reply).map(|(_, granted)| granted)
    }

    /// Requests an access token for a service.
    ///
    /// Only an answer about the scopes is final: admins correct URLs, and platforms cache the
    /// gateway's keys.
    pub(super) async fn grant(
        &self,
        request: &TokenRequest<'_>,
    ) -> Result<(AccessToken, GrantedToken), PlatformError> {
        let reply = self.token_reply(request).await?;
        match reply.judge() {
            Ok(()) => granted(&reply),
            Err(PlatformError::RefusedByStatus { status, description }) => {
                let fault = reply
                    .body
                    .as_deref()
                    .and_then(|body| serde_json::from_slice::<TokenFault>(body).ok());
                let is_scope = fault.as_ref().is_some_and(|fault| fault.error == "invalid_scope");
                let code = fault.as_ref().and_then(|fault| error_code(&fault.error));
                let description = fault.map_or(description, |fault| reply.shown(&fault.message()));
                Err(match is_scope {
                    true => PlatformError::ScopeRefused { status, description, code, kind: None },
                    false => PlatformError::ClientRefused {
                        status,
                        description,
                        code,
                        platform: String::new(),
                        keyset_url: String::new(),
                    },
                })
            }
            Err(error) => Err(error),
        }
    }

    async fn token_reply(&self, request: &TokenRequest<'_>) -> Result<Reply, PlatformError> {
        let (form, assertion) = request.form()?;
        let sent = self
            .client
            .post(self.url(&request.client.token_url)?)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity")
            .timeout(TIMEOUT)
            .body(form)
            .send();
        let reply = Reply::read(sent.await.map_err(failure)?, LARGEST).await?;
        Ok(reply.without(&assertion))
    }
}

/// The token of a response.
fn granted(reply: &Reply) -> Result<(AccessToken, GrantedToken), PlatformError> {
    let invalid = |fault: &str| PlatformError::InvalidResponse {
        status: reply.status,
        fault: fault.to_owned(),
    };
    let (token, granted) = read_token(reply.body.as_deref())
        .ok_or_else(|| invalid("the response has no access token"))?;
    if token.header().is_none() {
        return Err(invalid(NO_HEADER_CAN_CARRY));
    }
    Ok((token, granted))
}

/// The token of a body. Moodle calls its JSON `text/html`, so the media type does not count.
fn read_token(body: Option<&[u8]>) -> Option<(AccessToken, GrantedToken)> {
    let response: TokenResponse = serde_json::from_slice(body?).ok()?;
    if response.access_token.is_empty() {
        return None;
    }
    // Some platforms write the number as a string.
    let seconds = |value: Value| value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    let granted = GrantedToken {
        expires_in: response.expires_in.and_then(seconds).unwrap_or(EXPIRES_IN),
        scope: response.scope.and_then(scope),
    };
    Some((AccessToken::new(Secret::new(response.access_token)), granted))
}

/// The scopes of a response, separated by spaces. Some platforms write a list.
fn scope(value: Value) -> Option<String> {
    match value {
        Value::String(scope) => Some(scope),
        Value::Array(scopes) => {
            Some(scopes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_from_json() {
        let check = |body: &str, expected: Option<(u64, Option<&str>)>| {
            let expected =
                expected.map(|(expires_in, scope)| (expires_in, scope.map(str::to_owned)));
            let found = read_token(Some(body.as_bytes()));
            let found = found.map(|(_, it)| (it.expires_in, it.scope));
            assert_eq!(found, expected, "{body}");
        };
        check(r#"{"access_token":"a","token_type":"Bearer","expires_in":60}"#, Some((60, None)));
        check(r#"{"access_token":"a","scope":"x y"}"#, Some((3600, Some("x y"))));
        check(r#"{"access_token":"a","expires_in":-1}"#, Some((3600, None)));
        check(r#"{"access_token":"a","expires_in":"90"}"#, Some((90, None)));
        check(r#"{"access_token":"a","scope":["x","y"]}"#, Some((3600, Some("x y"))));
        check(r#"{"access_token":"a","scope":null}"#, Some((3600, None)));
        for other in ["", "{}", "[]", r#"{"access_token":""}"#, r#"{"access_token":1}"#, "<html>"] {
            check(other, None);
        }
        assert!(read_token(None).is_none());
    }

    #[test]
    fn a_fault_has_no_colon_without_a_description() {
        let check = |body: &str, expected: &str| {
            let fault: TokenFault = serde_json::from_str(body).expect("a fault");
            assert_eq!(fault.message(), expected, "{body}");
        };
        check(r#"{"error":"invalid_scope","error_description":"no"}"#, "invalid_scope: no");
        for empty in ["", r#","error_description":"""#, r#","error_description":" ""#] {
            check(&format!("{{\"error\":\"invalid_scope\"{empty}}}"), "invalid_scope");
        }
    }
}
