//! `GET /tools/<tool>/config.xml`: a tool as a link of a Common Cartridge (IMS Common Cartridge 1.1, "Basic LTI links"),
//! which Canvas, Moodle and others import. Neither a key nor a secret stands in it: people enter them in the platform.

use rocket::http::{ContentType, Status};
use rocket::response::{self, Responder};
use rocket::{Request, State, get};
use serde::Serialize;

use super::gateway::Gateway;
use super::guard::Authority;
use super::page;
use super::refusal::Refusal;
use crate::config::Identity;

/// The link, as XML.
pub(super) struct Cartridge(String);

#[derive(Serialize)]
struct CartridgeContext<'a> {
    name: &'a str,
    title: String,
    description: String,
    launch_url: &'a str,
    icon: &'a str,
    /// Whether the addresses are `https`, which the link says twice.
    launch_is_secure: bool,
    icon_is_secure: bool,
    host: &'a str,
    privacy: &'static str,
    vendor: &'a str,
}

#[get("/tools/<name>/config.xml")]
pub(super) fn cartridge(
    name: &str,
    gateway: &State<Gateway>,
    authority: Authority,
) -> Result<Cartridge, Refusal> {
    let tool = gateway.routes.tools().find(|tool| tool.name == name).ok_or(Refusal::NoTool)?;
    let launch_url = gateway.public_url.launch_url(tool, Some(authority.as_str()));
    let origin = gateway.public_url.origin(authority.as_str());
    // The files of `static/` are the public URL's: an upstream's own host has none.
    let icon = if tool.icon.starts_with('/') {
        format!("{origin}{}", tool.icon)
    } else {
        tool.icon.clone()
    };
    let icon = characters(&icon);
    let context = CartridgeContext {
        name: &tool.name,
        title: characters(&tool.title),
        description: characters(&tool.description),
        launch_is_secure: launch_url.starts_with("https:"),
        icon_is_secure: icon.starts_with("https:"),
        launch_url: &launch_url,
        icon: &icon,
        host: tool.host.as_deref().unwrap_or_default(),
        privacy: privacy(tool.identity()),
        vendor: &origin.authority,
    };
    let link = page::render("cartridge.xml.tera", &context).ok_or(Refusal::PageFailed)?;
    Ok(Cartridge(link.text))
}

/// Canvas's word for what the tool is to learn of a person.
fn privacy(identity: Identity) -> &'static str {
    match identity {
        Identity { name: true, email: true } => "public",
        Identity { name: true, email: false } => "name_only",
        Identity { name: false, email: true } => "email_only",
        Identity { name: false, email: false } => "anonymous",
    }
}

/// Text without what XML 1.0 (§2.2) has no way to write, escaped or not.
fn characters(text: &str) -> String {
    let allowed = |letter: &char| match letter {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        letter => *letter >= ' ',
    };
    text.chars().filter(allowed).collect()
}

impl<'r> Responder<'r, 'static> for Cartridge {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let policy = "default-src 'none'; frame-ancestors 'none'";
        let mut response = page::respond(Status::Ok, self.0, policy.to_owned());
        response.set_header(ContentType::new("application", "xml"));
        Ok(response)
    }
}
