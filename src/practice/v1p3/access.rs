//! The access tokens of the practice platform, and the ids of the assertions that got them.

use std::collections::VecDeque;

use super::scope::ServiceScope;

/// The largest number of tokens. The oldest are dropped, as if they had expired.
const MOST_TOKENS: usize = 100;
/// The largest number of ids. Only the gateway's own key makes one.
const MOST_IDS: usize = 1000;
/// How long a token is valid, in seconds.
pub(super) const TOKEN_LIFETIME: u64 = 3600;

/// The rights of an access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AccessGrant {
    /// The name of the tool.
    pub(super) tool: String,
    /// The granted scopes, and no others.
    pub(super) scopes: Vec<ServiceScope>,
}

/// The access tokens, by their values.
#[derive(Default)]
pub struct AccessTokens {
    tokens: VecDeque<(String, u64, AccessGrant)>,
    /// Ids of assertions and nonces of responses, with the end of their tokens.
    ids: VecDeque<(String, u64)>,
}

impl AccessTokens {
    /// Stores a token with an unguessable value.
    pub(super) fn add(&mut self, value: String, grant: AccessGrant, now: u64) {
        self.tokens.truncate(MOST_TOKENS - 1);
        self.tokens.push_front((value, now.saturating_add(TOKEN_LIFETIME), grant));
    }

    /// The rights of a token. `None` if it is unknown or expired.
    pub(super) fn grant(&self, value: &str, now: u64) -> Option<&AccessGrant> {
        let (.., grant) =
            self.tokens.iter().find(|(known, expires, _)| known == value && now < *expires)?;
        Some(grant)
    }

    /// Spends an id, which is valid until `expires`. Whether it was new.
    pub(super) fn spend(&mut self, id: &str, expires: u64, now: u64) -> bool {
        self.ids.retain(|(_, expires)| now <= *expires);
        if self.ids.iter().any(|(known, _)| known == id) || self.ids.len() >= MOST_IDS {
            return false;
        }
        self.ids.push_front((id.to_owned(), expires));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_expires_and_the_oldest_ones_are_dropped() {
        let grant = |tool: &str| AccessGrant { tool: tool.to_owned(), scopes: Vec::new() };
        let mut tokens = AccessTokens::default();
        tokens.add("first".to_owned(), grant("a"), 1000);
        assert_eq!(tokens.grant("first", 4599), Some(&grant("a")));
        assert_eq!(tokens.grant("first", 4600), None);
        assert_eq!(tokens.grant("other", 1000), None);
        for number in 0..MOST_TOKENS {
            tokens.add(number.to_string(), grant("b"), 1000);
        }
        assert_eq!(tokens.grant("first", 1000), None);
        assert_eq!(tokens.tokens.len(), MOST_TOKENS);
    }

    #[test]
    fn an_id_is_valid_once_until_its_token_expires() {
        let mut tokens = AccessTokens::default();
        assert!(tokens.spend("a", 1100, 1000));
        assert!(!tokens.spend("a", 1100, 1100));
        assert!(tokens.spend("b", 1100, 1000));
        assert!(tokens.spend("a", 1200, 1101), "no assertion with this id is valid any more");
        assert_eq!(tokens.ids.len(), 1);
        for number in 1..MOST_IDS {
            assert!(tokens.spend(&number.to_string(), 2000, 1101));
        }
        assert!(!tokens.spend("one more", 2000, 1101), "refused, not forgotten");
    }
}
