//! `/dev`: a platform to practise with, and the newest refusals. Only in development is any of it there.

mod gradebook;
mod launch;
mod platform;
mod refusals;

use std::sync::Arc;

use lti::oauth1::{SignatureMethod, SigningKey};
use lti::{ConsumerKey, Secret};
use rocket::fairing::AdHoc;
use rocket::{Config, Route, State, get, routes};
use serde::Serialize;

use super::Gateway;
use super::page::{self, Html};
use super::refusal::Refusal;
use crate::config::{STAND_IN_SECRET, Tool};
use crate::grade::Grades;
use crate::platform::OwnPlatform;
use crate::practice::{HOST, Mistake, PATH, PERSONS};

pub(super) use refusals::{Refusals, Refused};

pub(super) use platform::routes as platform_routes;

/// The routes of its pages.
pub(super) fn routes() -> Vec<Route> {
    routes![practice, launch::launch, gradebook::gradebook, refusals::refusals]
}

/// Lets grades reach the practice platform, wherever this process listens.
pub(super) fn practise(grades: Arc<Grades>) -> AdHoc {
    AdHoc::on_liftoff("practise", move |rocket| {
        let Config { address, port, .. } = *rocket.config();
        grades.practise(OwnPlatform { host: HOST, path: PATH, address: (address, port).into() });
        Box::pin(async {})
    })
}

#[derive(Serialize)]
struct PracticeContext<'a> {
    tools: Vec<Choice<'a>>,
    persons: Vec<Choice<'a>>,
    mistakes: Vec<MistakeContext>,
}

#[derive(Serialize)]
struct Choice<'a> {
    name: &'a str,
    title: &'a str,
    usable: bool,
}

#[derive(Serialize)]
struct MistakeContext {
    name: &'static str,
    title: &'static str,
    code: Option<&'static str>,
}

impl From<Mistake> for MistakeContext {
    fn from(mistake: Mistake) -> Self {
        Self { name: mistake.name(), title: mistake.title(), code: mistake.code() }
    }
}

/// Chooses what is launched, and by whom.
#[get("/dev")]
fn practice(gateway: &State<Gateway>) -> Result<Html, Refusal> {
    let context = PracticeContext {
        tools: gateway
            .addresses
            .tools()
            .map(|tool| Choice {
                name: &tool.name,
                title: &tool.title,
                usable: key_with_stand_in(tool).is_some(),
            })
            .collect(),
        persons: PERSONS
            .iter()
            .map(|person| Choice { name: person.id, title: person.title, usable: true })
            .collect(),
        mistakes: Mistake::ALL.into_iter().map(MistakeContext::from).collect(),
    };
    page::render("dev.html.tera", &context).map(Html::asking).ok_or(Refusal::PageFailed)
}

/// The key of a consumer whose secret is development's stand-in, which everybody knows: whoever opens this page must not be able
/// to sign with any other.
fn key_with_stand_in(tool: &Tool) -> Option<&str> {
    const PROBE: &str = "POST&practice";
    let stand_in =
        SigningKey::new(&Secret::new(STAND_IN_SECRET)).sign(SignatureMethod::HmacSha1, PROBE);
    let is_stand_in = |key: &SigningKey| key.sign(SignatureMethod::HmacSha1, PROBE) == stand_in;
    let consumers = &tool.senders.consumers;
    consumers
        .keys()
        .iter()
        .find(|key| consumers.signing_keys(key).is_some_and(|keys| keys.iter().any(is_stand_in)))
        .map(ConsumerKey::as_str)
}
