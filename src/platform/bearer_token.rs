use std::sync::Arc;

use lti::Secret;
use reqwest::header::HeaderValue;

/// The fault of a response with such a token.
pub(super) const NO_HEADER_CAN_CARRY: &str =
    "the access token has characters that no header can carry";

/// An access token. `Debug` hides it. It goes only to the host of the service's URL.
#[derive(Clone, Debug)]
pub struct AccessToken(Arc<Secret>);

impl AccessToken {
    /// The token of a response.
    pub(super) fn new(token: Secret) -> Self {
        Self(Arc::new(token))
    }

    /// The value of `Authorization`. `None` if the token has characters that no header can carry.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0.expose())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The token itself, for the request, and for masking it in the response.
    pub(super) fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether both are the token of one response.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_a_token() {
        let token = AccessToken::new(Secret::new("tok3n"));
        assert!(!format!("{token:?} {:?}", token.header()).contains("tok3n"));
    }
}
