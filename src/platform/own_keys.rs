use std::collections::HashMap;
use std::sync::Arc;

use lti::jose::{RsaKey, keyset_document};
use lti::{PlatformName, Secret};
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::spawn_blocking;

use crate::config::{Config, Platform, PlatformKeys};

/// The gateway's own private keys: one list for each platform.
///
/// The search for the primes of a derived key takes a processor for a moment. It begins when a key
/// is first needed, on a thread that serves no requests, one key at a time.
pub struct OwnKeys {
    rings: HashMap<PlatformName, Arc<OwnKeyring>>,
    /// The turn of the only search.
    turn: Arc<Semaphore>,
}

/// The gateway's own keys for one platform. The first one signs.
pub struct OwnKeyring {
    source: OwnKeySource,
    keys: OnceCell<Arc<[RsaKey]>>,
    turn: Arc<Semaphore>,
}

/// The source of the keys for one platform.
#[derive(Clone)]
pub enum OwnKeySource {
    /// One key for each of these secrets, derived for the platform with this name.
    Derived(PlatformName, Vec<Secret>),
    /// The keys of these PEMs.
    Pem(Vec<Secret>),
}

/// The search for a key has failed. Nothing remembers it: the next request searches again.
#[derive(Debug, thiserror::Error)]
#[error("the gateway's key for the platform could not be computed")]
pub struct NoOwnKey;

impl OwnKeySource {
    /// The source of the keys for a platform. `secrets` are those of `gateway.secret`.
    pub fn of(platform: &Platform, secrets: &[Secret]) -> Self {
        match &platform.keys {
            PlatformKeys::Derived => Self::Derived(platform.name.clone(), secrets.to_vec()),
            PlatformKeys::Pem(pems) => Self::Pem(pems.clone()),
        }
    }

    /// The keys. Takes long if they are derived: see [`RsaKey::derive`].
    pub fn keys(&self) -> Vec<RsaKey> {
        (0..self.secrets().len()).filter_map(|at| self.key(at)).collect()
    }

    fn secrets(&self) -> &[Secret] {
        match self {
            Self::Derived(_, secrets) | Self::Pem(secrets) => secrets,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        let is_same_kind = match (self, other) {
            (Self::Derived(name, _), Self::Derived(other, _)) => name == other,
            (Self::Pem(_), Self::Pem(_)) => true,
            _ => false,
        };
        let secrets = self.secrets().iter().map(Secret::expose);
        is_same_kind && secrets.eq(other.secrets().iter().map(Secret::expose))
    }

    /// The key with this number. The configuration has no PEM without a key.
    fn key(&self, at: usize) -> Option<RsaKey> {
        let secret = self.secrets().get(at)?;
        match self {
            Self::Derived(name, _) => Some(RsaKey::derive(secret, name)),
            Self::Pem(_) => RsaKey::from_pem(secret).ok(),
        }
    }
}

impl OwnKeys {
    /// The keys of a configuration. Computes none of them.
    pub fn new(config: &Config) -> Self {
        Self::with(config, None)
    }

    /// The keys of another configuration. Those with the same source are not computed again.
    pub fn reconfigured(&self, config: &Config) -> Self {
        Self::with(config, Some(self))
    }

    fn with(config: &Config, former: Option<&Self>) -> Self {
        let turn = former.map_or_else(|| Arc::new(Semaphore::new(1)), |old| Arc::clone(&old.turn));
        let ring = |platform: &Arc<Platform>| {
            let source = OwnKeySource::of(platform, &config.secrets);
            let former = former.and_then(|former| former.rings.get(&platform.name));
            let ring = match former.filter(|former| former.source.is_same(&source)) {
                Some(former) => Arc::clone(former),
                None => {
                    Arc::new(OwnKeyring { source, keys: OnceCell::new(), turn: Arc::clone(&turn) })
                }
            };
            (platform.name.clone(), ring)
        };
        Self { rings: config.platforms.iter().map(ring).collect(), turn }
    }

