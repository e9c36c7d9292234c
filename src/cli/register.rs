//! `register`: the one-time link with which a platform registers a tool.

use std::path::Path;
use std::process::ExitCode;

use lti::Secret;

use super::machine;
use super::message::no_tool;
use super::platform_argument::{find_platform, load_or_complain};
use super::terminal::{complain, harmless, say};
use crate::config::{
    Config, Environment, PLACEHOLDER_GATEWAY_SECRET, Platform, PlatformType, PublicUrl, Tool, print,
};
use crate::session::{REGISTRATION_LIFETIME, RegistrationLink, RegistrationLinks};
use crate::url::{UrlParts, is_loopback};
use crate::web::REGISTER_PATH;

/// The arguments of `register`.
#[derive(clap::Args)]
pub(super) struct RegisterArguments {
    /// The name of the platform in the tools file
    name: String,

    /// The tool that the platform registers
    #[arg(long, value_name = "TOOL")]
    tool: String,

    /// The gateway's own URL, if the tools file has no `public_url`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// Prints the link.
///
/// Exit code 0 if it is printed, 1 if the file does not allow it, and 2 if the file cannot be read.
pub(super) fn register(
    given: &RegisterArguments,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> ExitCode {
    let loaded = match load_or_complain(file, environment, development) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let config = &loaded.config;
    let platform = match find_platform(&loaded, &given.name, file) {
        Ok(platform) => platform,
        Err(code) => return code,
    };
    let Some(tool) = config.tools.iter().find(|tool| tool.name == given.tool) else {
        complain(&no_tool(&loaded, &given.tool, file));
        return ExitCode::from(1);
    };
    if config.secrets.is_empty() {
        complain(&print(&file.display().to_string(), &loaded.problems));
    }
    match link(config, platform, tool, given.url.as_deref()) {
        Ok(link) => {
            say(&text(platform, tool, &link));
            ExitCode::SUCCESS
        }
        Err(RegisterError { fact, help }) => {
            complain(&format!("error: {fact}\n  = help: {help}\n"));
            ExitCode::from(1)
        }
    }
}

/// Why there is no link.
struct RegisterError {
    fact: String,
    help: String,
}

fn error(fact: impl Into<String>, help: impl Into<String>) -> RegisterError {
    RegisterError { fact: fact.into(), help: help.into() }
}

/// The link for a tool at a platform.
fn link(
    config: &Config,
    platform: &Platform,
    tool: &Tool,
    url: Option<&str>,
) -> Result<String, RegisterError> {
    if platform.kind == Some(PlatformType::Edx) {
        return Err(error(
            "edX has no dynamic registration",
            format!("enter the values of `lti-gateway platforms {}` by hand", platform.name),
        ));
    }
    if tool.senders.platform(&platform.name).is_none() {
        return Err(error(
            format!(
                "[tools.{}] does not name the platform {:?}",
                tool.name,
                platform.name.as_str()
            ),
            format!("add `platforms = \"{}\"` to the tool, and deploy it first", platform.name),
        ));
    }
    let is_placeholder = |secret: &Secret| secret.expose() == PLACEHOLDER_GATEWAY_SECRET;
    let has_random_secret = config.dev_host.is_some() && config.secrets.iter().any(is_placeholder);
    if config.secrets.is_empty() || has_random_secret {
        return Err(error(
            "without `gateway.secret`, the link cannot be sealed",
            "set it as for the gateway that opens the link",
        ));
    }
    let origin = origin(config, url)?;
    let sealed = RegistrationLink::new(&platform.name, &tool.name, machine::now())
        .and_then(|link| RegistrationLinks::new(&config.secrets).seal(&link));
    let sealed = sealed.ok_or_else(|| error("this machine has no randomness", "try again"))?;
    Ok(format!("{origin}{REGISTER_PATH}{sealed}"))
}

/// The origin of the gateway.
fn origin(config: &Config, url: Option<&str>) -> Result<String, RegisterError> {
    let given = match url.map(|url| (url, UrlParts::parse(url))) {
        None => None,
        Some((url, parts)) => {
            let parts =
                parts.filter(|parts| matches!(parts.rest, "" | "/") && parts.user.is_none());
            let origin = parts.and_then(|parts| parts.origin());
            let is_secure = |origin: &crate::url::Origin| {
                origin.scheme == crate::url::Scheme::Https || is_loopback(origin.host())
            };
            let has_host = |origin: &crate::url::Origin| !origin.host().is_empty();
            let Some(origin) = origin.filter(has_host).filter(is_secure) else {
                return Err(error(
                    format!("--url {} is not the URL of a gateway", harmless(url)),
                    "write scheme and host only: --url https://our-tools.herokuapp.com",
                ));
            };
            Some(origin.to_string())
        }
    };
    match (&config.public_url, given) {
        (PublicUrl::Fixed(origin), Some(given)) if origin.to_string() != given => Err(error(
            format!("--url {given} is not the `public_url` of the file, which is {origin}"),
            "omit --url",
        )),
        (PublicUrl::Fixed(origin), _) => Ok(origin.to_string()),
        (PublicUrl::FromHost(_), Some(given)) => Ok(given),
        (PublicUrl::FromHost(_), None) => Err(error(
            "the file has no `public_url`, so the gateway's own URL is unknown",
            "add it with --url https://our-tools.herokuapp.com",
        )),
    }
}

fn text(platform: &Platform, tool: &Tool, link: &str) -> String {
    let place = match platform.kind {
        Some(PlatformType::Moodle) => {
            "In Moodle: Site administration → Plugins → Activity modules → External tool → Manage \
             tools. Paste it as Tool URL, and press Add LTI Advantage."
        }
        Some(PlatformType::Canvas) => {
            "In Canvas: Admin → Apps → Manage → Install a New App → Dynamic Registration. Older \
             releases: Developer Keys → Developer Key → LTI Registration."
        }
        Some(PlatformType::Brightspace) => {
            "In Brightspace: Admin Tools → Manage Extensibility → LTI Advantage → Register Tool → \
             Dynamic."
        }
        _ => "Paste it into the platform, where it asks for the tool's registration URL.",
    };
    format!(
        "{link}\n\n{place}\n\
         The link registers {} at {} once, within {} minutes. Keep it secret until then.\n\
         The page that follows shows the table to paste into the tools file.\n",
        tool.name,
        platform.name,
        REGISTRATION_LIFETIME / 60
    )
}
