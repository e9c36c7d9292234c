//! `GET /`: the registered tools, for people.

use rocket::{State, get};
use serde::Serialize;

use super::authority::Authority;
use super::page::{self, Html};
use super::{Gateway, refusal::Refusal};

#[derive(Serialize)]
struct IndexContext<'a> {
    development: bool,
    tools: Vec<ToolContext<'a>>,
}

#[derive(Serialize)]
struct ToolContext<'a> {
    name: &'a str,
    title: &'a str,
    description: &'a str,
    icon: &'a str,
    launch_url: String,
    keys: &'a [String],
}

#[get("/")]
pub(super) fn index(gateway: &State<Gateway>, authority: Authority) -> Result<Html, Refusal> {
    let tools = gateway.addresses.tools().map(|tool| ToolContext {
        name: &tool.name,
        title: &tool.title,
        description: &tool.description,
        icon: &tool.icon,
        launch_url: gateway.public_url.launch_url(tool, Some(authority.as_str())),
        keys: if gateway.development() { &tool.keys } else { &[] },
    });
    let context = IndexContext { development: gateway.development(), tools: tools.collect() };
    page::render("index.html.tera", &context).map(Html::unframed).ok_or(Refusal::PageFailed)
}