    /// The keys for the platform with this name.
    pub fn ring(&self, platform: &PlatformName) -> Option<&Arc<OwnKeyring>> {
        self.rings.get(platform)
    }
}

impl OwnKeyring {
    /// The keys. Waits until they are computed.
    ///
    /// # Errors
    /// [`NoOwnKey`].
    pub async fn keys(self: &Arc<Self>) -> Result<Arc<[RsaKey]>, NoOwnKey> {
        if let Some(keys) = self.keys.get() {
            return Ok(Arc::clone(keys));
        }
        let ring = Arc::clone(self);
        // A search that has begun goes on without its request: a client that disconnects could
        // otherwise begin any number of them.
        let found =
            tokio::spawn(async move { ring.keys.get_or_try_init(|| ring.search()).await.cloned() });
        found.await.map_err(|_| NoOwnKey)?
    }

    async fn search(self: &Arc<Self>) -> Result<Arc<[RsaKey]>, NoOwnKey> {
        let mut keys = Vec::new();
        for at in 0..self.source.secrets().len() {
            let _turn = self.turn.acquire().await.map_err(|_| NoOwnKey)?;
            let ring = Arc::clone(self);
            let key = spawn_blocking(move || ring.source.key(at)).await.map_err(|_| NoOwnKey)?;
            keys.extend(key);
        }
        Ok(keys.into())
    }

    /// The public keys as a JSON document (RFC 7517 §5).
    ///
    /// # Errors
    /// [`NoOwnKey`].
    pub async fn keyset(self: &Arc<Self>) -> Result<String, NoOwnKey> {
        Ok(keyset_document(self.keys().await?.iter()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Environment, read};

    fn config(secrets: &str, platforms: &[&str]) -> Config {
        let tables: String = platforms.iter().map(|name| format!("[platforms.{name}]\n")).collect();
        let text = format!(
            "[gateway]\npublic_url = 'https://tools.example'\nsecret = {secrets}\n{tables}\
             [tools.hello]\nupstream = 'http://127.0.0.1:9000'\nplatforms = {platforms:?}\n"
        );
        read(Path::new("tools.toml"), text, &Environment::new(), false).config
    }

    const SECRET: &str = "'0123456789abcdef0123456789abcdef'";

    fn ring(keys: &OwnKeys, name: &str) -> Arc<OwnKeyring> {
        Arc::clone(keys.ring(&name.into()).expect("a platform"))
    }

    #[tokio::test]
    async fn keys_are_computed_once_and_survive_a_reload() {
        let keys = OwnKeys::new(&config(SECRET, &["moodle", "edx"]));
        assert!(keys.rings.values().all(|ring| ring.keys.get().is_none()), "before the first use");
        let moodle = ring(&keys, "moodle");
        let (one, other) = tokio::join!(moodle.keys(), moodle.keys());
        let (one, other) = (one.expect("a key"), other.expect("a key"));
        assert!(Arc::ptr_eq(&one, &other));
        assert_eq!(one[0].key_id(), "J1qkpMnoDgjhjQS6YqxnNH-JijZwqXjNaTmBGdLN63I");
        assert!(ring(&keys, "edx").keys.get().is_none(), "each key by itself");

        let same = keys.reconfigured(&config(SECRET, &["moodle", "canvas"]));
        assert!(Arc::ptr_eq(&ring(&same, "moodle"), &moodle));
        assert!(same.ring(&"edx".into()).is_none());
        let rotated = keys.reconfigured(&config(
            &format!("['another secret of thirty-two char', {SECRET}]"),
            &["moodle"],
        ));
        let rotated = ring(&rotated, "moodle").keys().await.expect("keys");
        assert_eq!(rotated.len(), 2);
        assert_ne!(rotated[0].key_id(), one[0].key_id());
        assert_eq!(rotated[1].key_id(), one[0].key_id());
    }

    #[tokio::test]
    async fn a_search_goes_on_without_its_request_and_holds_the_only_turn() {
        let keys = OwnKeys::new(&config(SECRET, &["moodle", "edx"]));
        let turn = Arc::clone(&keys.turn).acquire_owned().await.expect("a turn");
        let edx = ring(&keys, "edx");
        {
            // The request disappears while it waits for its turn.
            let mut request = Box::pin(edx.keys());
            let pending = std::future::poll_fn(|context| {
                std::task::Poll::Ready(request.as_mut().poll(context).is_pending())
            });
            assert!(pending.await);
        }
        assert!(edx.keys.get().is_none(), "no search without the turn");
        drop(turn);
        while edx.keys.get().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(keys.turn.available_permits(), 1);
    }
}
