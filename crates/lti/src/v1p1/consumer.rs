use std::sync::{Arc, LazyLock};

use sha2::{Digest as _, Sha256};

use crate::oauth1::{SignatureMethod, SigningKey};
use crate::replay::{Account, shortened};
use crate::secret::Secret;
use crate::sender::{ConsumerKey, Sender};

/// An OAuth key that a platform or a course shares with one tool, with its secrets and its
/// signature methods.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub(super) key: ConsumerKey,
    pub(super) signing_keys: Vec<SigningKey>,
    /// The secrets as they are, without the encoding of OAuth.
    migration_keys: Vec<SigningKey>,
    pub(super) methods: Vec<SignatureMethod>,
}

impl Consumer {
    /// A consumer. Each of its secrets verifies a launch, so an admin can rotate a secret without
    /// downtime. `methods` are the signature methods that it may use.
    pub fn new(
        key: impl Into<ConsumerKey>,
        secrets: impl IntoIterator<Item = Secret>,
        methods: impl IntoIterator<Item = SignatureMethod>,
    ) -> Self {
        let secrets: Vec<Secret> = secrets.into_iter().collect();
        let unencoded = |secret: &Secret| SigningKey::of_bytes(secret.expose().as_bytes());
        Self {
            key: key.into(),
            signing_keys: secrets.iter().map(SigningKey::new).collect(),
            migration_keys: secrets.iter().map(unencoded).collect(),
            methods: methods.into_iter().collect(),
        }
    }
}

/// The consumers of one tool. A key is valid for its own tool only. Clones share one table.
#[derive(Clone, Debug)]
pub struct Consumers(Arc<Table>);

#[derive(Debug)]
struct Table {
    /// Sorted by key.
    sorted: Box<[KnownConsumer]>,
    /// The keys, in configured order.
    keys: Box<[ConsumerKey]>,
    most_secrets: usize,
}

/// A key for a consumer or a secret that does not exist.
static DUMMY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new(&Secret::new("")));

#[derive(Clone, Debug)]
pub(super) struct KnownConsumer {
    pub(super) consumer: Consumer,
    /// Identifies tool and key in fingerprints.
    pub(super) id: [u8; 16],
    /// The account of its nonces in the replay store.
    pub(super) account: Account,
}

impl Consumers {
    /// The consumers of the tool with this name. If two have one key, the last counts. The
    /// configuration refuses such a pair.
    pub fn new(tool: &str, consumers: impl IntoIterator<Item = Consumer>) -> Self {
        let known = consumers.into_iter().map(|consumer| {
            let digest = Sha256::new()
                .chain_update((tool.len() as u64).to_be_bytes())
                .chain_update(tool)
                .chain_update(consumer.key.as_str());
            let account = Account::new(tool, &Sender::Consumer(consumer.key.clone()));
            KnownConsumer { id: shortened(digest), account, consumer }
        });
        let mut sorted: Vec<KnownConsumer> = known.collect();
        let keys = sorted.iter().map(|known| known.consumer.key.clone()).collect();
        // The sort is stable, so the last of equal keys becomes the first, which stays.
        sorted.reverse();
        sorted.sort_by(|a, b| a.consumer.key.cmp(&b.consumer.key));
        sorted.dedup_by(|a, b| a.consumer.key == b.consumer.key);
        let most_secrets =
            sorted.iter().map(|known| known.consumer.signing_keys.len()).max().unwrap_or(1);
        // Not during the first launch: its duration would differ.
        LazyLock::force(&DUMMY);
        Self(Arc::new(Table { sorted: sorted.into(), keys, most_secrets }))
    }

    /// The keys, in configured order.
    pub fn keys(&self) -> &[ConsumerKey] {
        &self.0.keys
    }

    /// Whether one of the consumers has this key.
    pub fn contains(&self, key: &ConsumerKey) -> bool {
        self.get(key.as_str()).is_some()
    }

    /// The signing keys of a consumer, in the configured order of its secrets; `None` if the
    /// consumer does not exist.
    pub fn signing_keys(&self, key: &ConsumerKey) -> Option<&[SigningKey]> {
        self.get(key.as_str()).map(|known| known.consumer.signing_keys.as_slice())
    }

    /// The signature methods of a consumer; `None` if the consumer does not exist.
    pub fn signature_methods(&self, key: &ConsumerKey) -> Option<&[SignatureMethod]> {
        self.get(key.as_str()).map(|known| known.consumer.methods.as_slice())
    }

    /// Whether a secret of a consumer signed this text for a migration to LTI 1.3 (HMAC-SHA256).
    /// There is no timing side channel: neither the key nor the number of its secrets counts.
    pub(crate) fn signed_migration(&self, key: &ConsumerKey, text: &str, signature: &[u8]) -> bool {
        let known = self.get(key.as_str()).map(|known| known.consumer.migration_keys.as_slice());
        let keys = known.unwrap_or_default();
        (0..self.most_secrets()).fold(false, |is_signed, index| {
            let key = keys.get(index).unwrap_or(self.dummy());
            let verifies = key.verify(SignatureMethod::HmacSha256, text, signature);
            is_signed | (verifies & (index < keys.len()))
        })
    }

    pub(super) fn get(&self, key: &str) -> Option<&KnownConsumer> {
        let sorted = &self.0.sorted;
        let at = sorted.binary_search_by(|known| known.consumer.key.as_str().cmp(key)).ok()?;
        sorted.get(at)
    }

    /// The largest number of secrets of one consumer. Every verification tries this many, whether
    /// the key is known or not, so that there is no timing side channel.
    pub(super) fn most_secrets(&self) -> usize {
        self.0.most_secrets
    }

    /// A key for a consumer or a secret that does not exist. Its result is ignored.
    pub(super) fn dummy(&self) -> &SigningKey {
        &DUMMY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth1::decode_signature;

    // The example of the 1EdTech LTI 1.3 migration guide. Checklist E10.
    #[test]
    fn the_example_of_the_migration_guide_verifies() {
        let secrets = ["another", "my-lti11-secret"].map(Secret::new);
        let key = ConsumerKey::from("179248902");
        let consumers =
            Consumers::new("nb", [Consumer::new(key.clone(), secrets, SignatureMethod::ALL)]);
        let text =
            "179248902&689302&https://lmsvendor.com&PM48OJSfGDTAzAo&1551290856&172we8671fd8z";
        let signature = decode_signature("lWd54kFo5qU7xshAna6v8BwoBm6tmUjc6GTax6+12ps=");
        assert!(consumers.signed_migration(&key, text, &signature));
        assert!(!consumers.signed_migration(&"other".into(), text, &signature));
        assert!(!consumers.signed_migration(&key, &text[1..], &signature));
        assert!(!consumers.signed_migration(&key, text, &signature[1..]));
        assert!(!consumers.signed_migration(&key, text, &[]));
        // A key that does not exist has no secret, not an empty one.
        let dummy = SigningKey::new(&Secret::new(""));
        let signature = decode_signature(&dummy.sign(SignatureMethod::HmacSha256, text));
        assert!(!consumers.signed_migration(&"other".into(), text, &signature));
    }
}
