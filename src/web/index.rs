//! `GET /`: the registered tools, for people.

use rocket::{Request, State, get};
use serde::Serialize;

use super::guard;
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

/// The host that a person typed, to show launch URLs with.
pub(super) struct Authority(String);

impl Authority {
    /// The same port of this machine, by a name that browsers take for another site.
    pub(super) fn other(&self) -> String {
        let port = self.0.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
        let host = if self.0.starts_with("localhost") { "127.0.0.1" } else { "localhost" };
        port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

#[rocket::async_trait]
impl<'r> rocket::request::FromRequest<'r> for Authority {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> rocket::request::Outcome<Self, Self::Error> {
        rocket::request::Outcome::Success(Self(guard::authority(request)))
    }
}

#[get("/")]
pub(super) fn index(gateway: &State<Gateway>, authority: Authority) -> Result<Html, Refusal> {
    let tools = gateway.addresses.tools().map(|tool| ToolContext {
        name: &tool.name,
        title: &tool.title,
        description: &tool.description,
        icon: &tool.icon,
        launch_url: gateway.public_url.launch_url(tool, Some(&authority.0)),
        keys: if gateway.development() { &tool.keys } else { &[] },
    });
    let context = IndexContext { development: gateway.development(), tools: tools.collect() };
    page::render("index.html.tera", &context).map(Html::unframed).ok_or(Refusal::PageFailed)
}
