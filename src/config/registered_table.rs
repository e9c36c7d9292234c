//! The table of a platform after a dynamic registration, to paste into the file.

use lti::v1p3::{OpenidConfiguration, Registered};
use lti::{ClientId, DeploymentId};

use super::platform::{Platform, PlatformClient, PlatformKeys};
use super::platform_type::{PlatformType, PlatformUrls};

/// The deployment of a Blackboard that has not shown it yet. The file needs one.
const UNKNOWN_DEPLOYMENT: &str = "enter the Deployment ID that Blackboard shows";

/// One client of the table.
struct TableClient<'a> {
    id: &'a ClientId,
    deployments: Option<Vec<&'a DeploymentId>>,
    /// Its keyset and token URL, if they are not those of the table.
    services: Option<(&'a str, &'a str)>,
}

/// The complete table `[platforms.<name>]` with a new client. It keeps everything that the file has
/// for the platform. The URLs of the type take precedence over those of the platform: Blackboard's
/// are wrong.
pub fn registered_table(
    platform: &Platform,
    configuration: &OpenidConfiguration,
    registered: &Registered,
) -> String {
    let written = &platform.written;
    let of_type = |client: &str| platform.preset(client);
    let preset = of_type(registered.client_id.as_str());
    let chosen = |written: &Option<String>, preset: &Option<String>, found: &str| match preset {
        Some(_) => written.clone(),
        None => Some(written.clone().unwrap_or_else(|| found.to_owned())),
    };
    let mut lines = vec![format!("[platforms.{}]", platform.name)];
    let mut add = |key: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("{key} = {}", string(&value))));
    };
    add("type", platform.kind.map(|kind| kind.name().to_owned()));
    add("url", written.url.clone());
    add("issuer", chosen(&written.issuer, &preset.issuer, &configuration.issuer));
    add("auth_url", chosen(&written.auth_url, &preset.auth_url, &configuration.auth_url));
    add("token_url", chosen(&written.token_url, &preset.token_url, &configuration.token_url));
    add("jwks_url", chosen(&written.jwks_url, &preset.jwks_url, &configuration.jwks_url));
    let audience = configuration.token_audience.clone().filter(|_| preset.token_url.is_none());
    add("token_audience", written.token_audience.clone().or(audience));

    let clients = clients(platform, registered, &of_type);
    let is_uniform = clients
        .iter()
        .all(|client| client.services.is_none() && client.deployments == clients[0].deployments);
    if is_uniform {
        lines.push(format!("client_id = {}", list(clients.iter().map(|one| one.id.as_str()))));
        let deployments = clients[0].deployments.as_ref();
        lines.extend(deployments.map(|ids| deployments_line(ids)));
    }
    let default = lti::jose::Algorithms::default();
    let algorithms = match &configuration.algorithms {
        Some(found) if platform.algorithms == default => found,
        _ => &platform.algorithms,
    };
    if *algorithms != default {
        let names = algorithms.to_string();
        lines.push(format!("algorithms = {}", list(names.split(", "))));
    }
    if !platform.formerly.is_empty() {
        let keys = platform.formerly.iter().map(lti::ConsumerKey::as_str);
        lines.push(format!("formerly = {}", list(keys)));
    }
    if platform.anonymous {
        lines.push("anonymous = true".to_owned());
    }
    if matches!(platform.keys, PlatformKeys::Pem(_)) {
        lines.push("# Keep the line `private_key = …` of your file here.".to_owned());
    }
    if !is_uniform {
        for client in &clients {
            lines.push(format!("\n[[platforms.{}.clients]]", platform.name));
            lines.push(format!("client_id = {}", string(client.id.as_str())));
            if let Some((jwks_url, token_url)) = client.services {
                lines.push(format!("jwks_url = {}", string(jwks_url)));
                lines.push(format!("token_url = {}", string(token_url)));
            }
            lines.extend(client.deployments.as_ref().map(|ids| deployments_line(ids)));
        }
    }
    lines.join("\n") + "\n"
}

/// The clients of the file, and the new one.
fn clients<'a>(
    platform: &'a Platform,
    registered: &'a Registered,
    of_type: &dyn Fn(&str) -> PlatformUrls,
) -> Vec<TableClient<'a>> {
    let written = &platform.written;
    let known = |client: &'a PlatformClient| {
        let preset = of_type(client.id.as_str());
        let of_table = |url: &Option<String>, preset: Option<String>| url.clone().or(preset);
        let is_of_table = of_table(&written.jwks_url, preset.jwks_url).as_ref()
            == Some(&client.jwks_url)
            && of_table(&written.token_url, preset.token_url).as_ref() == Some(&client.token_url);
        TableClient {
            id: &client.id,
            deployments: client.deployments.as_ref().map(|ids| ids.iter().collect()),
            services: (!is_of_table).then_some((&client.jwks_url, &client.token_url)),
        }
    };
    let others = platform.clients.iter().filter(|client| client.id != registered.client_id);
    let mut clients: Vec<_> = others.map(known).collect();
    let of_table = written.deployments.iter().flatten();
    let mut deployments: Vec<&DeploymentId> = of_table.collect();
    let found = registered.deployment_id.as_ref();
    deployments.extend(found.filter(|id| !deployments.contains(id)));
    let needs_one = platform.kind == Some(PlatformType::Blackboard);
    let deployments = (!deployments.is_empty() || needs_one).then_some(deployments);
    clients.push(TableClient { id: &registered.client_id, deployments, services: None });
    clients
}

fn deployments_line(ids: &[&DeploymentId]) -> String {
    if ids.is_empty() {
        return format!("deployments = {}", string(UNKNOWN_DEPLOYMENT));
    }
    format!("deployments = {}", list(ids.iter().map(|id| id.as_str())))
}

/// One string, or a list of several.
fn list<'a>(values: impl Iterator<Item = &'a str>) -> String {
    let values: Vec<String> = values.map(string).collect();
    match values.as_slice() {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

/// A basic string of TOML. JSON's escapes are valid there; only DEL needs one more.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}
