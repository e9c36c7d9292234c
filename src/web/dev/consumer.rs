//! The consumer that the practice platform signs with.

use lti::oauth1::{SignatureMethod, SigningKey};
use lti::{ConsumerKey, Secret};

use crate::config::{PLACEHOLDER_SECRET, Tool};

/// The key of a consumer whose secret is development's stand-in, which everybody knows: whoever opens this page must not be able
/// to sign with any other.
pub(super) fn key_with_stand_in(tool: &Tool) -> Option<&str> {
    const PROBE: &str = "POST&practice";
    let stand_in =
        SigningKey::new(&Secret::new(PLACEHOLDER_SECRET)).sign(SignatureMethod::HmacSha1, PROBE);
    let is_stand_in = |key: &SigningKey| key.sign(SignatureMethod::HmacSha1, PROBE) == stand_in;
    let consumers = &tool.senders.consumers;
    consumers
        .keys()
        .iter()
        .find(|key| consumers.signing_keys(key).is_some_and(|keys| keys.iter().any(is_stand_in)))
        .map(ConsumerKey::as_str)
}
