//! The values to paste into a platform.

use crate::config::{Config, Platform, PlatformType, Tool};

/// The values to paste into a platform.
pub(super) fn platform_values(config: &Config, platform: &Platform) -> String {
    let url = &config.public_url;
    let mut lines = vec![
        ("login URL".to_owned(), url.login_url(None)),
        ("keyset URL".to_owned(), url.keyset_url(platform, None)),
    ];
    for tool in tools_of(config, platform) {
        let launch = url.launch_url(tool, None);
        lines.push((format!("launch URL of {}", tool.name), launch.clone()));
        let redirect = match platform.kind {
            Some(PlatformType::Edx) => "leave the default".to_owned(),
            _ => launch,
        };
        lines.push(("  redirect URI".to_owned(), redirect));
    }
    if lines.len() == 2 {
        let name = &platform.name;
        lines.push(("launch URL".to_owned(), format!("no tool has `platforms = \"{name}\"` yet")));
    }
    let is_relative = lines.first().is_some_and(|(_, url)| url.starts_with('/'));
    let head = match is_relative {
        true => "Enter in the platform, each after the gateway's own URL\n",
        false => "Enter in the platform\n",
    };
    let mut text = labeled(head, &lines);
    if platform.kind == Some(PlatformType::Canvas) && !is_relative {
        for tool in tools_of(config, platform) {
            let description = tool.description(platform, url, None);
            let json = description.canvas_configuration();
            text += &format!(
                "\nJSON of {} for a developer key: by its URL {}, or as text\n{json}\n",
                tool.name,
                url.canvas_url(tool, platform, None)
            );
        }
        text.push('\n');
    }
    if platform.is_being_set_up() {
        text += &format!(
            "Then add the `client_id` that the platform shows to [platforms.{}].\n",
            platform.name
        );
        let tool = tools_of(config, platform).next();
        if let Some(tool) = tool.filter(|_| platform.kind != Some(PlatformType::Edx)) {
            text += &format!(
                "Or let the platform register the tool by itself: `lti-gateway register {} --tool \
                 {}`\n",
                platform.name, tool.name
            );
        }
    }
    text
}

/// The tools that a platform may launch.
pub(super) fn tools_of<'c>(
    config: &'c Config,
    platform: &Platform,
) -> impl Iterator<Item = &'c Tool> {
    config
        .tools
        .iter()
        .filter(|tool| tool.senders.platforms.iter().any(|allowed| allowed.name == platform.name))
}

/// A heading, and lines with labels of the same width.
pub(super) fn labeled(head: &str, lines: &[(String, String)]) -> String {
    let width = lines.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
    lines
        .iter()
        .fold(head.to_owned(), |text, (label, value)| format!("{text}  {label:<width$}  {value}\n"))
}
