//! `GET /dev/gradebook`: the gradebook of the practice platform.

use rocket::get;
use serde::Serialize;

use crate::clock::rfc3339;
use crate::practice::{Exchange, Person};
use crate::web::gateway::Gateway;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

#[derive(Serialize)]
struct GradebookContext {
    grades: Vec<PracticeGradeContext>,
    messages: Vec<MessageContext>,
}

#[derive(Serialize)]
struct PracticeGradeContext {
    person: &'static str,
    tool: String,
    block: String,
    score: String,
    comment: String,
}

#[derive(Serialize)]
struct MessageContext {
    time: String,
    #[serde(flatten)]
    message: Exchange,
}

/// The grades of the practice course, and the requests to its outcome services.
#[get("/dev/gradebook")]
pub(super) fn gradebook(gateway: &Gateway) -> Result<Html, Refusal> {
    let development = gateway.development.as_ref().ok_or(Refusal::NoTool)?;
    let gradebook = development.gradebook();
    let grades = gradebook.grades().map(|(slot, grade)| PracticeGradeContext {
        person: Person::of(slot.person).title,
        tool: slot.tool.clone(),
        block: slot.block.clone(),
        score: grade.score.as_str().to_owned(),
        comment: grade.comment.clone(),
    });
    let messages = gradebook
        .messages()
        .map(|message| MessageContext { time: rfc3339(message.at), message: message.clone() });
    let context = GradebookContext { grades: grades.collect(), messages: messages.collect() };
    drop(gradebook);
    page::render("dev_gradebook.html.tera", &context).map(Html::unframed).ok_or(Refusal::PageFailed)
}
