//! Dynamic registration at the practice platform (LTI Dynamic Registration 1.0).

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::platform::{AUTH_PATH, DEPLOYMENT, ISSUER, JWKS_PATH, random_id};
use super::scope::ServiceScope;
use crate::practice::service::ServiceResponse;

/// The largest number of tokens, and of clients. The oldest are dropped.
const MOST: usize = 100;
/// How long a token is valid, in seconds, as Moodle's.
const LIFETIME: u64 = 3600;
/// The largest length of a string of a registration, in bytes, and the most redirect URIs.
const LONGEST: usize = 4096;
const MOST_URIS: usize = 100;

const TOOL_CONFIGURATION: &str = "https://purl.imsglobal.org/spec/lti-tool-configuration";
const PLATFORM_CONFIGURATION: &str = "https://purl.imsglobal.org/spec/lti-platform-configuration";

/// A tool that registered itself.
#[derive(Clone)]
pub struct RegisteredTool {
    /// The client id that the platform gave it.
    pub client_id: String,
    /// The timestamp, in seconds since the epoch.
    pub at: u64,
    /// Its registration, as the platform returned it.
    pub registration: Value,
}

/// The registrations at the platform.
#[derive(Default)]
pub struct Registrations {
    tokens: VecDeque<(String, u64)>,
    clients: VecDeque<RegisteredTool>,
}

/// The URL of the platform's configuration.
pub fn configuration_url() -> String {
    format!("{ISSUER}/openid-configuration")
}

/// The platform's configuration.
pub fn configuration() -> Value {
    let origin = ISSUER.strip_suffix("/dev/platform").unwrap_or(ISSUER);
    let scopes: Vec<&str> =
        ["openid"].into_iter().chain(ServiceScope::ALL.map(ServiceScope::uri)).collect();
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{origin}{AUTH_PATH}"),
        "token_endpoint": format!("{ISSUER}/token"),
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        "jwks_uri": format!("{origin}{JWKS_PATH}"),
        "registration_endpoint": format!("{ISSUER}/register"),
        "scopes_supported": scopes,
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["iss", "sub", "name", "email"],
        PLATFORM_CONFIGURATION: {
            "product_family_code": "practice",
            "version": env!("CARGO_PKG_VERSION"),
            "messages_supported": [
                {"type": "LtiResourceLinkRequest"},
                {"type": "LtiDeepLinkingRequest"},
            ],
            "variables": [],
        },
    })
}

impl Registrations {
    /// A token for one registration. `None` only without randomness.
    pub fn token(&mut self, now: u64) -> Option<String> {
        let token = random_id()?;
        self.tokens.truncate(MOST - 1);
        self.tokens.push_front((token.clone(), now.saturating_add(LIFETIME)));
        Some(token)
    }

    /// The registered clients, the newest first.
    pub fn clients(&self) -> impl Iterator<Item = &RegisteredTool> {
        self.clients.iter()
    }

    /// Responds to a registration. It spends its token if the platform accepts it.
    pub fn register(&mut self, authorization: &str, body: &[u8], now: u64) -> ServiceResponse {
        let refused = |status: u16, error: &str, description: String| {
            let body = json!({ "error": error, "error_description": description });
            ServiceResponse::json(status, &body, format!("{error}: {description}"))
        };
        let token = authorization.split_once(' ');
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let token = token.map(|(_, token)| token.trim()).unwrap_or_default();
        let is_valid = |known: &&(String, u64)| known.0 == token && now <= known.1;
        if !self.tokens.iter().any(|known| is_valid(&known)) {
            let description = "the registration token is missing, used, unknown or expired";
            return refused(401, "invalid_token", description.to_owned());
        }
        let (client_id, registration) = match accepted(body) {
            Ok(accepted) => accepted,
            Err(description) => return refused(400, "invalid_client_metadata", description),
        };
        self.tokens.retain(|(known, _)| known != token);
        self.clients.truncate(MOST - 1);
        let finding = format!("the client {client_id} was registered");
        let response = ServiceResponse::json(200, &registration, finding);
        self.clients.push_front(RegisteredTool { client_id, at: now, registration });
        response
    }
}

/// The client id and the registration that the platform returns.
fn accepted(body: &[u8]) -> Result<(String, Value), String> {
    let sent: Value = serde_json::from_slice(body).map_err(|_| "the body is not JSON")?;
    let string = |value: &Value, name: &str| {
        let text = value[name].as_str().filter(|text| !text.is_empty() && text.len() <= LONGEST);
        text.map(str::to_owned).ok_or_else(|| format!("{name} is missing or too long"))
    };
    let has = |name: &str, expected: &str| {
        let values = sent[name].as_array();
        let is_there = values.is_some_and(|values| values.iter().any(|value| value == expected));
        if is_there { Ok(()) } else { Err(format!("{name} does not have {expected}")) }
    };
    for (name, expected) in
        [("application_type", "web"), ("token_endpoint_auth_method", "private_key_jwt")]
    {
        if sent[name] != expected {
            return Err(format!("{name} is not {expected}"));
        }
    }
    has("response_types", "id_token")?;
    for grant_type in ["client_credentials", "implicit"] {
        has("grant_types", grant_type)?;
    }
    let uris = sent["redirect_uris"].as_array().filter(|uris| {
        let is_uri = |uri: &Value| uri.as_str().is_some_and(|uri| uri.len() <= LONGEST);
        !uris.is_empty() && uris.len() <= MOST_URIS && uris.iter().all(is_uri)
    });
    let uris = uris.ok_or("redirect_uris is not a list of URIs")?;
    let tool = &sent[TOOL_CONFIGURATION];
    let mut configuration = json!({
        "domain": string(tool, "domain")?,
        "target_link_uri": string(tool, "target_link_uri")?,
        "deployment_id": DEPLOYMENT,
    });
    for name in ["claims", "messages", "custom_parameters"] {
        if !tool[name].is_null() {
            configuration[name] = tool[name].clone();
        }
    }
    // Unknown scopes are dropped, as by Moodle.
    let scope = sent["scope"].as_str().unwrap_or_default();
    let scopes: Vec<ServiceScope> = scope.split(' ').filter_map(ServiceScope::of).collect();
    let client_id = random_id().ok_or("no randomness")?;
    let registration = json!({
        "client_id": client_id,
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["client_credentials", "implicit"],
        "token_endpoint_auth_method": "private_key_jwt",
        "client_name": string(&sent, "client_name")?,
        "initiate_login_uri": string(&sent, "initiate_login_uri")?,
        "jwks_uri": string(&sent, "jwks_uri")?,
        "redirect_uris": uris,
        "scope": ServiceScope::joined(&scopes),
        TOOL_CONFIGURATION: configuration,
    });
    Ok((client_id, registration))
}
