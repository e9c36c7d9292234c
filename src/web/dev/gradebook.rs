use std::sync::PoisonError;

use rocket::{State, get};
use serde::Serialize;

use crate::clock::instant;
use crate::practice::{Exchange, Person};
use crate::web::Gateway;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

#[derive(Serialize)]
struct GradebookContext {
    grades: Vec<GradeContext>,
    messages: Vec<MessageContext>,
}

#[derive(Serialize)]
struct GradeContext {
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

/// The gradebook of the practice course, and the messages that it got.
#[get("/dev/gradebook")]
pub(super) fn gradebook(gateway: &State<Gateway>) -> Result<Html, Refusal> {
    let gradebook = gateway.gradebook.lock().unwrap_or_else(PoisonError::into_inner);
    let grades = gradebook.grades().map(|(slot, grade)| GradeContext {
        person: Person::of(slot.person).title,
        tool: slot.tool.clone(),
        block: slot.block.clone(),
        score: grade.score.as_str().to_owned(),
        comment: grade.comment.clone(),
    });
    let messages = gradebook
        .messages()
        .map(|message| MessageContext { time: instant(message.at), message: message.clone() });
    let context = GradebookContext { grades: grades.collect(), messages: messages.collect() };
    drop(gradebook);
    page::render("dev_gradebook.html.tera", &context).map(Html::unframed).ok_or(Refusal::PageFailed)
}
