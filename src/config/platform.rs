//! The platforms of LTI 1.3.

use lti::jose::Algorithms;
use lti::v1p3::{Client, TrustedPlatform};
use lti::{ClientId, ConsumerKey, DeploymentId, PlatformName, PlatformUsers, Secret, Sender};

use super::platform_type::{PlatformType, PlatformUrls};

/// The name of the practice platform, which exists in development. `tools.toml` must not use it.
pub const PRACTICE_PLATFORM: &str = "practice";

/// One platform: `[platforms.<name>]`.
#[derive(Clone, Debug)]
pub struct Platform {
    /// Its name in the file. User ids and the gateway's key for the platform depend on it.
    pub name: PlatformName,
    /// Its type; `None` if the file writes every URL.
    pub kind: Option<PlatformType>,
    /// The `iss` of its logins and tokens, character for character. `None` if it is not known yet.
    pub issuer: Option<String>,
    /// The URL to which a login redirects the browser. `None` if it is not known yet.
    pub auth_url: Option<String>,
    /// Our registrations at the platform. Empty while the platform is being set up.
    pub clients: Vec<PlatformClient>,
    /// The algorithms that it may use.
    pub algorithms: Algorithms,
    /// The gateway's own keys for the platform.
    pub keys: PlatformKeys,
    /// The consumers of LTI 1.1 whose users are the same people.
    pub formerly: Vec<ConsumerKey>,
    /// Whether it may launch without `sub`.
    pub anonymous: bool,
    /// The values of its own table that its type or its clients may replace.
    pub written: WrittenPlatform,
}

/// The values of a platform's table as the file writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenPlatform {
    /// `url`, without a trailing slash.
    pub url: Option<String>,
    /// `issuer`.
    pub issuer: Option<String>,
    /// `auth_url`.
    pub auth_url: Option<String>,
    /// `token_url`.
    pub token_url: Option<String>,
    /// `jwks_url`.
    pub jwks_url: Option<String>,
    /// `token_audience`.
    pub token_audience: Option<String>,
    /// `deployments`.
    pub deployments: Option<Vec<DeploymentId>>,
}

/// One registration of the gateway at a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformClient {
    /// The id that the platform gave it.
    pub id: ClientId,
    /// The URL of the platform's keyset.
    pub jwks_url: String,
    /// The URL at which the platform issues access tokens.
    pub token_url: String,
    /// The audience of the gateway's requests for access tokens.
    pub token_audience: String,
    /// The deployments that may launch; `None` for all.
    pub deployments: Option<Vec<DeploymentId>>,
}

/// The source of the gateway's own keys for a platform.
#[derive(Clone, Debug)]
pub enum PlatformKeys {
    /// One key for each `gateway.secret`, in that order.
    Derived,
    /// The keys of these PEMs. The first one signs.
    Pem(Vec<Secret>),
}

impl Platform {
    /// Whether the platform is being set up: it has no client yet, so nobody can log in.
    pub fn is_being_set_up(&self) -> bool {
        self.clients.is_empty()
    }

    /// The platform for the examination of logins and tokens. `None` if issuer or `auth_url` is not
    /// known yet.
    pub fn trusted(&self) -> Option<TrustedPlatform> {
        Some(TrustedPlatform {
            name: self.name.clone(),
            issuer: self.issuer.clone()?,
            auth_url: self.auth_url.clone()?,
            algorithms: self.algorithms.clone(),
            anonymous: self.anonymous,
            clients: self.clients.iter().map(PlatformClient::trusted).collect(),
            formerly: self.formerly.clone(),
            keeps_ids: self.users().keeps_ids,
        })
    }

    /// Whose users the users of the platform are.
    pub fn users(&self) -> PlatformUsers<'_> {
        PlatformUsers {
            platform: &self.name,
            formerly: &self.formerly,
            keeps_ids: self.kind.is_some_and(PlatformType::keeps_ids),
        }
    }

    /// The URLs that the type knows, for a client with this id. None without a type.
    pub(crate) fn preset(&self, client: &str) -> PlatformUrls {
        let written = &self.written;
        self.kind.map_or_else(PlatformUrls::default, |kind| {
            kind.urls(written.url.as_deref(), written.jwks_url.as_deref(), client)
        })
    }

    /// The client with this id.
    pub fn client(&self, id: &ClientId) -> Option<&PlatformClient> {
        self.clients.iter().find(|client| client.id == *id)
    }

    /// Whether a sender is this platform, with a client and a deployment that may launch.
    pub fn admits(&self, sender: &Sender) -> bool {
        match sender {
            Sender::Consumer(_) => false,
            Sender::Platform { name, client_id, deployment_id } => {
                *name == self.name
                    && self.client(client_id).is_some_and(|client| client.allows(deployment_id))
            }
        }
    }
}

impl PlatformClient {
    /// The client for the examination of logins and tokens.
    fn trusted(&self) -> Client {
        Client {
            id: self.id.clone(),
            jwks_url: self.jwks_url.clone(),
            deployments: self.deployments.clone(),
        }
    }

    /// Whether this deployment may launch.
    fn allows(&self, deployment: &DeploymentId) -> bool {
        self.deployments.as_ref().is_none_or(|allowed| allowed.contains(deployment))
    }
}
