//! The practice platform as the gateway trusts it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lti::ClientId;
use lti::jose::Algorithms;

use crate::config::{PRACTICE_PLATFORM, Platform, PlatformClient, PlatformKeys, WrittenPlatform};

/// The `iss` of its logins and tokens.
pub const ISSUER: &str = "http://practice.localhost/dev/platform";
/// The only deployment of its clients.
pub const DEPLOYMENT: &str = "1";
/// The path to which a login redirects the browser.
pub const AUTH_PATH: &str = "/dev/platform/auth";
/// The path of its keyset.
pub const JWKS_PATH: &str = "/dev/platform/jwks";
/// The path of a keyset that always fails.
pub const LOST_JWKS_PATH: &str = "/dev/platform/lost/jwks";

/// The practice platform, with a client for each of these tools.
///
/// The path of its `auth_url` counts, but not its host: the gateway chooses a host of its own that
/// the browser can reach.
pub fn practice_platform<'t>(tools: impl IntoIterator<Item = &'t str>) -> Platform {
    let origin = ISSUER.strip_suffix("/dev/platform").unwrap_or(ISSUER);
    let client = |id: ClientId, jwks_path| PlatformClient {
        id,
        jwks_url: format!("{origin}{jwks_path}"),
        token_url: format!("{ISSUER}/token"),
        token_audience: format!("{ISSUER}/token"),
        deployments: Some(vec![DEPLOYMENT.to_owned().into()]),
    };
    let clients = tools.into_iter().flat_map(|tool| {
        [
            client(tool.to_owned().into(), JWKS_PATH),
            client(lost_client(tool), LOST_JWKS_PATH),
            client(denied_client(tool), JWKS_PATH),
        ]
    });
    Platform {
        name: PRACTICE_PLATFORM.into(),
        kind: None,
        issuer: Some(ISSUER.to_owned()),
        auth_url: Some(format!("{origin}{AUTH_PATH}")),
        clients: clients.collect(),
        algorithms: Algorithms::default(),
        keys: PlatformKeys::Derived,
        formerly: Vec::new(),
        anonymous: false,
        written: WrittenPlatform::default(),
    }
}

/// The client of a tool whose keyset cannot be fetched.
pub fn lost_client(tool: &str) -> ClientId {
    format!("{tool}.lost").into()
}

/// The client of a tool that gets no access token: its admin grants it no scopes.
pub fn denied_client(tool: &str) -> ClientId {
    format!("{tool}.denied").into()
}

/// An unguessable string: a hint, a token, or a value that a response has to contain. `None` only
/// without randomness.
pub fn random_id() -> Option<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(random))
}
