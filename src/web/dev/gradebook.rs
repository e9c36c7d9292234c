//! `GET /dev/gradebook`: the gradebook of the practice platform.

use std::collections::BTreeSet;

use rocket::get;
use serde::Serialize;

use super::refusals::time_of_day;
use crate::clock::rfc3339;
use crate::practice::{CourseGrade, Exchange, Gradebook, GradebookSlot, PERSONS, Person};
use crate::web::gateway::Gateway;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

#[derive(Serialize)]
struct GradebookContext {
    /// The units that have a grade.
    units: Vec<UnitContext>,
    /// The users that have a grade.
    persons: Vec<GradedPersonContext>,
    newest: Option<NewestGradeContext>,
    messages: Vec<MessageContext>,
}

#[derive(Serialize)]
struct UnitContext {
    tool: String,
    block: String,
}

#[derive(Serialize)]
struct GradedPersonContext {
    title: String,
    /// A grade or none for each unit, in the same order.
    grades: Vec<Option<PracticeGradeContext>>,
}

#[derive(Serialize)]
struct PracticeGradeContext {
    /// Empty if the work is not graded yet.
    score: String,
    progress: String,
    comment: String,
    time: String,
    clock: String,
}

#[derive(Serialize)]
struct NewestGradeContext {
    person: String,
    tool: String,
    block: String,
    score: String,
}

#[derive(Serialize)]
struct MessageContext {
    time: String,
    clock: String,
    #[serde(flatten)]
    message: Exchange,
}

impl From<&CourseGrade> for PracticeGradeContext {
    fn from(grade: &CourseGrade) -> Self {
        let time = rfc3339(grade.at);
        Self {
            score: shown(grade),
            progress: grade.progress.clone(),
            comment: grade.comment.clone(),
            clock: time_of_day(&time).to_owned(),
            time,
        }
    }
}

impl From<&Exchange> for MessageContext {
    fn from(message: &Exchange) -> Self {
        let time = rfc3339(message.at);
        Self { clock: time_of_day(&time).to_owned(), time, message: message.clone() }
    }
}

/// The score of a grade; empty if it is not graded yet.
fn shown(grade: &CourseGrade) -> String {
    grade.score.as_ref().map(|score| score.as_str().to_owned()).unwrap_or_default()
}

impl GradebookContext {
    /// `title` returns the title of a tool.
    fn new(gradebook: &Gradebook, title: impl Fn(&str) -> String) -> Self {
        let slots = gradebook.grades().map(|(slot, _)| (slot.tool.as_str(), slot.block.as_str()));
        let units: BTreeSet<(&str, &str)> = slots.collect();
        let label = |tool: &str, block: &str| {
            let item = gradebook.line_items.of(tool).find(|item| item.id == block);
            item.map_or(block, |item| &item.label).to_owned()
        };
        let grade = |person: &str, (tool, block): &(&str, &str)| {
            let (tool, block) = ((*tool).to_owned(), (*block).to_owned());
            let person = person.to_owned();
            gradebook.grade(&GradebookSlot { tool, block, person }).map(Into::into)
        };
        let graded: BTreeSet<&str> =
            gradebook.grades().map(|(slot, _)| slot.person.as_str()).collect();
        let visitors = graded.into_iter().filter(|id| Person::known(id).is_none());
        let own = PERSONS.iter().map(|person| (person.id, person.title));
        let persons = own.chain(visitors.map(|id| (id, id))).map(|(id, title)| {
            let grades = units.iter().map(|unit| grade(id, unit)).collect();
            GradedPersonContext { title: title.to_owned(), grades }
        });
        let newest = gradebook.grades().next().map(|(slot, grade)| NewestGradeContext {
            person: Person::known(&slot.person).map_or(&*slot.person, |known| known.title).into(),
            tool: title(&slot.tool),
            block: label(&slot.tool, &slot.block),
            score: shown(grade),
        });
        Self {
            persons: persons.filter(|person| person.grades.iter().any(Option::is_some)).collect(),
            units: units
                .iter()
                .map(|(tool, block)| UnitContext { tool: title(tool), block: label(tool, block) })
                .collect(),
            newest,
            messages: gradebook.messages().map(MessageContext::from).collect(),
        }
    }
}

/// The grades of the practice course, and the requests to its services.
#[get("/dev/gradebook")]
pub(super) fn gradebook(gateway: &Gateway) -> Result<Html, Refusal> {
    let development = gateway.development.as_ref().ok_or(Refusal::NoTool)?;
    let title = |name: &str| {
        let tool = gateway.routes.tools().find(|tool| tool.name == name);
        tool.map_or(name, |tool| &tool.title).to_owned()
    };
    let context = GradebookContext::new(&development.practice().gradebook, title);
    page::render("dev_gradebook.html.tera", &context).map(Html::unframed).ok_or(Refusal::PageFailed)
}
