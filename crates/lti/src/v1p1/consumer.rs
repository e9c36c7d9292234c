use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use crate::Secret;
use crate::oauth1::{SignatureMethod, SigningKey};
use crate::replay::shortened;

/// The OAuth key that one platform, or one course, shares with one tool, its secrets, and how it may sign.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub(super) key: String,
    pub(super) signing_keys: Vec<SigningKey>,
    pub(super) methods: Vec<SignatureMethod>,
}

impl Consumer {
    /// A consumer of the given secrets, each of which verifies a launch, so that a secret can be exchanged
    /// without a gap. `methods` are the signature methods it may use.
    pub fn new(
        key: impl Into<String>,
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

/// The consumers of one tool. A key counts for its own tool only.
#[derive(Clone, Debug)]
pub struct Consumers {
    by_key: HashMap<String, Known>,
    /// The most secrets that one of them has: so many are tried for every key, known or not.
    pub(super) most_secrets: usize,
    /// Verifies nothing; stands in where there is no consumer or no further secret.
    pub(super) dummy: SigningKey,
}

#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) consumer: Consumer,
    /// Stands for tool and key in the replay memory.
    pub(super) id: [u8; 16],
}

impl Consumers {
    /// The consumers of the tool of this name. Of two with one key the last counts; configuration refuses them.
    pub fn new(tool: &str, consumers: impl IntoIterator<Item = Consumer>) -> Self {
        let by_key: HashMap<_, _> = consumers
            .into_iter()
            .map(|consumer| {
                let digest = Sha256::new()
                    .chain_update((tool.len() as u64).to_be_bytes())
                    .chain_update(tool)
                    .chain_update(&consumer.key);
                (consumer.key.clone(), Known { id: shortened(digest), consumer })
            })
            .collect();
        let most_secrets =
            by_key.values().map(|known| known.consumer.signing_keys.len()).max().unwrap_or(1);
        Self { by_key, most_secrets, dummy: SigningKey::new(&Secret::new("")) }
    }

    /// The signing keys of a consumer, in the order in which its secrets were given; `None` where there is no such consumer.
    pub fn signing_keys(&self, key: &str) -> Option<&[SigningKey]> {
        self.get(key).map(|known| known.consumer.signing_keys.as_slice())
    }

    /// How a consumer may sign; `None` where there is no such consumer.
    pub fn signature_methods(&self, key: &str) -> Option<&[SignatureMethod]> {
        self.get(key).map(|known| known.consumer.methods.as_slice())
    }

    pub(super) fn get(&self, key: &str) -> Option<&Known> {
        self.by_key.get(key)
    }
}
