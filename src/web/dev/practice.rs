//! `GET /dev`: the form of the practice platform.

use rocket::get;
use serde::Serialize;

use super::consumer::PracticeConsumer;
use super::gate::SendingPage;
use crate::practice::PERSONS;
use crate::practice::v1p1::Mistake;
use crate::web::gateway::Gateway;
use crate::web::guard::Authority;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

#[derive(Serialize)]
struct PracticeContext<'a> {
    /// Why the newest files are not in use.
    notice: String,
    tools: Vec<Choice<'a>>,
    persons: Vec<Choice<'a>>,
    mistakes: Vec<MistakeContext>,
}

#[derive(Serialize)]
struct Choice<'a> {
    name: &'a str,
    title: &'a str,
    usable: bool,
    /// Why it is not usable.
    reason: Option<String>,
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

/// The form that selects a tool, a user and a mistake.
#[get("/dev")]
pub(super) fn practice(
    gateway: &Gateway,
    authority: Authority,
    page: SendingPage,
) -> Result<Html, Refusal> {
    let authority = authority.other();
    let context = PracticeContext {
        notice: gateway.notice(),
        tools: gateway
            .routes
            .tools()
            .map(|tool| {
                let url = gateway.public_url.launch_url(tool, Some(&authority));
                let reason = PracticeConsumer::of(gateway, tool, &url, page.is_forwarded).err();
                Choice {
                    name: &tool.name,
                    title: &tool.title,
                    usable: reason.is_none(),
                    reason: reason.map(|reason| reason.to_string()),
                }
            })
            .collect(),
        persons: PERSONS
            .iter()
            .map(|person| Choice {
                name: person.id,
                title: person.title,
                usable: true,
                reason: None,
            })
            .collect(),
        mistakes: Mistake::ALL.into_iter().map(MistakeContext::from).collect(),
    };
    page::render("dev.html.tera", &context).map(Html::with_form).ok_or(Refusal::PageFailed)
}
