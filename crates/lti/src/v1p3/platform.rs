use crate::jose::Algorithms;
use crate::sender::{ClientId, ConsumerKey, DeploymentId, PlatformName};
use crate::upstream_user::PlatformUsers;

/// A platform whose launches the gateway accepts, as configured.
#[derive(Clone, Debug)]
pub struct TrustedPlatform {
    /// The name of its table.
    pub name: PlatformName,
    /// The `iss` of its logins and tokens, character for character.
    pub issuer: String,
    /// The URL to which a login redirects the browser.
    pub auth_url: String,
    /// The algorithms that it may use.
    pub algorithms: Algorithms,
    /// Whether it may launch without `sub`.
    pub anonymous: bool,
    /// Our registrations at the platform.
    pub clients: Vec<Client>,
    /// The consumers of LTI 1.1 for whose users the platform speaks.
    pub formerly: Vec<ConsumerKey>,
    /// Whether the `sub` of a user is also the `user_id` of LTI 1.1, as in Moodle.
    pub keeps_ids: bool,
}

impl TrustedPlatform {
    /// Whose users the users of the platform are.
    pub fn users(&self) -> PlatformUsers<'_> {
        PlatformUsers { platform: &self.name, formerly: &self.formerly, keeps_ids: self.keeps_ids }
    }
}

/// One registration of the gateway at a platform.
#[derive(Clone, Debug)]
pub struct Client {
    /// The id that the platform gave it.
    pub id: ClientId,
    /// The URL of the platform's keyset.
    pub jwks_url: String,
    /// The deployments that may launch; `None` for all.
    pub deployments: Option<Vec<DeploymentId>>,
}

impl Client {
    /// Whether this deployment may launch.
    pub(super) fn allows(&self, deployment: &str) -> bool {
        match &self.deployments {
            Some(allowed) => allowed.iter().any(|one| one.as_str() == deployment),
            None => true,
        }
    }
}
