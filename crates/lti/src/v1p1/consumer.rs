use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::oauth1::{SignatureMethod, SigningKey};
use crate::replay::shortened;
use crate::secret::Secret;
use crate::sender::ConsumerKey;

/// The OAuth key that one platform, or one course, shares with one tool, its secrets, and how it may sign.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub(super) key: ConsumerKey,
    pub(super) signing_keys: Vec<SigningKey>,
    pub(super) methods: Vec<SignatureMethod>,
}

impl Consumer {
    /// A consumer of the given secrets, each of which verifies a launch, so that a secret can be exchanged
    /// without a gap. `methods` are the signature methods it may use.
    pub fn new(
        key: impl Into<ConsumerKey>,
        secrets: impl IntoIterator<Item = Secret>,
        methods: impl IntoIterator<Item = SignatureMethod>,
    ) -> Self {
        Self {
            key: key.into(),
            signing_keys: secrets.into_iter().map(|secret| SigningKey::new(&secret)).collect(),
            methods: methods.into_iter().collect(),
        }
    }
}

/// The consumers of one tool. A key counts for its own tool only. Clones share one table.
#[derive(Clone, Debug)]
pub struct Consumers(Arc<Table>);

#[derive(Debug)]
struct Table {
    by_key: HashMap<String, KnownConsumer>,
    /// In the order in which they were given.
    keys: Vec<ConsumerKey>,
    most_secrets: usize,
    dummy: SigningKey,
}

#[derive(Clone, Debug)]
pub(super) struct KnownConsumer {
    pub(super) consumer: Consumer,
    /// Stands for tool and key in the replay memory.
    pub(super) id: [u8; 16],
}

impl Consumers {
    /// The consumers of the tool of this name. Of two with one key the last counts; configuration refuses them.
    pub fn new(tool: &str, consumers: impl IntoIterator<Item = Consumer>) -> Self {
        let mut keys = Vec::new();
        let mut by_key = HashMap::new();
        for consumer in consumers {
            let digest = Sha256::new()
                .chain_update((tool.len() as u64).to_be_bytes())
                .chain_update(tool)
                .chain_update(consumer.key.as_str());
            keys.push(consumer.key.clone());
            let known = KnownConsumer { id: shortened(digest), consumer };
            by_key.insert(known.consumer.key.as_str().to_owned(), known);
        }
        let most_secrets =
            by_key.values().map(|known| known.consumer.signing_keys.len()).max().unwrap_or(1);
        let dummy = SigningKey::new(&Secret::new(""));
        Self(Arc::new(Table { by_key, keys, most_secrets, dummy }))
    }

    /// The keys, in the order in which the consumers were given.
    pub fn keys(&self) -> &[ConsumerKey] {
        &self.0.keys
    }

    /// Whether one of the consumers has this key.
    pub fn contains(&self, key: &ConsumerKey) -> bool {
        self.get(key.as_str()).is_some()
    }

    /// The signing keys of a consumer, in the order in which its secrets were given; `None` where there is no such consumer.
    pub fn signing_keys(&self, key: &ConsumerKey) -> Option<&[SigningKey]> {
        self.get(key.as_str()).map(|known| known.consumer.signing_keys.as_slice())
    }

    /// How a consumer may sign; `None` where there is no such consumer.
    pub fn signature_methods(&self, key: &ConsumerKey) -> Option<&[SignatureMethod]> {
        self.get(key.as_str()).map(|known| known.consumer.methods.as_slice())
    }

    pub(super) fn get(&self, key: &str) -> Option<&KnownConsumer> {
        self.0.by_key.get(key)
    }

    /// The most secrets that one of them has: so many are tried for every key, known or not.
    pub(super) fn most_secrets(&self) -> usize {
        self.0.most_secrets
    }

    /// Verifies nothing; replaces a consumer or a secret that does not exist.
    pub(super) fn dummy(&self) -> &SigningKey {
        &self.0.dummy
    }
}
