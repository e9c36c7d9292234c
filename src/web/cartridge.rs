//! `GET /tools/<tool>/config.xml`: a tool as a link of a Common Cartridge (IMS Common Cartridge
//! 1.1, "Basic LTI links"). Canvas, Moodle and others import it. It contains neither key nor
//! secret: an admin enters them in the platform.

use rocket::http::{ContentType, Status};
use rocket::response::{self, Responder};
use rocket::{Request, get};
use serde::Serialize;

use super::gateway::Gateway;
use super::guard::Authority;
use super::page;
use super::refusal::Refusal;
use crate::config::Identity;

/// The XML of the link.
pub(super) struct Cartridge(String);

#[derive(Serialize)]
struct CartridgeContext<'a> {
    name: &'a str,
    title: String,
    description: String,
    launch_url: &'a str,
    icon: &'a str,
    /// Whether the URLs are `https`. The cartridge then repeats them as secure URLs.
    launch_is_secure: bool,
    icon_is_secure: bool,
    host: &'a str,
    privacy: &'static str,
    vendor: &'a str,
}

#[get("/tools/<name>/config.xml")]
pub(super) fn cartridge(
    name: &str,
    gateway: &Gateway,
    authority: Authority,
) -> Result<Cartridge, Refusal> {
    let tool = gateway.routes.tools().find(|tool| tool.name == name).ok_or(Refusal::NoTool)?;
    let launch_url = gateway.public_url.launch_url(tool, Some(authority.as_str()));
    let origin = gateway.public_url.origin(authority.as_str());
    // Only the public URL serves `static/`. An upstream's own host does not.
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

/// Canvas's privacy level for the personal data of the tool's `identity`.
fn privacy(identity: Identity) -> &'static str {
    match identity {
        Identity { name: true, email: true } => "public",
        Identity { name: true, email: false } => "name_only",
        Identity { name: false, email: true } => "email_only",
        Identity { name: false, email: false } => "anonymous",
    }
}

/// The string without the characters that XML 1.0 (§2.2) does not allow, not even escaped.
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
