//! A request with an access token.

use super::access::AccessTokens;
use super::scope::ServiceScope;

/// The head of a request to a service.
pub struct BearerRequest<'a> {
    /// The name of the tool in the URL.
    pub tool: &'a str,
    /// The `Authorization` header.
    pub authorization: &'a str,
    /// The `Content-Type` header.
    pub content_type: &'a str,
    /// The `Accept` header.
    pub accept: &'a str,
    /// The time, in seconds since the epoch.
    pub now: u64,
}

/// Why a service refuses a request before it reads it.
pub(super) struct AccessDenied {
    pub(super) status: u16,
    pub(super) reason: String,
}

impl AccessDenied {
    fn new(status: u16, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }
}

impl BearerRequest<'_> {
    /// Checks that the token is valid for this tool and has one of these scopes.
    pub(super) fn check(
        &self,
        tokens: &AccessTokens,
        scopes: &[ServiceScope],
    ) -> Result<(), AccessDenied> {
        let value = self.authorization.split_once(' ');
        let value = value.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, value) =
            value.ok_or_else(|| AccessDenied::new(401, "the request has no access token"))?;
        let grant = tokens.grant(value.trim(), self.now);
        let grant = grant
            .ok_or_else(|| AccessDenied::new(401, "the access token is unknown or expired"))?;
        if grant.tool != self.tool {
            return Err(AccessDenied::new(403, "the access token is of another tool"));
        }
        if !scopes.iter().any(|scope| grant.scopes.contains(scope)) {
            let needed: Vec<&str> = scopes.iter().map(|scope| scope.uri()).collect();
            let reason = format!("the access token has no scope {}", needed.join(" or "));
            return Err(AccessDenied::new(403, reason));
        }
        Ok(())
    }

    /// Checks the media type of the body. Moodle compares it with all its parameters.
    pub(super) fn sends(&self, media_type: &str) -> Result<(), AccessDenied> {
        if self.content_type == media_type {
            return Ok(());
        }
        Err(AccessDenied::new(400, format!("the Content-Type is not {media_type}")))
    }

    /// Checks that the client accepts this media type.
    pub(super) fn accepts(&self, media_type: &str) -> Result<(), AccessDenied> {
        let mut ranges = self.accept.split(',').map(|range| range.split(';').next());
        let is_accepted = self.accept.is_empty()
            || ranges.any(|range| {
                let range = range.unwrap_or_default().trim();
                matches!(range, "*/*" | "application/*") || range == media_type
            });
        if is_accepted {
            return Ok(());
        }
        Err(AccessDenied::new(406, format!("the Accept header does not have {media_type}")))
    }
}
