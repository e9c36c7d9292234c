//! The gateway's registrations at platforms, as the services of LTI 1.3 need them.

use std::collections::HashMap;
use std::sync::Arc;

use lti::{ClientId, PlatformName, Sender};

use super::own_keys::{OwnKeyring, OwnKeys};
use crate::config::{Platform, PlatformClient, PlatformType, PublicUrl};

/// One registration of the gateway at a platform, and the keys that sign for it.
pub struct ServiceClient {
    /// The platform.
    pub platform: PlatformName,
    /// The type of the platform; `None` if the file writes every URL.
    pub kind: Option<PlatformType>,
    /// The registration.
    pub client: PlatformClient,
    /// The URL of the gateway's keyset for the platform.
    pub keyset_url: String,
    /// The gateway's own keys for the platform.
    pub(super) keys: Arc<OwnKeyring>,
}

/// All registrations of a configuration.
#[derive(Default)]
pub struct ServiceClients(HashMap<(PlatformName, ClientId), Arc<ServiceClient>>);

impl ServiceClients {
    /// The registrations at these platforms.
    pub fn new(platforms: &[Arc<Platform>], keys: &OwnKeys, public_url: &PublicUrl) -> Self {
        let mut clients = HashMap::new();
        for platform in platforms {
            let Some(keys) = keys.ring(&platform.name) else { continue };
            let keyset_url = public_url.keyset_url(platform, None);
            for client in &platform.clients {
                let service_client = ServiceClient {
                    platform: platform.name.clone(),
                    kind: platform.kind,
                    client: client.clone(),
                    keyset_url: keyset_url.clone(),
                    keys: Arc::clone(keys),
                };
                let key = (platform.name.clone(), client.id.clone());
                clients.insert(key, Arc::new(service_client));
            }
        }
        Self(clients)
    }

    /// The registration that a sender launched. `None` for a consumer, and for a registration that
    /// the configuration does not have.
    pub fn of(&self, sender: &Sender) -> Option<&Arc<ServiceClient>> {
        match sender {
            Sender::Consumer(_) => None,
            Sender::Platform { name, client_id, .. } => {
                self.0.get(&(name.clone(), client_id.clone()))
            }
        }
    }
}
