//! The consumer that the practice platform signs with.

use std::fmt;

use lti::ConsumerKey;
use lti::oauth1::{SignatureMethod, SigningKey};

use crate::config::Tool;
use crate::url::{UrlParts, is_loopback};
use crate::web::gateway::Gateway;

/// A consumer of a tool, as the practice platform.
pub(super) struct PracticeConsumer<'g> {
    pub(super) key: &'g str,
    pub(super) signing_key: &'g SigningKey,
    pub(super) method: SignatureMethod,
}

/// Why the practice platform does not sign launches of a tool: it has no secret, or a configured
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unlaunchable {
    /// It has no consumer: only platforms of LTI 1.3 launch it.
    NoConsumer,
    /// Others than this machine may reach the gateway.
    Exposed,
    /// A proxy passed the request on, so others than this machine may reach the gateway.
    Forwarded,
    /// Its launch URL is of another machine. Holds its origin.
    NotLoopback(String),
}

impl fmt::Display for Unlaunchable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConsumer => write!(f, "it has no key for LTI 1.1"),
            Self::Exposed => write!(
                f,
                "its secret is configured, and with dev_host this page signs only with the random \
                 secrets of this start: unset the variable of the secret"
            ),
            Self::Forwarded => write!(
                f,
                "its secret is configured, and a proxy passed this request on: open this page on \
                 the gateway's machine, or set dev_host"
            ),
            Self::NotLoopback(origin) => write!(
                f,
                "its secret is configured, and its launches go to {origin}: this page uses such a \
                 secret only for this machine"
            ),
        }
    }
}

impl<'g> PracticeConsumer<'g> {
    /// The consumer for launches of a tool. One with development's placeholder comes first.
    ///
    /// A configured secret signs launches of this machine only: a signature covers its URL, so it
    /// is of no use at another gateway with the same secret. `url` is the launch URL. A forwarded
    /// request gets no such signature: its `Host` may be a proxy's.
    ///
    /// # Errors
    /// An [`Unlaunchable`].
    pub(super) fn of(
        gateway: &'g Gateway,
        tool: &'g Tool,
        url: &str,
        is_forwarded: bool,
    ) -> Result<Self, Unlaunchable> {
        let consumers = &tool.senders.consumers;
        if consumers.keys().is_empty() {
            return Err(Unlaunchable::NoConsumer);
        }
        let of_key = |key: &'g ConsumerKey, signing_key: &'g SigningKey| {
            let allowed = consumers.signature_methods(key).unwrap_or_default();
            let method = SignatureMethod::ALL.into_iter().find(|method| allowed.contains(method));
            let method = method.unwrap_or(SignatureMethod::HmacSha1);
            Self { key: key.as_str(), signing_key, method }
        };
        let keys = || {
            let known = |key| consumers.signing_keys(key).unwrap_or_default();
            consumers.keys().iter().map(move |key| (key, known(key)))
        };
        let mut placeholders = keys().filter_map(|(key, signing_keys)| {
            let placeholder = &gateway.development.as_ref()?.placeholder;
            Some((key, signing_keys.iter().find(|one| is_same(one, placeholder))?))
        });
        if let Some((key, signing_key)) = placeholders.next() {
            return Ok(of_key(key, signing_key));
        }
        if gateway.is_exposed() {
            return Err(Unlaunchable::Exposed);
        }
        if is_forwarded {
            return Err(Unlaunchable::Forwarded);
        }
        let origin = UrlParts::parse(url).and_then(|parts| parts.origin());
        let first = keys().find_map(|(key, signing_keys)| Some((key, signing_keys.first()?)));
        match (first, origin) {
            (Some((key, signing_key)), Some(origin)) if is_loopback(origin.host()) => {
                Ok(of_key(key, signing_key))
            }
            (_, origin) => {
                let origin = origin.map(|origin| origin.to_string());
                Err(Unlaunchable::NotLoopback(origin.unwrap_or_else(|| url.to_owned())))
            }
        }
    }
}

/// Whether two keys are of one secret. Keys cannot be compared, but their signatures can.
fn is_same(one: &SigningKey, other: &SigningKey) -> bool {
    const PROBE: &str = "POST&practice";
    let signature = |key: &SigningKey| key.sign(SignatureMethod::HmacSha1, PROBE);
    signature(one) == signature(other)
}
