//! `GET /dev`: the tools of the practice platform, each with a button that launches it.

use rocket::get;
use serde::Serialize;

use super::consumer::{PracticeConsumer, Unlaunchable};
use super::gate::SendingPage;
use super::login::login_obstacle;
use crate::app::{App, NotReady};
use crate::config::{Target, Tool, Upstream};
use crate::practice::v1p1::Mistake;
use crate::practice::v1p3::TokenMistake;
use crate::practice::{LinkBlock, PERSONS};
use crate::proxy::client::{Presence, UpstreamError};
use crate::web::development::AppFailure;
use crate::web::gateway::Gateway;
use crate::web::guard::Authority;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;
use crate::web::served::ServedTool;

#[derive(Serialize)]
struct PracticeContext<'a> {
    /// Why the newest files are not in use.
    notice: String,
    tools: Vec<PracticeToolContext<'a>>,
    persons: Vec<PersonContext>,
    mistakes: Vec<MistakeContext>,
    token_mistakes: Vec<MistakeContext>,
    /// The number of entries at `/dev/refusals`.
    refusals: usize,
}

#[derive(Serialize)]
struct PracticeToolContext<'a> {
    name: &'a str,
    title: &'a str,
    description: &'a str,
    /// The URL of the app; empty for a template.
    url: String,
    /// Why the practice platform cannot launch it by LTI 1.1; empty if it can.
    obstacle: String,
    /// The same for LTI 1.3.
    login_obstacle: String,
    /// The app, if it does not accept connections.
    app: Option<AppFailure>,
    /// The links that were picked in it.
    links: Vec<PickedLinkContext>,
}

#[derive(Serialize)]
struct PickedLinkContext {
    block: String,
    title: String,
}

impl<'a> PracticeToolContext<'a> {
    fn new(
        served: &'a ServedTool,
        obstacle: Option<Unlaunchable>,
        login_obstacle: String,
        presence: Option<Presence>,
        links: Vec<PickedLinkContext>,
    ) -> Self {
        let tool = &served.tool;
        let upstream = upstream(tool);
        let own_app = upstream.zip(served.app.as_ref());
        Self {
            name: &tool.name,
            title: &tool.title,
            description: &tool.description,
            url: upstream.map(|upstream| upstream.url.to_string()).unwrap_or_default(),
            obstacle: obstacle.map(|obstacle| obstacle.to_string()).unwrap_or_default(),
            login_obstacle,
            app: upstream
                .zip(presence)
                .and_then(|(upstream, presence)| app_failure(upstream, &presence))
                .or_else(|| own_app.and_then(|(upstream, app)| own_app_failure(upstream, app))),
            links,
        }
    }

    fn opens(&self) -> bool {
        (self.obstacle.is_empty() || self.login_obstacle.is_empty()) && self.app.is_none()
    }
}

#[derive(Serialize)]
struct PersonContext {
    id: &'static str,
    title: &'static str,
}

#[derive(Serialize)]
pub(super) struct MistakeContext {
    name: &'static str,
    title: &'static str,
    code: Option<&'static str>,
    /// The code of the rejection if the gateway fetched the keyset within the last minute.
    soon: Option<&'static str>,
}

impl From<TokenMistake> for MistakeContext {
    fn from(mistake: TokenMistake) -> Self {
        let (name, title, code) = (mistake.name(), mistake.title(), mistake.code());
        Self { name, title, code, soon: mistake.code_within_a_minute() }
    }
}

impl From<Mistake> for MistakeContext {
    fn from(mistake: Mistake) -> Self {
        let (name, title, code) = (mistake.name(), mistake.title(), mistake.code());
        Self { name, title, code, soon: None }
    }
}

/// The tools that answer, then the others, both in the order of the file.
#[get("/dev")]
pub(super) async fn practice(
    gateway: &Gateway,
    authority: Authority,
    page: SendingPage,
) -> Result<Html, Refusal> {
    let authority = authority.other();
    let mut tools: Vec<&ServedTool> = gateway.routes.served().collect();
    tools.sort_by_key(|served| served.tool.position);
    let origins: Vec<_> =
        tools.iter().filter_map(|served| Some(&foreign_app(served)?.url.origin)).collect();
    let mut presences = Presence::of_each(&origins).await.into_iter();
    let mut tools: Vec<PracticeToolContext<'_>> = tools
        .into_iter()
        .map(|served| {
            let tool = &served.tool;
            let url = gateway.public_url.launch_url(tool, Some(&authority));
            let obstacle = PracticeConsumer::of(gateway, tool, &url, page.is_forwarded).err();
            let login_obstacle = login_obstacle(gateway, &url, page.is_forwarded);
            let login_obstacle = login_obstacle.map(|why| why.to_string()).unwrap_or_default();
            let presence = foreign_app(served).and_then(|_| presences.next());
            let links = picked_links(gateway, tool);
            PracticeToolContext::new(served, obstacle, login_obstacle, presence, links)
        })
        .collect();
    tools.sort_by_key(|tool| !tool.opens());
    let development = gateway.development.as_ref();
    let context = PracticeContext {
        notice: gateway.notice(),
        tools,
        persons: PERSONS
            .iter()
            .map(|person| PersonContext { id: person.id, title: person.title })
            .collect(),
        mistakes: Mistake::ALL.into_iter().map(MistakeContext::from).collect(),
        token_mistakes: TokenMistake::ALL.into_iter().map(MistakeContext::from).collect(),
        refusals: development.map_or(0, |development| development.refusals.newest().len()),
    };
    page::render("dev.html.tera", &context).map(Html::with_form).ok_or(Refusal::PageFailed)
}

/// The links that were picked in a tool.
fn picked_links(gateway: &Gateway, tool: &Tool) -> Vec<PickedLinkContext> {
    let Some(development) = gateway.development.as_ref() else { return Vec::new() };
    let practice = development.practice();
    let links = practice.links.of(&tool.name).map(|LinkBlock { block, link, .. }| {
        let title = if link.title.is_empty() { &tool.title } else { &link.title };
        PickedLinkContext { block: block.clone(), title: title.clone() }
    });
    links.collect()
}

fn upstream(tool: &Tool) -> Option<&Upstream> {
    match &tool.target {
        Target::Upstream(upstream) => Some(upstream),
        Target::Template(_) | Target::Site(_) => None,
    }
}

/// The upstream of a tool, if the gateway does not start it.
fn foreign_app(served: &ServedTool) -> Option<&Upstream> {
    upstream(&served.tool).filter(|upstream| upstream.command.is_none())
}

/// The app that the gateway starts, after several failures. Until then, a launch waits for it.
fn own_app_failure(upstream: &Upstream, app: &App) -> Option<AppFailure> {
    let NotReady { may_start, fact } = app.status().not_ready()?;
    (!may_start).then(|| AppFailure::unconnected(upstream, &UpstreamError::NotReady(fact)))
}

/// The app, if it does not accept connections. One that is only slow may still be right: the page
/// waits for a much shorter time than a launch.
fn app_failure(upstream: &Upstream, presence: &Presence) -> Option<AppFailure> {
    match presence {
        Presence::Answers => None,
        Presence::Failed(error) => Some(AppFailure::unconnected(upstream, error)),
        Presence::Silent => Some(AppFailure::with_reason(
            upstream,
            "it did not accept a connection within 0.3 seconds".to_owned(),
            "launch the tool, which waits longer, or look at the app's own log",
        )),
    }
}
