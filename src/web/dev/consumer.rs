//! The consumer that the practice platform signs with.

use lti::oauth1::{SignatureMethod, SigningKey};
use lti::{ConsumerKey, Secret};

use crate::config::{PLACEHOLDER_SECRET, Tool};

/// The key of a consumer of the tool whose secret is development's placeholder.
///
/// The placeholder is public. A visitor of `/dev` must not be able to sign with a real secret.
pub(super) fn placeholder_key(tool: &Tool) -> Option<&str> {
    const PROBE: &str = "POST&practice";
    let placeholder =
        SigningKey::new(&Secret::new(PLACEHOLDER_SECRET)).sign(SignatureMethod::HmacSha1, PROBE);
    let is_placeholder =
        |key: &SigningKey| key.sign(SignatureMethod::HmacSha1, PROBE) == placeholder;
    let consumers = &tool.senders.consumers;
    consumers
        .keys()
        .iter()
        .find(|key| consumers.signing_keys(key).is_some_and(|keys| keys.iter().any(is_placeholder)))
        .map(ConsumerKey::as_str)
}
