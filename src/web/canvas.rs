//! `GET /tools/<tool>/config.json`: a tool as Canvas imports it for an LTI 1.3 developer key. It
//! contains no secret.

use rocket::get;
use rocket::http::{ContentType, Header, Status};
use rocket::response::{self, Responder};
use rocket::{Request, Response};

use super::gateway::Gateway;
use super::guard::Authority;
use super::refusal::Refusal;
use crate::config::{Platform, PlatformType, Tool};

/// The JSON of a tool.
pub(super) struct CanvasConfiguration(String);

#[get("/tools/<name>/config.json?<platform>")]
pub(super) fn configuration(
    name: &str,
    platform: Option<&str>,
    gateway: &Gateway,
    authority: Authority,
) -> Result<CanvasConfiguration, Refusal> {
    let tool = gateway.routes.tools().find(|tool| tool.name == name).ok_or(Refusal::NoTool)?;
    let platform = canvas_platform(tool, platform).ok_or(Refusal::NoTool)?;
    let authority = Some(authority.as_str());
    let description = tool.description(platform, &gateway.public_url, authority);
    Ok(CanvasConfiguration(description.canvas_configuration()))
}

/// The Canvas of this name, if the tool names it. Without a name, the tool's only Canvas.
fn canvas_platform<'t>(tool: &'t Tool, name: Option<&str>) -> Option<&'t Platform> {
    let mut of_tool = tool.senders.platforms.iter().filter(|platform| match name {
        Some(name) => platform.name.as_str() == name,
        None => true,
    });
    let is_canvas =
        |platform: &&std::sync::Arc<Platform>| platform.kind == Some(PlatformType::Canvas);
    let mut found = of_tool.by_ref().filter(is_canvas);
    let platform = found.next();
    match found.next() {
        Some(_) => None,
        None => platform.map(AsRef::as_ref),
    }
}

impl<'r> Responder<'r, 'static> for CanvasConfiguration {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Ok(Response::build()
            .status(Status::Ok)
            .header(ContentType::JSON)
            .header(Header::new("Cache-Control", "no-store"))
            .sized_body(self.0.len(), std::io::Cursor::new(self.0))
            .finalize())
    }
}
