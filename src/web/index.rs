//! `GET /`: the list of tools, with the setup steps of each platform.

use lti::ConsumerKey;
use rocket::get;
use serde::Serialize;

use super::gateway::Gateway;
use super::guard::Authority;
use super::institution::InstitutionContext;
use super::page::{self, Html};
use super::platform_setup::{PlatformSetup, setups};
use super::refusal::Refusal;
use crate::config::{Target, Tool};

#[derive(Serialize)]
struct IndexContext<'a> {
    development: bool,
    institution: InstitutionContext<'a>,
    /// In development, why the newest files are not in use.
    notice: String,
    tools: Vec<IndexToolContext<'a>>,
    /// Whether a tool has a consumer (LTI 1.1), and a platform (LTI 1.3).
    has_consumers: bool,
    has_platforms: bool,
}

#[derive(Serialize)]
struct IndexToolContext<'a> {
    name: &'a str,
    title: &'a str,
    description: &'a str,
    icon: &'a str,
    launch_url: String,
    /// The URL of the cartridge, for platforms that import a tool.
    cartridge: String,
    /// The host of the launch URL: Blackboard's provider domain.
    host: String,
    keys: Vec<&'a str>,
    /// The platforms that launch the tool with LTI 1.3.
    platforms: Vec<PlatformSetup<'a>>,
    /// Whether the tool can be launched with LTI 1.1.
    has_consumers: bool,
    /// edX's passport of each consumer: id, key and secret in one string.
    passports: Vec<String>,
    /// The personal data of the tool's `identity`.
    wants_name: bool,
    wants_email: bool,
    /// Whether the tool may send grades.
    grades: bool,
}

#[get("/")]
pub(super) fn index(gateway: &Gateway, authority: Authority) -> Result<Html, Refusal> {
    let origin = gateway.public_url.origin(authority.as_str());
    let tools = gateway.routes.tools().map(|tool| {
        // Outside development, keys are not public.
        let keys: Vec<&str> = if gateway.development.is_some() && !gateway.is_exposed() {
            tool.senders.consumers.keys().iter().map(ConsumerKey::as_str).collect()
        } else {
            Vec::new()
        };
        let host = tool.host.clone().unwrap_or_else(|| origin.host().to_owned());
        IndexToolContext {
            name: &tool.name,
            title: &tool.title,
            description: &tool.description,
            icon: &tool.icon,
            launch_url: gateway.public_url.launch_url(tool, Some(authority.as_str())),
            cartridge: format!("{origin}/tools/{}/config.xml", tool.name),
            platforms: setups(tool, &gateway.public_url, authority.as_str(), &host),
            has_consumers: !tool.senders.consumers.keys().is_empty(),
            host,
            passports: passports(&tool.name, &keys),
            keys,
            wants_name: tool.identity().name,
            wants_email: tool.identity().email,
            grades: takes_grades(tool),
        }
    });
    let tools: Vec<IndexToolContext<'_>> = tools.collect();
    let context = IndexContext {
        development: gateway.development.is_some(),
        institution: InstitutionContext::of(&gateway.institution),
        notice: gateway.notice(),
        has_consumers: tools.iter().any(|tool| tool.has_consumers),
        has_platforms: tools.iter().any(|tool| !tool.platforms.is_empty()),
        tools,
    };
    page::render("index.html.tera", &context).map(Html::unframed).ok_or(Refusal::PageFailed)
}

/// edX's passports for a tool, with placeholders for the secret and for a key that is not shown.
fn passports(name: &str, keys: &[&str]) -> Vec<String> {
    match keys {
        [] => vec![format!("{name}:KEY:SECRET")],
        keys => keys.iter().map(|key| format!("{name}:{key}:SECRET")).collect(),
    }
}

fn takes_grades(tool: &Tool) -> bool {
    matches!(&tool.target, Target::Upstream(upstream) if upstream.grades.is_on())
}
