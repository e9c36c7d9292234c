//! `POST /dev/platform/links`: the answer to a request for links. The page shows it, and the course
//! has the links afterwards.

use lti::oauth1::{Params, Source};
use rocket::{Data, Route, post};
use serde::Serialize;

use super::consumer::PracticeConsumer;
use super::services::own_keyset;
use crate::practice::v1p1::{ContentItemResponse, SelectingConsumer};
use crate::practice::v1p3::DeepLinkResponse;
use crate::practice::{CourseLink, PracticeState, SelectionAnswer, SelectionFault};
use crate::web::body::{self, Arrival};
use crate::web::gateway::Gateway;
use crate::web::guard::Authority;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

/// The largest answer, in bytes.
const LARGEST_BODY: u64 = 256 * 1024;

/// The routes. They ask for no token: an answer is signed, and contains the `data` of a request
/// that only `/dev/launch` makes.
pub(super) fn routes() -> Vec<Route> {
    rocket::routes![links]
}

#[derive(Serialize)]
struct AnswerContext {
    /// Why the platform does not accept the answer; empty if it does.
    fault: String,
    version: &'static str,
    tool: String,
    title: String,
    links: Vec<AddedLinkContext>,
    /// Everything that the tool sent, as JSON.
    sent: String,
}

#[derive(Serialize)]
struct AddedLinkContext {
    /// The block of the course; empty if the course does not have the link.
    block: String,
    /// Why the course does not have it.
    fault: String,
    title: String,
    text: String,
    place: String,
    custom: Vec<(String, String)>,
    points: String,
}

impl AddedLinkContext {
    fn refused(fault: String) -> Self {
        Self {
            fault,
            block: String::new(),
            title: String::new(),
            text: String::new(),
            place: String::new(),
            custom: Vec::new(),
            points: String::new(),
        }
    }

    fn added(link: CourseLink, block: String) -> Self {
        let points = link.line_item.map(|item| item.maximum.to_string()).unwrap_or_default();
        let CourseLink { title, text, place, custom, .. } = link;
        Self { block, fault: String::new(), title, text, place, custom, points }
    }
}

/// Verifies an answer, adds its links to the course, and shows both.
#[post("/dev/platform/links", data = "<data>")]
async fn links(
    gateway: &Gateway,
    authority: Authority,
    arrival: Arrival,
    data: Data<'_>,
) -> Result<Html, Refusal> {
    let body = body::read(arrival, data, LARGEST_BODY).await?;
    let keyset = own_keyset(gateway).await?;
    let development = gateway.development.as_ref().ok_or(Refusal::NoTool)?;
    let now = gateway.clock.now();
    let context = {
        let mut practice = development.practice();
        let PracticeState { selections, tokens, .. } = &mut *practice;
        let answer = match token(&body) {
            Some(token) => {
                DeepLinkResponse { token: &token, keyset: &keyset, now }.accept(selections, tokens)
            }
            None => ContentItemResponse { body: &body, now }
                .accept(selections, |tool| consumer(gateway, tool, &authority)),
        };
        context(answer, gateway, &mut practice)
    };
    let page = page::render("dev_links.html.tera", &context);
    page.map(Html::unframed).ok_or(Refusal::PageFailed)
}

/// The field `JWT` of an answer by LTI 1.3.
fn token(body: &[u8]) -> Option<String> {
    let params = Params::default().read_form(Source::Body, body).ok()?;
    let token = params.iter().find(|param| param.name == "JWT")?;
    Some(token.value.to_owned())
}

/// The consumer of a tool that signs its answers by LTI 1.1.
fn consumer<'g>(
    gateway: &'g Gateway,
    tool: &str,
    authority: &Authority,
) -> Option<SelectingConsumer<'g>> {
    let tool = gateway.routes.tools().find(|known| known.name == tool)?;
    let url = gateway.public_url.launch_url(tool, Some(&authority.other()));
    let consumer = PracticeConsumer::of(gateway, tool, &url, false).ok()?;
    Some(SelectingConsumer { key: consumer.key, signing_key: consumer.signing_key })
}

fn context(
    answer: Result<SelectionAnswer, SelectionFault>,
    gateway: &Gateway,
    practice: &mut PracticeState,
) -> AnswerContext {
    let SelectionAnswer { selection, version, links, sent } = match answer {
        Ok(answer) => answer,
        Err(SelectionFault(fault)) => {
            return AnswerContext {
                fault,
                version: "",
                tool: String::new(),
                title: String::new(),
                links: Vec::new(),
                sent: String::new(),
            };
        }
    };
    let links = links.into_iter().map(|link| match link {
        Ok(link) => {
            let block = practice.links.add(&selection.tool, link.clone());
            AddedLinkContext::added(link, block)
        }
        Err(fault) => AddedLinkContext::refused(fault),
    });
    let links = links.collect();
    let title = gateway.routes.tools().find(|tool| tool.name == selection.tool);
    AnswerContext {
        fault: String::new(),
        version,
        title: title.map(|tool| tool.title.clone()).unwrap_or_default(),
        tool: selection.tool,
        links,
        sent: serde_json::to_string_pretty(&sent).unwrap_or_default(),
    }
}
