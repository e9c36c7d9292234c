//! The token endpoint: it grants access tokens to the gateway's assertions, and checks each of them
//! completely (RFC 7523 §3, 1EdTech security framework §4.1).

use lti::jose::{Keyset, verified_claims};
use lti::oauth1::{Params, Source};
use serde_json::{Value, json};

use super::access::{AccessGrant, AccessTokens, TOKEN_LIFETIME};
use super::platform::{ISSUER, denied_client, lost_client, random_id};
use super::scope::ServiceScope;
use crate::practice::service::ServiceResponse;

/// The longest lifetime of an assertion, in seconds, and the most that its clock may differ.
const LONGEST_LIFETIME: u64 = 3600;
const CLOCK_SKEW: u64 = 60;
/// The largest length of the id of an assertion.
const LONGEST_ID: usize = 255;
/// The only type of a client assertion.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A request for an access token.
pub struct TokenEndpointRequest<'a> {
    /// The names of all tools.
    pub tools: &'a [&'a str],
    /// The gateway's own keyset for this platform.
    pub keyset: &'a Keyset,
    /// The `Content-Type` header.
    pub content_type: &'a str,
    /// The body.
    pub body: &'a [u8],
    /// The time, in seconds since the epoch.
    pub now: u64,
}

/// Why a request gets no token (RFC 6749 §5.2).
#[derive(Debug, PartialEq, Eq)]
struct TokenRefusal {
    error: &'static str,
    description: String,
}

impl TokenRefusal {
    fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, description: description.into() }
    }

    fn request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    fn client(description: impl Into<String>) -> Self {
        Self::new("invalid_client", description)
    }

    fn status(&self) -> u16 {
        if self.error == "invalid_client" { 401 } else { 400 }
    }
}

impl TokenEndpointRequest<'_> {
    /// Grants a token, or refuses.
    pub fn respond(&self, tokens: &mut AccessTokens) -> ServiceResponse {
        let granted = self.grant(tokens).and_then(|grant| {
            let value = random_id();
            let value = value.ok_or(TokenRefusal::new("server_error", "no randomness"))?;
            Ok((value, grant))
        });
        match granted {
            Ok((value, grant)) => {
                let scope = ServiceScope::joined(&grant.scopes);
                let body = json!({
                    "access_token": value,
                    "token_type": "Bearer",
                    "expires_in": TOKEN_LIFETIME,
                    "scope": scope,
                });
                let finding = format!("an access token for {} was granted: {scope}", grant.tool);
                tokens.add(value, grant, self.now);
                ServiceResponse::json(200, &body, finding)
            }
            Err(refusal) => {
                let TokenRefusal { error, description } = &refusal;
                let body = json!({ "error": error, "error_description": description });
                ServiceResponse::json(refusal.status(), &body, format!("{error}: {description}"))
            }
        }
    }

    fn grant(&self, tokens: &mut AccessTokens) -> Result<AccessGrant, TokenRefusal> {
        let media_type = self.content_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(TokenRefusal::request("the body is not a form"));
        }
        let params = Params::default().read_form(Source::Body, self.body);
        let params = params.map_err(|_| TokenRefusal::request("the form is malformed"))?;
        let param = |name: &str| {
            let mut values = params.iter().filter(|param| param.name == name);
            match (values.next(), values.next()) {
                (Some(param), None) => Ok(param.value),
                _ => Err(TokenRefusal::request(format!("the form does not have one {name}"))),
            }
        };
        let (grant_type, assertion_type) = (param("grant_type")?, param("client_assertion_type")?);
        let (assertion, scope) = (param("client_assertion")?, param("scope")?);
        if grant_type != "client_credentials" {
            let description = "grant_type is not client_credentials";
            return Err(TokenRefusal::new("unsupported_grant_type", description));
        }
        if assertion_type != ASSERTION_TYPE {
            let description = format!("client_assertion_type is not {ASSERTION_TYPE}");
            return Err(TokenRefusal::client(description));
        }
        let (client, tool) = self.client(assertion, tokens)?;
        let scopes: Option<Vec<_>> =
            scope.split(' ').filter(|uri| !uri.is_empty()).map(ServiceScope::of).collect();
        let Some(mut scopes) = scopes.filter(|scopes| !scopes.is_empty()) else {
            let description = "scope has none of this platform's scopes, or an unknown one";
            return Err(TokenRefusal::new("invalid_scope", description));
        };
        if client == denied_client(tool).as_str() {
            let description = "the admin of this platform grants this client no scopes";
            return Err(TokenRefusal::new("invalid_scope", description));
        }
        let mut known = Vec::new();
        scopes.retain(|scope| {
            !known.contains(scope) && {
                known.push(*scope);
                true
            }
        });
        Ok(AccessGrant { tool: tool.to_owned(), scopes })
    }

    /// The client of an assertion, and its tool.
    fn client(
        &self,
        assertion: &str,
        tokens: &mut AccessTokens,
    ) -> Result<(String, &str), TokenRefusal> {
        let claims = verified_claims(assertion, self.keyset)
            .map_err(|fault| TokenRefusal::client(fault.to_string()))?;
        let string = |name: &str| {
            let value = claims[name].as_str().filter(|value| !value.is_empty());
            value.ok_or_else(|| TokenRefusal::client(format!("the assertion has no {name}")))
        };
        let (issuer, subject) = (string("iss")?, string("sub")?);
        if issuer != subject {
            return Err(TokenRefusal::client("iss and sub of the assertion differ"));
        }
        let is_of = |tool: &&&str| {
            issuer == **tool
                || issuer == lost_client(tool).as_str()
                || issuer == denied_client(tool).as_str()
        };
        let tool = self.tools.iter().find(is_of);
        let tool = tool.ok_or_else(|| TokenRefusal::client("no client has this id"))?;
        let audience = format!("{ISSUER}/token");
        let is_here = match &claims["aud"] {
            Value::String(one) => *one == audience,
            Value::Array(several) => several.iter().any(|one| *one == audience.as_str()),
            _ => false,
        };
        if !is_here {
            return Err(TokenRefusal::client(format!("aud of the assertion is not {audience}")));
        }
        let expires = self.lifetime(&claims)?;
        let id = string("jti")?;
        if id.len() > LONGEST_ID {
            return Err(TokenRefusal::client("jti of the assertion is too long"));
        }
        // Last: a refused assertion spends nothing.
        if !tokens.spend(&format!("{issuer} {id}"), expires, self.now) {
            return Err(TokenRefusal::client("the assertion was used before"));
        }
        Ok((issuer.to_owned(), tool))
    }

    /// The last second at which an assertion may be accepted.
    fn lifetime(&self, claims: &Value) -> Result<u64, TokenRefusal> {
        let seconds = |name: &str| {
            let number = claims[name].as_u64();
            number.ok_or_else(|| TokenRefusal::client(format!("the assertion has no {name}")))
        };
        let (issued, expires) = (seconds("iat")?, seconds("exp")?);
        if self.now > expires.saturating_add(CLOCK_SKEW) {
            return Err(TokenRefusal::client("the assertion has expired"));
        }
        if issued > self.now.saturating_add(CLOCK_SKEW) {
            return Err(TokenRefusal::client("the assertion is from the future"));
        }
        if expires <= issued || expires.saturating_sub(issued) > LONGEST_LIFETIME {
            return Err(TokenRefusal::client("the assertion is valid for more than an hour"));
        }
        Ok(expires.saturating_add(CLOCK_SKEW))
    }
}
