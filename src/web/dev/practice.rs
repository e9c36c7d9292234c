//! `GET /dev`: the tools of the practice platform, each with a button that launches it.

use rocket::{State, get};
use serde::Serialize;

use super::consumer::placeholder_key;
use crate::config::{Target, Tool, Upstream};
use crate::practice::PERSONS;
use crate::practice::v1p1::Mistake;
use crate::proxy::client::Presence;
use crate::web::development::AppFailure;
use crate::web::gateway::Gateway;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

#[derive(Serialize)]
struct PracticeContext<'a> {
    tools: Vec<PracticeToolContext<'a>>,
    persons: Vec<PersonContext>,
    mistakes: Vec<MistakeContext>,
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
    /// Why the practice platform cannot launch it; empty if it can.
    obstacle: &'static str,
    /// The app, if it does not accept connections.
    app: Option<AppFailure>,
}

impl<'a> PracticeToolContext<'a> {
    fn new(tool: &'a Tool, presence: Option<Presence>) -> Self {
        let upstream = upstream(tool);
        let obstacle = match placeholder_key(tool) {
            Some(_) => "",
            None => "it has its own secret",
        };
        Self {
            name: &tool.name,
            title: &tool.title,
            description: &tool.description,
            url: upstream.map(|upstream| upstream.url.to_string()).unwrap_or_default(),
            obstacle,
            app: upstream
                .zip(presence)
                .and_then(|(upstream, presence)| app_failure(upstream, &presence)),
        }
    }

    fn opens(&self) -> bool {
        self.obstacle.is_empty() && self.app.is_none()
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
}

impl From<Mistake> for MistakeContext {
    fn from(mistake: Mistake) -> Self {
        Self { name: mistake.name(), title: mistake.title(), code: mistake.code() }
    }
}

/// The tools that answer, then the others, both in the order of the file.
#[get("/dev")]
pub(super) async fn practice(gateway: &State<Gateway>) -> Result<Html, Refusal> {
    let mut tools: Vec<&Tool> = gateway.routes.tools().collect();
    tools.sort_by_key(|tool| tool.position);
    let origins: Vec<_> =
        tools.iter().filter_map(|tool| Some(&upstream(tool)?.url.origin)).collect();
    let mut presences = Presence::of_each(&origins).await.into_iter();
    let mut tools: Vec<PracticeToolContext<'_>> = tools
        .into_iter()
        .map(|tool| {
            let presence = upstream(tool).and_then(|_| presences.next());
            PracticeToolContext::new(tool, presence)
        })
        .collect();
    tools.sort_by_key(|tool| !tool.opens());
    let development = gateway.development.as_ref();
    let context = PracticeContext {
        tools,
        persons: PERSONS
            .iter()
            .map(|person| PersonContext { id: person.id, title: person.title })
            .collect(),
        mistakes: Mistake::ALL.into_iter().map(MistakeContext::from).collect(),
        refusals: development.map_or(0, |development| development.refusals.newest().len()),
    };
    page::render("dev.html.tera", &context).map(Html::with_form).ok_or(Refusal::PageFailed)
}

fn upstream(tool: &Tool) -> Option<&Upstream> {
    match &tool.target {
        Target::Upstream(upstream) => Some(upstream),
        Target::Template(_) => None,
    }
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
