//! The output of `platforms`.

use crate::cli::platform_values::{labeled, platform_values, tools_of};
use crate::cli::terminal::{harmless, table};
use crate::config::{Config, Platform, PlatformClient, PlatformType};

/// The platforms, one line each.
pub(super) fn list(config: &Config) -> String {
    if config.platforms.is_empty() {
        return "the file has no platform\n  = help: `lti-gateway new --platform moodle --type \
                moodle --url https://moodle.example.edu` adds one\n"
            .to_owned();
    }
    let mut rows = vec![["PLATFORM", "TYPE", "ISSUER", "CLIENTS", "TOOLS"].map(str::to_owned)];
    for platform in &config.platforms {
        rows.push([
            platform.name.to_string(),
            platform.kind.map_or("-", PlatformType::name).to_owned(),
            harmless(platform.issuer.as_deref().unwrap_or("-")),
            or_dash(platform.clients.iter().map(|client| harmless(client.id.as_str()))),
            or_dash(tools_of(config, platform).map(|tool| tool.name.clone())),
        ]);
    }
    format!("{}\n`lti-gateway platforms NAME` shows the values to paste.\n", table(&rows))
}

/// One platform, with the values to paste into it.
pub(super) fn platform(config: &Config, platform: &Platform) -> String {
    let mut lines = vec![(
        "type".to_owned(),
        platform.kind.map_or_else(|| "none".to_owned(), |kind| kind.to_string()),
    )];
    let mut add = |label: &str, value: &str| lines.push((label.to_owned(), harmless(value)));
    add("issuer", platform.issuer.as_deref().unwrap_or("not known yet"));
    add("auth URL", platform.auth_url.as_deref().unwrap_or("not known yet"));
    for client in &platform.clients {
        let PlatformClient { id, jwks_url, token_url, deployments, .. } = client;
        add("client", id.as_str());
        add("  keyset URL", jwks_url);
        add("  token URL", token_url);
        let deployments = match deployments {
            None => "any".to_owned(),
            Some(ids) => or_dash(ids.iter().map(|id| id.as_str().to_owned())),
        };
        add("  deployments", &deployments);
    }
    if platform.is_being_set_up() {
        add("client", "none yet: nobody can log in");
    }
    let text = labeled(&format!("{}\n", platform.name), &lines);
    format!("{text}\n{}", platform_values(config, platform))
}

fn or_dash(values: impl Iterator<Item = String>) -> String {
    let values: Vec<String> = values.collect();
    if values.is_empty() { "-".to_owned() } else { values.join(", ") }
}
